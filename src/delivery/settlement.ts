/**
 * The end of an epoch: was it acknowledged? Their answer to our close_notify
 * and a sign of life afterwards must both be there; what they teach of the
 * collector is kept.
 */
import type { Clock } from '../lib/clock.js';
import type { Ending, Level } from '../link/acknowledge.js';
import type { Closing, Link } from '../link/link.js';
import type { Target } from '../link/peer.js';
import { LinkError } from '../link/refusal.js';
import type { Report } from '../model/report.js';
import { type CollectorMemories, learn } from './collector-memory.js';

export interface SettlementDependencies {
  readonly memories: CollectorMemories;
  readonly clock: Clock;
  readonly report: Report;
  /** `delivery.acknowledge`; `undefined`: learnt. */
  readonly fixedLevel: Level | undefined;
  readonly times: { readonly signOfLifeMs: number };
}

export interface Parting {
  readonly target: Target;
  readonly closing: Closing;
  /** The link that follows. */
  readonly next: Link;
  /** It could be opened only after the close. */
  readonly closedFirst: boolean;
}

/** How well the epoch is proven to have been read; throws LinkError when it is not. */
export async function settle(parting: Parting, dependencies: SettlementDependencies): Promise<Level> {
  const { target, closing, next, closedFirst } = parting;
  const { memories, clock, report, fixedLevel, times } = dependencies;
  const [ending] = await Promise.all([closing.verdict, clock.sleep(times.signOfLifeMs)]);
  if (!(await next.isUp())) throw LinkError.unacknowledged(target, 'the connection that followed did not last');

  const before = memories.of(target.host, target.port);
  const { acknowledged, memory } = learn(before, ending, fixedLevel);
  const oneAtATime = before.oneAtATime || (acknowledged && closedFirst);
  await memories.keep(target.host, target.port, { ...memory, oneAtATime });
  if (before.level !== undefined && memory.level !== before.level) {
    report.warning('The collector acknowledges in another way than before', {
      collector: `${target.host}:${target.port}`,
      before: before.level,
      now: memory.level,
    });
  }
  if (ending.proves === undefined) throw disproof(ending, target);
  if (acknowledged) return ending.proves;
  throw LinkError.unacknowledged(target, tooLittle(ending.proves, fixedLevel, before.level));
}

/** In words what it did, and why that is not enough. */
function tooLittle(proves: Level, fixed: Level | undefined, known: Level | undefined): string {
  const did = proves === 'window' ? 'it did not answer our close_notify' : 'it closed without close_notify';
  if (fixed !== undefined) return `${did}, and delivery.acknowledge demands ${fixed}`;
  if (known !== undefined) return `${did}, though it has acknowledged by ${known} before`;
  return `${did}; that is believed when it has gone on so for three epochs`;
}

/** Why an ending proves nothing. */
export function disproof({ doubt, error }: Ending, target: Target): LinkError {
  return error === undefined ? LinkError.unacknowledged(target, doubt) : LinkError.from(error, target);
}
