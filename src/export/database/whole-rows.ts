/** Reads rows of a table together with their side rows: of given ids, or a stretch of the table page by page. */
import { checksumOf } from '../../openemr/checksum.js';
import { columnsOfRow, type WholeRow } from '../file/audit-line.js';
import { scan, type Trail } from './audit-tables.js';
import type { Cells, Database, IdRange } from './database.js';
import type { SideTables } from './side-tables.js';

/** Of API calls in memory at once, which hold whole responses. */
const API_BYTES = 4 * 1024 * 1024;

/**
 * Ascending, from id `from` to id `to`, both included. Memory holds a page, whatever the table holds. `sides` is used
 * up: it forgets what is behind.
 */
export async function* scanWhole(
  database: Database,
  { trail, sides }: { readonly trail: Trail; readonly sides: SideTables },
  range: IdRange,
): AsyncGenerator<readonly WholeRow[]> {
  for await (const page of scan(database, trail, range)) {
    yield* withSides(page, trail, sides);
    sides.forget(Number(page.at(-1)?.id));
  }
}

/** Each row of a page with its side rows, in as many parts as its API calls are large. */
export async function* withSides(
  page: readonly Cells[],
  trail: Trail,
  sides: SideTables,
): AsyncGenerator<readonly WholeRow[]> {
  const cellsOf = new Map(page.map((cells) => [Number(cells.id), cells]));
  const fits = (id: number, seal: Cells) => isSealOf(trail, cellsOf.get(id), seal);
  const sidesOf = await sides.of([...cellsOf.keys()], fits);
  for (let at = 0; at < page.length; ) {
    let bytes = 0;
    const start = at;
    do {
      bytes += sidesOf(Number(page[at]?.id)).api?.bytes ?? 0;
      at += 1;
    } while (at < page.length && bytes < API_BYTES);
    const rows = page.slice(start, at);
    const references = rows.flatMap(({ id }) => sidesOf(Number(id)).api ?? []);
    const apis = await sides.readApis(references);
    yield rows.map((cells) => {
      const id = Number(cells.id);
      return { id, cells, seal: sidesOf(id).seal, api: apis.get(id) };
    });
  }
}

/** Is this the seal of this row, and of no other? What has no checksum may be. */
export function isSealOf(trail: Trail, cells: Cells | undefined, seal: Cells | undefined): boolean {
  if (cells === undefined) return true;
  return checksumOf({ ...columnsOfRow(trail, { cells, seal, api: undefined }), checksum_api: '' }) !== 'altered';
}

/** Is this the API call of the row that has this seal, and of no other? */
export function isApiOf(trail: Trail, cells: Cells, { seal, api }: Pick<WholeRow, 'seal' | 'api'>): boolean {
  return checksumOf({ ...columnsOfRow(trail, { cells, seal, api }), checksum: '' }) !== 'altered';
}
