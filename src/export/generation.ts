/** A generation: rows whose ids count in one table, and how far they have been exported. */
import { Awaited } from './awaited.js';
import type { Trail } from './database/audit-tables.js';
import type { Head } from './database/database.js';
import { compactDate } from './database/id-ranges.js';
import type { Known } from './known.js';

export class Generation {
  readonly name: string;
  readonly known: Known;
  readonly awaited = new Awaited();
  /** The highest id that was looked at; those below are in the file, awaited, or will not come. */
  reached: number;

  constructor(name: string, known: Known, reached = known.highest) {
    this.name = name;
    this.known = known;
    this.reached = reached;
  }

  /** Every row below is settled. */
  get awaiting(): number {
    return Math.min(this.awaited.lowest, this.reached + 1);
  }
}

/** Its name is the date of the table's first row: the same rows get the same name again should the files be lost. Pure. */
export function generationName(trail: Trail, first: Head, previous: string | undefined): string {
  const name = trail.generationPrefix + (compactDate(first.date) ?? `row${first.id}`);
  if (previous === undefined || previous.split('.')[0] !== name) return name;
  // Two tables whose first rows have the same date: the second of them, the third …
  return `${name}.${Number(previous.split('.')[1] ?? 1) + 1}`;
}
