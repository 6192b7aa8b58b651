/** One day of one site's table: what database, files and agent hold of it, and whether that is the same. */
import { agrees, type DayBalance } from '../../export/compare/reconcile.js';
import type { DayCounts } from './forwarded-days.js';

export type Entry = DayBalance & {
  readonly site: string;
  readonly table: string;
  /** Undefined where it was not asked. */
  readonly agent: DayCounts | undefined;
};

/** The same rows at each station; those that the configuration leaves out need no acknowledgement. */
export function entryAgrees(entry: Entry): boolean {
  const { agent, exported } = entry;
  if (!agrees(entry)) return false;
  if (agent === undefined) return true;
  return agent.read === exported && agent.acknowledged + agent.filtered === exported && agent.altered === 0;
}
