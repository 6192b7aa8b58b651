/** Where the very first run begins, in ids. */
import type { StartAt } from '../lib/start-at.js';
import type { Database } from './database/database.js';
import { bisect } from './database/id-ranges.js';

/** The first id to export. Dates are nearly in order of the ids; rows out of order around the day are included. */
export async function firstId(database: Database, table: string, startAt: StartAt): Promise<number> {
  const highest = (await database.newest(table))?.id ?? 0;
  switch (startAt.kind) {
    case 'beginning':
      return 1;
    case 'end':
      return highest + 1;
    case 'id':
      // Beyond the end, ids would seem to count anew.
      return Math.min(startAt.id, highest + 1);
    case 'date':
      return bisect(
        async (from) => (await database.headsFrom(table, from, 1))[0],
        ({ date }) => date !== null && date >= startAt.date,
        highest,
      );
    default:
      return startAt satisfies never;
  }
}
