/**
 * Prints the balance as a table, one line a day, with the ids of rows that differ below it:
 *
 *     site     table  day         generation       database  exported   read  acknowledged  filtered  unparsed  altered
 *     default  log    2026-11-20  20261120T080000     5,000     4,999  4,999         4,999         0         0        0
 *       not in the files: 1 (id 17)
 *
 * `-` is unknown: a generation that is no longer in the database, or an agent that was not asked.
 */

import { agrees, type DayBalance } from '../../export/compare/reconcile.js';
import { countText } from '../voice.js';
import type { DayCounts } from './forwarded-days.js';

/** Ids named of each kind of difference; `--json` names them all. */
const NAMED = 10;
/** The columns from here on are numbers. */
const NUMBERS = 4;

const HEADING = ['site', 'table', 'day', 'generation', 'database', 'exported'];
const OF_AGENT = ['read', 'acknowledged', 'filtered', 'unparsed', 'altered'];

export function balanceText(entries: readonly Entry[]): string {
  if (entries.length === 0) return '';
  const rows = [[...HEADING, ...OF_AGENT], ...entries.map(cellsOf)];
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  const line = (row: readonly string[]) =>
    row.map((cell, at) => (at < NUMBERS ? cell.padEnd(widths[at]!) : cell.padStart(widths[at]!))).join('  ');
  const [heading, ...days] = rows.map(line);
  return [heading, ...days.flatMap((day, index) => [day, ...differences(entries[index]!)]), ''].join('\n');
}

function cellsOf({ site, table, day, generation, database, exported, agent }: Entry): string[] {
  const { read, acknowledged, filtered, unparsed, altered } = agent ?? {};
  const numbers = [database, exported, read, acknowledged, filtered, unparsed, altered];
  return [
    site,
    table,
    day || 'no date',
    generation,
    ...numbers.map((each) => (each === undefined ? '-' : countText(each))),
  ];
}

function differences({ missing, gone, edited, repeated }: Entry): string[] {
  return Object.entries({
    'not in the files': missing,
    'no longer in the database': gone,
    'edited in the database': edited,
    'more than once in the files': repeated,
  })
    .filter(([, ids]) => ids.length > 0)
    .map(([words, ids]) => {
      const named = ids.slice(0, NAMED).join(', ');
      return `  ${words}: ${countText(ids.length)} (id ${named}${ids.length > NAMED ? ', …' : ''})`;
    });
}

/* One day of one site's table: what database, files and agent hold of it, and whether that is the same. */

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
