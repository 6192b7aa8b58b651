/**
 * What a stored message says about itself. Another part reads RFC 5424 and hands
 * `verify` an `Identify`.
 */
import type { MessageName, Run } from '../model/entry.js';

/** Numbers that a run's messages carried and that no message will carry again. */
export interface LostNumbers {
  readonly run: Run;
  readonly first: number;
  /** `undefined`: up to that run's last, whichever it was. */
  readonly last: number | undefined;
}

/** One of the agent's own messages. */
export interface OwnMessage {
  /** `start`, `stop`, `heartbeat`, `gap`, `dropped` … */
  readonly kind: string;
  /** Its TIMESTAMP, milliseconds since 1970. */
  readonly timeMs: number | undefined;
  readonly lost: readonly LostNumbers[];
  /** What a loss tells of itself: reason, file, from, to … */
  readonly facts: Readonly<Record<string, string>>;
}

export type Identified =
  | {
      readonly name: 'ours';
      readonly message: MessageName;
      /** In a run's first message: the last message of the run before it. */
      readonly follows: MessageName | undefined;
      readonly own: OwnMessage | undefined;
    }
  /** Well formed, of somebody else. */
  | { readonly name: 'foreign' }
  /** No RFC 5424; `claims` when it looks like one of ours that was cut or changed. */
  | { readonly name: 'unreadable'; readonly reason: string; readonly claims: MessageName | undefined };

export type Identify = (message: Buffer) => Identified;
