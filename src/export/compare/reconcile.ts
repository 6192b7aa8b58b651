/**
 * Compares database and files day by day: is each row in the files, and does each say
 * the same? A day is a number of rows and a sum of digests, however many rows it has;
 * only a day on which the two differ is compared row by row.
 *
 * Only the generation that the table holds now is compared. Earlier ones are in the
 * files alone: OpenEMR has moved them out of its database.
 */
import { digestOf, scan, type Trail } from '../database/audit-tables.js';
import type { Cells, Database } from '../database/database.js';
import type { AuditLog } from '../file/audit-file.js';
import { readLine } from '../file/audit-line.js';
import { readBack } from '../file/recover.js';
import { Known } from '../follow/generation.js';

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

  add(digest: string): void {
    this.rows += 1;
    this.#digests = BigInt.asUintN(64, this.#digests + Buffer.from(digest, 'base64').readBigUInt64BE());
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
  const recovered = await readBack(log, trail, 1);
  const known = recovered.kind === 'within' ? recovered : await nothingExported(database, trail);
  const inFiles = new Map<string, Sum>();
  let first = 0;
  for await (const line of exported(log, trail, days)) {
    if (line.kind === 'row') sumIn(inFiles, keyOf(line)).add(line.digest);
    else if (line.generation === known.generation) first = line.fromId;
  }

  const stored = () => rowsOf(database, trail, { ...known, first }, days);
  const inTable = new Map<string, Sum>();
  for await (const row of stored()) sumIn(inTable, keyOf(row)).add(row.digest);
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
  for await (const line of exported(log, trail, days)) {
    if (line.kind === 'row' && differing.has(keyOf(line))) note(rows.filed, line);
  }
  return balancesOf(inFiles, inTable, rows);
}

/** No row of the table is in the files: they are empty, or their last generation has ended. */
async function nothingExported(database: Database, trail: Trail): Promise<Omit<Current, 'first'>> {
  const newest = await database.newest(trail.table);
  return { generation: '-', awaiting: Number.POSITIVE_INFINITY, known: new Known((newest?.id ?? 0) + 1) };
}

/** Of one day: each id's digest, several if it stands there several times. */
type Digests = Map<number, string[]>;

interface NotedRows {
  readonly filed: ReadonlyMap<string, Digests>;
  readonly tabled: ReadonlyMap<string, Digests>;
}

const NO_ROWS: NotedRows = { filed: new Map(), tabled: new Map() };

function note(noted: Map<string, Digests>, row: Row): void {
  const digests = noted.get(keyOf(row)) ?? new Map<number, string[]>();
  noted.set(keyOf(row), digests);
  digests.set(row.id, [...(digests.get(row.id) ?? []), row.digest]);
}

function balancesOf(
  inFiles: ReadonlyMap<string, Sum>,
  inTable: ReadonlyMap<string, Sum>,
  rows: NotedRows,
): DayBalance[] {
  const balances = [...inFiles]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, { rows: count }]): DayBalance => {
      const filed = rows.filed.get(key) ?? new Map<number, string[]>();
      const tabled = rows.tabled.get(key) ?? new Map<number, string[]>();
      const ids = [...new Set([...filed.keys(), ...tabled.keys()])].sort((a, b) => a - b);
      const isEdited = (id: number) => {
        const [now] = tabled.get(id) ?? [];
        return now !== undefined && filed.has(id) && !filed.get(id)?.includes(now);
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

interface Row {
  readonly generation: string;
  readonly id: number;
  readonly day: string;
  readonly digest: string;
}

function keyOf({ generation, day }: Row): string {
  return `${generation} ${day}`;
}

type Exported =
  | (Row & { readonly kind: 'row' })
  | { readonly kind: 'begun'; readonly generation: string; readonly fromId: number };

async function* exported(log: AuditLog, trail: Trail, days: Days): AsyncGenerator<Exported> {
  for await (const bytes of log.backward()) {
    const line = readLine(trail, bytes);
    if (line?.kind === 'row') {
      const { generation, id, cells } = line;
      const day = dayIn(cells);
      if (isWithin(day, days)) yield { kind: 'row', generation, id, day, digest: digestOf(trail, cells) };
    } else if (line?.finding.kind === 'begun') {
      yield { kind: 'begun', generation: line.generation, fromId: line.finding.fromId };
    }
  }
}

/** The table's rows of the current generation, but for those that are on their way: not in the files, and not settled. */
async function* rowsOf(
  database: Database,
  trail: Trail,
  { generation, awaiting, known, first }: Current,
  days: Days,
): AsyncGenerator<Row> {
  for await (const rows of scan(database, trail, { from: first, to: known.highest })) {
    for (const cells of rows) {
      const id = Number(cells.id);
      const day = dayIn(cells);
      const isOnItsWay = id >= awaiting && known.get(id) === undefined;
      if (!isOnItsWay && isWithin(day, days)) yield { generation, id, day, digest: digestOf(trail, cells) };
    }
  }
}

interface Current {
  readonly generation: string;
  readonly awaiting: number;
  readonly known: Known;
  /** The id that the export was told to begin at. */
  readonly first: number;
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
