/**
 * What is known of a collector's way to acknowledge, learnt from how its links
 * end. A learnt level is not weakened by crashes: only several epochs in a row
 * that met every other condition do that, so that the same bytes are never
 * sent for ever to a collector that answers less than it used to.
 * Pure: a memory and an ending give a memory and an answer.
 */
import { type Ending, LEVELS, type Level } from './acknowledge.js';

export interface CollectorMemory {
  /** `undefined`: not learnt yet. */
  readonly level: Level | undefined;
  /** How many endings in a row have proved only this weaker level. */
  readonly weaker: { readonly level: Level; readonly count: number } | undefined;
  /** It serves one connection at a time: close first, connect after. */
  readonly oneAtATime: boolean;
}

export const UNKNOWN_COLLECTOR: CollectorMemory = { level: undefined, weaker: undefined, oneAtATime: false };

/** As many epochs of the same weaker answer make it the collector's level. */
const WEAKER_IN_A_ROW = 3;

export interface Lesson {
  readonly acknowledged: boolean;
  readonly memory: CollectorMemory;
}

/** `fixed` is the level that the operator demands, if any: then nothing is learnt. */
export function learn(memory: CollectorMemory, ending: Ending, fixed: Level | undefined): Lesson {
  const { proves } = ending;
  if (proves === undefined) return { acknowledged: false, memory };
  if (fixed !== undefined) return { acknowledged: rank(proves) >= rank(fixed), memory };

  const needed = memory.level ?? 'fin';
  if (rank(proves) >= rank(needed)) {
    return { acknowledged: true, memory: { ...memory, level: proves, weaker: undefined } };
  }
  const count = memory.weaker?.level === proves ? memory.weaker.count + 1 : 1;
  if (count < WEAKER_IN_A_ROW) return { acknowledged: false, memory: { ...memory, weaker: { level: proves, count } } };
  return { acknowledged: true, memory: { ...memory, level: proves, weaker: undefined } };
}

function rank(level: Level): number {
  return LEVELS.indexOf(level);
}
