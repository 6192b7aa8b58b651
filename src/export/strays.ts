/**
 * Side rows on the wrong side of a table swap. "Eventlog backup" renames the
 * three tables one after another, while rows are being written: the side row of
 * a row that is in the renamed `log` may be among the first of the new side
 * table, and the API row of one that is in the new `log` among the last of the
 * renamed `api_log`. Its `log_id` lies far from those of its neighbours.
 */
import type { Database, Reference } from './database.js';
import type { Finder } from './references.js';

/** They were written in the moment of the swap. */
const ROWS = 2000;

abstract class Strays implements Finder {
  constructor(
    protected readonly database: Database,
    readonly table: string,
  ) {}

  abstract find(logIds: readonly number[]): Promise<ReadonlyMap<number, Reference>>;

  forget(): void {
    // Nothing is remembered.
  }

  reset(): void {
    // Nothing is remembered.
  }
}

/** Among the first rows of the new side table, of rows of the old `log`: their ids are beyond those that the new one has come to. */
export class EarlyStrays extends Strays {
  readonly #logTable: string;

  constructor(database: Database, table: string, logTable: string) {
    super(database, table);
    this.#logTable = logTable;
  }

  async find(): Promise<ReadonlyMap<number, Reference>> {
    const reached = (await this.database.newest(this.#logTable))?.id ?? 0;
    const references = await this.database.referencesFrom(this.table, 0, ROWS);
    return byLogId(references.filter(({ logId }) => logId > reached));
  }
}

/** Among the last rows of the renamed side table, of rows of the new `log`: their ids begin anew. */
export class LateStrays extends Strays {
  readonly #skew: number;

  constructor(database: Database, table: string, skew: number) {
    super(database, table);
    this.#skew = skew;
  }

  async find(): Promise<ReadonlyMap<number, Reference>> {
    const last = (await this.database.newest(this.table))?.id ?? 0;
    const references = await this.database.referencesFrom(this.table, Math.max(0, last - ROWS), ROWS + 1);
    let highestBefore = 0;
    const strays = references.filter(({ logId }) => {
      highestBefore = Math.max(highestBefore, logId);
      return logId < highestBefore - this.#skew;
    });
    return byLogId(strays);
  }
}

function byLogId(references: readonly Reference[]): ReadonlyMap<number, Reference> {
  return new Map(references.map((reference) => [reference.logId, reference]));
}
