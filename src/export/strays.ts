/**
 * Side rows on the wrong side of a table swap. "Eventlog backup" renames the
 * three tables one after another: the side row of a row that is in the renamed
 * `log` may be among the first of the new side table. Its `log_id` lies far
 * above the ids that the new `log` has come to.
 */
import type { Database, Reference } from './database.js';
import type { Finder } from './references.js';

/** They were written in the moment of the swap. */
const FIRST_ROWS = 2000;

export class Strays implements Finder {
  readonly table: string;
  readonly #database: Database;
  readonly #logTable: string;

  constructor(database: Database, table: string, logTable: string) {
    this.#database = database;
    this.table = table;
    this.#logTable = logTable;
  }

  async find(logIds: readonly number[]): Promise<ReadonlyMap<number, Reference>> {
    const first = logIds[0] ?? 0;
    const reached = (await this.#database.newest(this.#logTable))?.id ?? 0;
    const references = await this.#database.referencesFrom(this.table, 0, FIRST_ROWS);
    const strays = references.filter(({ logId }) => logId >= first && logId > reached);
    return new Map(strays.map((reference) => [reference.logId, reference]));
  }

  forget(): void {
    // Nothing is remembered.
  }

  reset(): void {
    // Nothing is remembered.
  }
}
