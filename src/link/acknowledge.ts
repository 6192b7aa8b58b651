/**
 * Judges whether the end of a link acknowledges its epoch. RFC 5425 has no
 * acknowledgement, but its section 4.4 makes the receiver of a close_notify answer
 * with its own, and that answer can only come from a process that has read
 * everything that was sent before. Pure.
 */
import type { KernelSocketReading } from '../lib/kernel-socket.js';

/** Ordered: a higher level is the stronger proof that the collector's process has read the epoch. */
export const LEVELS = ['window', 'fin', 'close-notify'] as const;
export type Level = (typeof LEVELS)[number];

export interface Observation {
  /**
   * What followed our close_notify: theirs, only their FIN, a close_notify that came before ours had left,
   * nothing, or the end of the connection by an error.
   */
  readonly answer: 'close-notify' | 'fin' | 'unasked' | 'none' | 'broken';
  readonly finSeen: boolean;
  /** The collector waited for our FIN, so that the kernel holds no CLOSE_WAIT socket to look at. */
  readonly ourFinFirst: boolean;
  /** The kernel's view a moment after their FIN; a socket that is gone was reset. */
  readonly kernel: KernelSocketReading;
  readonly error: Error | undefined;
}

export interface Ending extends Observation {
  /** What this ending would prove, or `undefined` when it proves nothing. */
  readonly proves: Level | undefined;
  /** Why it proves nothing, for the log; empty when it does. */
  readonly doubt: string;
}

export function judge(observation: Observation): Ending {
  const doubt = doubtOf(observation);
  if (doubt !== '') return { ...observation, proves: undefined, doubt };
  const { answer, kernel } = observation;
  if (answer === 'none') return { ...observation, proves: 'window', doubt: '' };
  const proves = answer === 'close-notify' && kernel !== 'unreadable' ? 'close-notify' : 'fin';
  return { ...observation, proves, doubt: '' };
}

function doubtOf({ answer, finSeen, ourFinFirst, kernel, error }: Observation): string {
  if (answer === 'broken' || error !== undefined) return 'the connection broke before it was closed';
  if (answer === 'unasked') return 'the collector closed the connection without being asked';
  if (answer === 'none') return doubtOfSilence(kernel);
  if (!finSeen) return 'the collector answered our close_notify and then kept the connection open';
  if (ourFinFirst || kernel === 'unreadable') return '';
  if (kernel === 'gone') return 'the collector reset the connection after it had closed it';
  if (kernel.unconfirmedBytes > 0) return 'data that we sent was still unconfirmed';
  return kernel.state === 'close-wait' ? '' : 'the connection was not in CLOSE_WAIT after their FIN';
}

function doubtOfSilence(kernel: KernelSocketReading): string {
  if (kernel === 'unreadable') return 'no answer, and the kernel does not show its send queue';
  if (kernel === 'gone') return 'the connection vanished without an answer';
  if (kernel.unconfirmedBytes > 0) return 'no answer, and data that we sent was still unconfirmed';
  return '';
}
