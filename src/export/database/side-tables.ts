/**
 * The side rows of rows of `log`, and whether they are all there. OpenEMR
 * writes three statements without a transaction: the row, its seal in
 * `log_comment_encrypt`, and for an API call the row of `api_log`, whose
 * checksum already stands in the seal: so the seal says whether to wait for it.
 */

import { API_COLUMNS, SEAL_COLUMNS } from './audit-tables.js';
import type { Cells, Database, Reference } from './database.js';
import { rangesOf } from './id-ranges.js';
import type { Finder } from './side-table-index.js';

export interface SideRows {
  readonly seal: Cells | undefined;
  readonly api: FoundReference | undefined;
  /** Nothing is missing that is going to come. */
  readonly isComplete: boolean;
}

interface FoundReference extends Reference {
  readonly finder: Finder;
}

export class Sides {
  readonly #database: Database;
  /** In which to look, the likeliest first; empty when this version has no such table, or it may not be read. */
  readonly #seals: readonly Finder[];
  readonly #apis: readonly Finder[];

  constructor(database: Database, seals: readonly Finder[], apis: readonly Finder[]) {
    this.#database = database;
    this.#seals = seals;
    this.#apis = apis;
  }

  /** For each of the ascending ids. */
  async of(ids: readonly number[]): Promise<(id: number) => SideRows> {
    if (this.#seals.length === 0) return () => ({ seal: undefined, api: undefined, isComplete: true });
    const seals = await this.#read(await findIn(this.#seals, ids), SEAL_COLUMNS);
    const hasApi = (id: number) => this.#apis.length > 0 && Boolean(seals.get(id)?.checksum_api);
    const apis = await findIn(this.#apis, ids.filter(hasApi));
    return (id) => {
      const seal = seals.get(id);
      const api = apis.get(id);
      return { seal, api, isComplete: seal !== undefined && (api !== undefined || !hasApi(id)) };
    };
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

async function findIn(finders: readonly Finder[], ids: readonly number[]): Promise<Map<number, FoundReference>> {
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
