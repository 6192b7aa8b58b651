/**
 * Finds the side rows of rows of `log`, and says whether they are all there. OpenEMR
 * writes three statements without a transaction: the row, its seal in
 * `log_comment_encrypt`, and for an API call the row in `api_log`. The seal already
 * holds the checksum of the API row, so it says whether to wait for one.
 */
import { API_COLUMNS, SEAL_COLUMNS, sidesDigestOf } from './audit-tables.js';
import type { Cells, Database, Reference } from './database.js';
import { bisect, rangesOf } from './id-ranges.js';

export interface SideRows {
  readonly seal: Cells | undefined;
  readonly api: FoundReference | undefined;
  /** One of them lies in a table that "Eventlog backup" has renamed, and will drop. */
  readonly isSwapped: boolean;
  /** Nothing is missing that is going to come. */
  readonly isComplete: boolean;
}

interface FoundReference extends Reference {
  readonly finder: SideRowFinder;
}

export class SideTables {
  readonly #database: Database;
  /** In which to look, the likeliest first; empty when this version has no such table, or it may not be read. */
  readonly #seals: readonly SideRowFinder[];
  readonly #apis: readonly SideRowFinder[];

  constructor(database: Database, seals: readonly SideRowFinder[], apis: readonly SideRowFinder[]) {
    this.#database = database;
    this.#seals = seals;
    this.#apis = apis;
  }

  /** False: what rows lack cannot be known. */
  get canSeeSeals(): boolean {
    return this.#seals.length > 0;
  }

  get canSeeApis(): boolean {
    return this.#apis.length > 0;
  }

  /**
   * For each of the ascending ids. Of two seals for a row the later counts, unless only the earlier one `fits`: a backup
   * that fails leaves side rows of the table that it drops among those of the one that it puts back.
   */
  async of(
    ids: readonly number[],
    fits: (id: number, seal: Cells) => boolean = () => true,
  ): Promise<(id: number) => SideRows> {
    if (this.#seals.length === 0) {
      return () => ({ seal: undefined, api: undefined, isSwapped: false, isComplete: true });
    }
    const found = await findIn(this.#seals, ids);
    const seals = new Map(await this.#read(found, SEAL_COLUMNS));
    const twice = earlierOf(
      [...found.keys()].filter((id) => seals.has(id) && !fits(id, seals.get(id)!)),
      found,
    );
    const earlier = await this.#read(twice, SEAL_COLUMNS);
    for (const [id, seal] of earlier) seals.set(id, ownOf([seal, seals.get(id)!], (each) => fits(id, each))!);
    const hasApi = (id: number) => this.#apis.length > 0 && Boolean(seals.get(id)?.checksum_api);
    const apis = await findIn(this.#apis, ids.filter(hasApi));
    for (const [id, api] of earlierOf([...earlier.keys()], apis)) apis.set(id, api);
    return (id) => {
      const seal = seals.get(id);
      const api = apis.get(id);
      const isSwapped = api?.finder instanceof LastRowsFinder;
      return { seal, api, isSwapped, isComplete: seal !== undefined && (api !== undefined || !hasApi(id)) };
    };
  }

  /**
   * Of these ascending ids those whose side rows are nowhere as they were `filed`, not even beside later ones that a
   * failed backup has left: which of two belongs to a row that cannot be verified no checksum tells, but the file does.
   */
  async withoutTwins(
    ids: readonly number[],
    isFiled: (id: number, sides: string | undefined) => boolean,
  ): Promise<readonly number[]> {
    const others: number[] = [];
    for (let at = 0; at < ids.length; at += TWIN_ROWS) {
      const some = ids.slice(at, at + TWIN_ROWS);
      const seals = await this.#bothOf(this.#seals, some, SEAL_COLUMNS);
      const calls = some.filter((id) => seals.some((each) => each.get(id)?.checksum_api));
      const apis = await this.#bothOf(this.#apis, calls, API_COLUMNS);
      const isThere = (id: number) =>
        seals.some((seal) => apis.some((api) => isFiled(id, sidesDigestOf(seal.get(id), api.get(id)))));
      others.push(...some.filter((id) => !isThere(id)));
      this.forget(some.at(-1)!);
    }
    return others;
  }

  /** The later ones of these rows, and the earlier ones of those that have two. */
  async #bothOf(
    finders: readonly SideRowFinder[],
    ids: readonly number[],
    columns: readonly string[],
  ): Promise<readonly ReadonlyMap<number, Cells>[]> {
    const found = await findIn(finders, ids);
    return [await this.#read(found, columns), await this.#read(earlierOf(ids, found), columns)];
  }

  /** Rows of `api_log` by their `log_id`. */
  readApis(references: readonly FoundReference[]): Promise<ReadonlyMap<number, Cells>> {
    return this.#read(new Map(references.map((reference) => [reference.logId, reference])), API_COLUMNS);
  }

  forget(below: number): void {
    for (const finder of [...this.#seals, ...this.#apis]) finder.forget(below);
  }

  async #read(
    references: ReadonlyMap<number, FoundReference>,
    columns: readonly string[],
  ): Promise<ReadonlyMap<number, Cells>> {
    const rows = new Map<number, Cells>();
    for (const finder of new Set([...references.values()].map(({ finder }) => finder))) {
      const mine = [...references.values()].filter((reference) => reference.finder === finder);
      const ids = mine.map(({ id }) => id).sort((a, b) => a - b);
      for (const row of await this.#database.rows(finder.table, columns, rangesOf(ids))) {
        const logId = Number(row.log_id);
        if (references.has(logId)) rows.set(logId, row);
      }
      // The table was replaced since it was looked up.
      if (mine.some(({ logId }) => !rows.has(logId))) finder.reset();
    }
    return rows;
  }
}

/** Rows of which the twins are in memory at once. */
const TWIN_ROWS = 500;

/**
 * Of several side rows that name the same row of `log`, in the order of their table: the last that `fits`, or else the
 * last. The others were left by a swap or by a backup that failed.
 */
export function ownOf<T>(candidates: readonly T[], fits: (candidate: T) => boolean): T | undefined {
  return candidates.filter(fits).at(-1) ?? candidates.at(-1);
}

/** Of these ids those that have two side rows, with the earlier of them. */
function earlierOf(ids: readonly number[], found: ReadonlyMap<number, FoundReference>): Map<number, FoundReference> {
  return new Map(
    ids.flatMap((id) => {
      const finder = found.get(id)?.finder;
      const earlier = finder?.earlier?.(id);
      return finder === undefined || earlier === undefined ? [] : [[id, { ...earlier, finder }] as const];
    }),
  );
}

async function findIn(finders: readonly SideRowFinder[], ids: readonly number[]): Promise<Map<number, FoundReference>> {
  const found = new Map<number, FoundReference>();
  for (const finder of finders) {
    const missing = ids.filter((id) => !found.has(id));
    if (missing.length === 0) break;
    const references = await finder.find(missing);
    for (const id of missing) {
      const reference = references.get(id);
      if (reference !== undefined) found.set(id, { ...reference, finder });
    }
  }
  return found;
}

/*
 * Finds the side rows of rows of `log`. A side table names them in `log_id`,
 * which has no index; but both tables grow together, so its own primary key is
 * read forward in step, page by page, and what it says is remembered for a while.
 * Looking a row up costs what its neighbours cost, never the whole table.
 */

/*
 * Side rows on the wrong side of a table swap. "Eventlog backup" renames the
 * three tables one after another, while rows are being written: the side row of
 * a row that is in the renamed `log` may be among the first of the new side
 * table, and the API row of one that is in the new `log` among the last of the
 * renamed `api_log`. Its `log_id` lies far from those of its neighbours.
 */

/** They were written in the moment of the swap. */
export const SWAP_ROWS = 2000;

abstract class SwapFinder implements SideRowFinder {
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
export class FirstRowsFinder extends SwapFinder {
  readonly #logTable: string;

  constructor(database: Database, table: string, logTable: string) {
    super(database, table);
    this.#logTable = logTable;
  }

  async find(): Promise<ReadonlyMap<number, Reference>> {
    const reached = (await this.database.newest(this.#logTable))?.id ?? 0;
    const references = await this.database.referencesFrom(this.table, 0, SWAP_ROWS);
    return byLogId(references.filter(({ logId }) => logId > reached));
  }
}

/** Among the last rows of the renamed side table, of rows of the new `log`: their ids begin anew. */
export class LastRowsFinder extends SwapFinder {
  readonly #skew: number;

  constructor(database: Database, table: string, skew: number) {
    super(database, table);
    this.#skew = skew;
  }

  async find(): Promise<ReadonlyMap<number, Reference>> {
    const last = (await this.database.newest(this.table))?.id ?? 0;
    const references = await this.database.referencesFrom(this.table, Math.max(0, last - SWAP_ROWS), SWAP_ROWS + 1);
    let highestBefore = 0;
    const swapped = references.filter(({ logId }) => {
      highestBefore = Math.max(highestBefore, logId);
      return logId < highestBefore - this.#skew;
    });
    return byLogId(swapped);
  }
}

function byLogId(references: readonly Reference[]): ReadonlyMap<number, Reference> {
  return new Map(references.map((reference) => [reference.logId, reference]));
}

export interface SideRowFinder {
  readonly table: string;
  /** ReferenceIndex by `log_id`, others than those asked for among them. `logIds` ascend. */
  find(logIds: readonly number[]): Promise<ReadonlyMap<number, Reference>>;
  /** Where there are two for a row, the one that `find` does not give. */
  earlier?(logId: number): Reference | undefined;
  forget(below: number): void;
  reset(): void;
}

const PAGE = 2000;
const NEIGHBOURS = 5;

export class ReferenceIndex implements SideRowFinder {
  readonly table: string;
  readonly #database: Database;
  readonly #skew: number;
  /** By `log_id`; a second row for the same id, the later one, counts. Its own ids reach from `#from` to `#to`. */
  readonly #byLogId = new Map<number, Reference>();
  /** Of two rows for the same id the other one. */
  readonly #earlier = new Map<number, Reference>();
  #from: number | undefined;
  #to = 0;

  /** `skew`: by how many rows two that were written at the same time may have changed places between the tables. */
  constructor(database: Database, table: string, skew: number) {
    this.#database = database;
    this.table = table;
    this.#skew = skew;
  }

  /** Not below what was forgotten. What is not found may come later. */
  async find(logIds: readonly number[]): Promise<ReadonlyMap<number, Reference>> {
    const [first] = logIds;
    const last = logIds.at(-1);
    if (first === undefined || last === undefined) return new Map();
    if (this.#from === undefined) await this.#begin(first);
    const isMissing = () => logIds.some((id) => !this.#byLogId.has(id));
    // A transaction that commits late makes a row appear behind the place where reading stands.
    if (isMissing() && (await this.#readOn(last)) && isMissing()) await this.#readAgain();
    return this.#byLogId;
  }

  earlier(logId: number): Reference | undefined {
    return this.#earlier.get(logId);
  }

  /** Rows of `log` below this id will not be asked for again. */
  forget(below: number): void {
    if (this.#from === undefined) return;
    let first = this.#to;
    for (const [logId, { id }] of this.#byLogId) {
      if (logId < below - this.#skew) {
        this.#byLogId.delete(logId);
        this.#earlier.delete(logId);
      } else first = Math.min(first, id);
    }
    this.#from = Math.max(this.#from, first - this.#skew);
  }

  /** The table was replaced under us, or a reference leads nowhere. */
  reset(): void {
    this.#byLogId.clear();
    this.#from = undefined;
    this.#to = 0;
    this.#earlier.clear();
  }

  async #begin(logId: number): Promise<void> {
    const at = await bisect(
      async (from) => (await this.#database.referencesFrom(this.table, from, 1))[0],
      (reference) => reference.logId >= logId,
      (await this.#database.newest(this.table))?.id ?? 0,
    );
    this.#from = Math.max(0, at - this.#skew);
    this.#to = this.#from - 1;
  }

  /** Reads until all that is asked for must have come. True when that was the end of the table. */
  async #readOn(last: number): Promise<boolean> {
    for (let beyond = 0; beyond < this.#skew; ) {
      const page = await this.#read(this.#to + 1);
      if (page.length < PAGE) return true;
      beyond = page.every(({ logId }) => logId > last) ? beyond + page.length : 0;
    }
    return false;
  }

  async #readAgain(): Promise<void> {
    const end = this.#to;
    for (let from = this.#from ?? 0; from <= end; ) {
      const page = await this.#read(from);
      const last = page.at(-1);
      if (last === undefined) return;
      from = last.id + 1;
    }
  }

  async #read(from: number): Promise<readonly Reference[]> {
    const page = await this.#database.referencesFrom(this.table, from, PAGE);
    for (const [index, reference] of page.entries()) {
      if (this.#isStray(reference, page.slice(index + 1, index + 1 + NEIGHBOURS))) continue;
      const other = this.#byLogId.get(reference.logId);
      if (other === undefined || other.id <= reference.id) this.#byLogId.set(reference.logId, reference);
      if (other !== undefined && other.id < reference.id) this.#earlier.set(reference.logId, other);
    }
    this.#to = Math.max(this.#to, page.at(-1)?.id ?? 0);
    return page;
  }

  /**
   * Left by a table swap: it means a row of the old table, not the one that will
   * have its number one day. All that follow it name far lower ones; behind a
   * reference that is merely early, only some do.
   */
  #isStray({ logId }: Reference, following: readonly Reference[]): boolean {
    return following.length === NEIGHBOURS && following.every((next) => next.logId + this.#skew < logId);
  }
}
