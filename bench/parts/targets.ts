/** What this program is meant to reach, beside what was found: a table of its own on the page. */
import { figure, type Table } from './table.js';

export interface Target {
  /** Of what, and its unit. */
  readonly what: string;
  readonly found: number;
  readonly atMost?: number;
  readonly atLeast?: number;
}

export function targetTable(targets: readonly Target[]): Table {
  return {
    head: ['', 'target', 'found', ''],
    rows: targets.map(({ what, found, atMost, atLeast }) => {
      const target = atLeast === undefined ? `≤ ${atMost}` : `≥ ${atLeast}`;
      const isMet = atLeast === undefined ? found <= (atMost ?? Number.NaN) : found >= atLeast;
      return [what, target, figure(found), isMet ? 'met' : '**missed**'];
    }),
  };
}
