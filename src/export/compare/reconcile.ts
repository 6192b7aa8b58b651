/**
 * Compares database and files day by day: is each row in the files, and does each say
 * the same, its side rows too? A day is a number of rows and a sum of digests, however many rows it has;
 * only a day on which the two differ is compared row by row.
 *
 * Only the generation that the table holds now is compared. Earlier ones are in the
 * files alone: OpenEMR has moved them out of its database.
 */
import type { Trail } from '../database/audit-tables.js';
import type { Cells, Database } from '../database/database.js';
import { ReferenceIndex, SideTables, SWAP_ROWS } from '../database/side-tables.js';
import { scanWhole } from '../database/whole-rows.js';
import type { AuditLog } from '../file/audit-file.js';
import { readLine, type WholeRow } from '../file/audit-line.js';
import { readBack } from '../file/recover.js';
import { knownOf } from '../file/writer.js';
import { Known } from '../follow/generation.js';
import { FOLLOWER_LIMITS } from '../options.js';

export interface Days {
  /** `YYYY-MM-DD` of OpenEMR's own wall time, both included; undefined: no limit. */
  readonly from: string | undefined;
  readonly to: string | undefined;
}

export interface DayBalance {
  readonly generation: string;
  /** Empty for rows without a date. */
  readonly day: string;
  /** Undefined: an earlier generation, which is no longer in the database. */
  readonly database: number | undefined;
  readonly exported: number;
  /** Ids: settled and in the table alone, in the files alone, in both with other content, in the files more than once. */
  readonly missing: readonly number[];
  readonly gone: readonly number[];
  readonly edited: readonly number[];
  readonly repeated: readonly number[];
}

/** Rows of one day, as a number and a sum of digests that does not depend on their order. */
class Sum {
  rows = 0;
  #digests = 0n;

  add({ digest, sides }: Row): void {
    this.rows += 1;
    for (const each of [digest, sides]) {
      if (each !== undefined) this.#digests += Buffer.from(each, 'base64').readBigUInt64BE();
    }
    this.#digests = BigInt.asUintN(64, this.#digests);
  }

  equals(other: Sum): boolean {
    return this.rows === other.rows && this.#digests === other.#digests;
  }
}

export function agrees({ database, exported, missing, gone, edited, repeated }: DayBalance): boolean {
  if (database !== undefined && database !== exported) return false;
  return missing.length + gone.length + edited.length + repeated.length === 0;
}

/** Days that differ come first. Rows that the export still waits for are left out. Reads only: an export may be writing. */
export async function reconcile(database: Database, log: AuditLog, trail: Trail, days: Days): Promise<DayBalance[]> {
  const schema = await database.schema();
  const isThere = (table: string | undefined) => table !== undefined && schema.has(table);
  const readable = { seals: isThere(trail.sealTable), apis: isThere(trail.apiTable) };
  const recovered = await readBack(log, trail, 1);
  const known = recovered.kind === 'within' ? recovered : await nothingExported(database, trail);
  const inFiles = new Map<string, Sum>();
  let first = 0;
  for await (const line of exported(log, trail, days, readable)) {
    if (line.kind === 'row') sumIn(inFiles, keyOf(line)).add(line);
    else if (line.generation === known.generation) first = line.fromId;
  }

  const stored = () => rowsOf(database, trail, { ...known, first, readable }, days);
  const inTable = new Map<string, Sum>();
  for await (const row of stored()) sumIn(inTable, keyOf(row)).add(row);
  const ours = [...new Set([...inTable.keys(), ...inFiles.keys()])].filter((key) =>
    key.startsWith(`${known.generation} `),
  );
  for (const key of ours) {
    sumIn(inFiles, key);
    sumIn(inTable, key);
  }
  // Where one side has nothing, all rows of the other differ: the numbers say it, and nothing is remembered.
  const isWorthALook = (key: string) => inFiles.get(key)!.rows > 0 && inTable.get(key)!.rows > 0;
  const differing = new Set(ours.filter((key) => isWorthALook(key) && !inFiles.get(key)!.equals(inTable.get(key)!)));
  if (differing.size === 0) return balancesOf(inFiles, inTable, NO_ROWS);

  const rows = { filed: new Map<string, Digests>(), tabled: new Map<string, Digests>() };
  for await (const row of stored()) if (differing.has(keyOf(row))) note(rows.tabled, row);
  for await (const line of exported(log, trail, days, readable)) {
    if (line.kind === 'row' && differing.has(keyOf(line))) note(rows.filed, line);
  }
  for (const key of differing) {
    const day = { filed: rows.filed.get(key) ?? new Map(), tabled: rows.tabled.get(key) ?? new Map() };
    await takeFiledTwins(sidesFor(database, trail, readable), day);
  }
  return balancesOf(inFiles, inTable, rows);
}

/** Where a row has several side rows, those in the table are the ones that are in the files, if they are among them. */
async function takeFiledTwins(
  sides: SideTables,
  { filed, tabled }: { readonly filed: Digests; readonly tabled: Digests },
): Promise<void> {
  const isOther = ([id, [now]]: readonly [number, readonly Digest[]]) =>
    now !== undefined && filed.get(id)?.some((then) => isSame(then, now)) === false;
  const ids = [...tabled].filter(isOther).map(([id]) => id);
  const isFiled = (id: number, there: string | undefined) =>
    there !== undefined && filed.get(id)?.some((then) => then.sides === there) === true;
  const others = new Set(
    await sides.withoutTwins(
      ids.sort((a, b) => a - b),
      isFiled,
    ),
  );
  for (const id of ids.filter((each) => !others.has(each))) {
    const known = filed.get(id)?.map((then) => then.sides);
    tabled.set(
      id,
      tabled.get(id)!.map((now) => ({ ...now, sides: known?.find((each) => each !== undefined) })),
    );
  }
}

/** No row of the table is in the files: they are empty, or their last generation has ended. */
async function nothingExported(database: Database, trail: Trail): Promise<Omit<Current, 'first' | 'readable'>> {
  const newest = await database.newest(trail.table);
  return { generation: '-', awaiting: Number.POSITIVE_INFINITY, known: new Known((newest?.id ?? 0) + 1) };
}

/** Of one day: what each id says, several times if it stands there several times. */
type Digests = Map<number, Digest[]>;

interface Digest {
  readonly digest: string;
  /** Undefined: the side rows are not there, or their tables cannot be read. */
  readonly sides: string | undefined;
  readonly mayLoseSides: boolean;
}

/**
 * A row that was exported without its side rows is not edited when they are there now, nor one whose side rows
 * "Eventlog backup" has dropped when they are gone.
 */
function isSame(filed: Digest, tabled: Digest): boolean {
  if (filed.digest !== tabled.digest) return false;
  if (filed.sides === undefined || filed.sides === tabled.sides) return true;
  return filed.mayLoseSides && tabled.sides === undefined;
}

interface NotedRows {
  readonly filed: ReadonlyMap<string, Digests>;
  readonly tabled: ReadonlyMap<string, Digests>;
}

const NO_ROWS: NotedRows = { filed: new Map(), tabled: new Map() };

function note(noted: Map<string, Digests>, row: Row): void {
  const digests: Digests = noted.get(keyOf(row)) ?? new Map();
  noted.set(keyOf(row), digests);
  const { digest, sides, mayLoseSides } = row;
  digests.set(row.id, [...(digests.get(row.id) ?? []), { digest, sides, mayLoseSides }]);
}

function balancesOf(
  inFiles: ReadonlyMap<string, Sum>,
  inTable: ReadonlyMap<string, Sum>,
  rows: NotedRows,
): DayBalance[] {
  const balances = [...inFiles]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, { rows: count }]): DayBalance => {
      const filed: Digests = rows.filed.get(key) ?? new Map();
      const tabled: Digests = rows.tabled.get(key) ?? new Map();
      const ids = [...new Set([...filed.keys(), ...tabled.keys()])].sort((a, b) => a - b);
      const isEdited = (id: number) => {
        const [now] = tabled.get(id) ?? [];
        return now !== undefined && filed.has(id) && filed.get(id)?.some((then) => isSame(then, now)) === false;
      };
      const [generation = '', day = ''] = key.split(' ');
      return {
        generation,
        day,
        database: inTable.get(key)?.rows,
        exported: count,
        missing: ids.filter((id) => !filed.has(id)),
        gone: ids.filter((id) => !tabled.has(id)),
        edited: ids.filter(isEdited),
        repeated: ids.filter((id) => (filed.get(id)?.length ?? 0) > 1),
      };
    });
  return [...balances.filter((balance) => !agrees(balance)), ...balances.filter(agrees)];
}

interface Row extends Digest {
  readonly generation: string;
  readonly id: number;
  readonly day: string;
}

function keyOf({ generation, day }: Pick<Row, 'generation' | 'day'>): string {
  return `${generation} ${day}`;
}

type Exported =
  | (Row & { readonly kind: 'row' })
  | { readonly kind: 'begun'; readonly generation: string; readonly fromId: number };

function digestsOf(trail: Trail, row: WholeRow, readable: Readable): Digest {
  const { digest, sides, mayLoseSides } = knownOf(trail, row);
  const canCompare = readable.seals && (readable.apis || !row.seal?.checksum_api);
  return { digest, sides: canCompare ? sides : undefined, mayLoseSides };
}

async function* exported(log: AuditLog, trail: Trail, days: Days, readable: Readable): AsyncGenerator<Exported> {
  // Of the table that was put back: so many rows that were written last before it was away.
  const swapped = { generation: '', rows: 0 };
  for await (const bytes of log.backward()) {
    const line = readLine(trail, bytes);
    if (line?.kind === 'row') {
      const { generation, id, cells } = line;
      if (generation === swapped.generation) swapped.rows -= 1;
      const isSwapped = line.isSwapped === true || (generation === swapped.generation && swapped.rows >= 0);
      const day = dayIn(cells);
      if (!isWithin(day, days)) continue;
      yield { kind: 'row', generation, id, day, ...digestsOf(trail, { ...line, isSwapped }, readable) };
    } else if (line?.finding.kind === 'table-restored') {
      Object.assign(swapped, { generation: line.generation, rows: SWAP_ROWS });
    } else if (line?.finding.kind === 'begun') {
      yield { kind: 'begun', generation: line.generation, fromId: line.finding.fromId };
    }
  }
}

/** The table's rows of the current generation, but for those that are on their way: not in the files, and not settled. */
async function* rowsOf(
  database: Database,
  trail: Trail,
  { generation, awaiting, known, first, readable }: Current,
  days: Days,
): AsyncGenerator<Row> {
  const sides = sidesFor(database, trail, readable);
  for await (const rows of scanWhole(database, { trail, sides }, { from: first, to: known.highest })) {
    for (const row of rows) {
      const { id, cells } = row;
      const day = dayIn(cells);
      const isOnItsWay = id >= awaiting && known.get(id) === undefined;
      if (!isOnItsWay && isWithin(day, days)) yield { generation, id, day, ...digestsOf(trail, row, readable) };
    }
  }
}

interface Current {
  readonly generation: string;
  readonly awaiting: number;
  readonly known: Known;
  /** The id that the export was told to begin at. */
  readonly first: number;
  readonly readable: Readable;
}

/** Which side tables there are to compare with. */
interface Readable {
  readonly seals: boolean;
  readonly apis: boolean;
}

function sidesFor(database: Database, { sealTable, apiTable }: Trail, { seals, apis }: Readable): SideTables {
  const finders = (table: string | undefined, isThere: boolean) =>
    table !== undefined && isThere ? [new ReferenceIndex(database, table, FOLLOWER_LIMITS.skewRows)] : [];
  return new SideTables(database, finders(sealTable, seals), finders(apiTable, apis));
}

function dayIn({ date }: Cells): string {
  return typeof date === 'string' ? date.slice(0, 10) : '';
}

function isWithin(day: string, { from, to }: Days): boolean {
  return (from === undefined || day >= from) && (to === undefined || day <= to);
}

function sumIn(sums: Map<string, Sum>, key: string): Sum {
  const sum = sums.get(key) ?? new Sum();
  sums.set(key, sum);
  return sum;
}
