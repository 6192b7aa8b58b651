/**
 * The independent count of a chain: what stood in the database's tables, what
 * stands in the audit log files, what the collectors stored, held against each
 * other row by row under the name `site:generation:id`. It reads lines and
 * messages by patterns of its own and knows nothing of the product's readers.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { RowDataPacket } from 'mysql2/promise';
import { systemCode } from '../../src/lib/errors.js';
import type { OpenemrWriter } from './openemr-database.js';

/** `log` or what it was renamed to: comments, which are different in each row, by id. */
export type TableRows = ReadonlyMap<number, string>;

export interface Counted {
  /** In the tables. */
  readonly rows: number;
  /** Names of rows. `foreign`: the file has them and no table had; `unsealed`: whole in the tables, not in the file. */
  readonly file: { missing: string[]; repeated: string[]; differing: string[]; unsealed: string[]; foreign: string[] };
  readonly lanes: readonly {
    readonly missing: string[];
    /** With other bytes than the line in the file. */
    readonly altered: string[];
    /** Copies beyond the first of a message. */
    readonly repeats: number;
    /** Rows that arrived under more than one `run:seq`. */
    readonly renamed: string[];
  }[];
}

const ROW = /^\{"id":(\d+),.*"comments":"([^"]*)".*"site":"([^"]*)","generation":"([^"]*)"/;
/** As structured data, and as detail of an audit message's first object. */
const PLAIN = /\[audit@32473 run="([0-9a-f]{16})" seq="(\d+)".* row="([^"]*)".*?\] (.*)$/s;
const ATNA = /ParticipantObjectID="([0-9a-f]{16}):(\d+)".*?ParticipantObjectDetail type="row" value="([^"]*)"/;
const BOM = '\u00ef\u00bb\u00bf';

export async function rowsOf(writer: OpenemrWriter, table: string): Promise<TableRows> {
  const rows = await writer.persist(async (connection) => {
    const [found] = await connection.query<RowDataPacket[]>('SELECT id, comments FROM ?? ORDER BY id', [table]);
    return found;
  });
  return new Map(rows.map(({ id, comments }) => [Number(id), String(comments)]));
}

/** Lines of rows by name, and those that are not rows by themselves; the oldest file first. */
export function linesIn(directory: string): { readonly rows: Map<string, string[]>; readonly others: string[] } {
  const rows = new Map<string, string[]>();
  const others: string[] = [];
  for (const name of auditFiles(directory)) {
    const text = textOf(join(directory, name));
    // It was rotated between two looks.
    if (text === undefined) return linesIn(directory);
    for (const line of text.split('\n').slice(0, -1)) {
      const [, id, , site, generation] = ROW.exec(line) ?? [];
      if (id === undefined) others.push(line);
      else note(rows, `${site}:${generation}:${id}`, line);
    }
  }
  return { rows, others };
}

function textOf(path: string): string | undefined {
  try {
    return readFileSync(path, 'latin1');
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}

/** Checksums of rows that are whole in the tables, by comments; the server may have died in the middle of others. */
export type Seals = ReadonlyMap<string, string>;

/** `tables` in the order in which they were in use; `stores`: each collector's files. */
export function count(
  tables: readonly TableRows[],
  seals: Seals,
  directory: string,
  stores: readonly (readonly string[])[],
): Counted {
  const { rows } = linesIn(directory);
  const generations = [...new Set([...rows.keys()].map((name) => name.split(':')[1]))];
  const expected = new Map<string, string>();
  for (const [index, table] of tables.entries()) {
    for (const [id, comments] of table) expected.set(`default:${generations[index]}:${id}`, comments);
  }
  const commentsOf = (line: string) => ROW.exec(line)?.[2];
  const names = [...expected.keys()];
  return {
    rows: names.length,
    file: {
      missing: names.filter((name) => !rows.has(name)),
      repeated: names.filter((name) => (rows.get(name)?.length ?? 0) > 1),
      differing: names.filter((name) => rows.has(name) && commentsOf(rows.get(name)![0]!) !== expected.get(name)),
      unsealed: names.filter((name) => !hasSeal(rows.get(name)?.[0] ?? '', seals.get(expected.get(name)!))),
      foreign: [...rows.keys()].filter((name) => !expected.has(name)),
    },
    lanes: stores.map((files) => {
      const { stored, repeats } = storedRows(files);
      return {
        missing: names.filter((name) => !stored.has(name)),
        altered: names.filter((name) =>
          stored.get(name)?.some(({ msg }) => (msg ?? rows.get(name)?.[0]) !== rows.get(name)?.[0]),
        ),
        repeats,
        renamed: names.filter((name) => (stored.get(name)?.length ?? 0) > 1),
      };
    }),
  };
}

function hasSeal(line: string, seal: string | undefined): boolean {
  return seal === undefined || line.includes(`"checksum":"${seal}"`);
}

/** How many different rows of the file are stored: cheap enough to wait by. */
export function storedNames(files: readonly string[]): Set<string> {
  return new Set(storedRows(files).stored.keys());
}

interface StoredRow {
  readonly name: string;
  /** Undefined in an audit message, which does not hold the line. */
  readonly msg: string | undefined;
}

function storedRows(files: readonly string[]): { stored: Map<string, StoredRow[]>; repeats: number } {
  const stored = new Map<string, StoredRow[]>();
  const seen = new Set<string>();
  let repeats = 0;
  for (const message of files.flatMap((file) => readFileSync(file, 'latin1').split('\n').slice(0, -1))) {
    const found = readMessage(message);
    if (found === undefined) continue;
    const { row, name, msg } = found;
    if (seen.has(name)) repeats += 1;
    else note(stored, row, { name, msg });
    seen.add(name);
  }
  return { stored, repeats };
}

function readMessage(message: string): (StoredRow & { readonly row: string }) | undefined {
  const [, run, seq, row, msg] = PLAIN.exec(message) ?? [];
  if (run !== undefined && row !== undefined) {
    return { name: `${run}:${seq}`, row, msg: msg?.startsWith(BOM) ? msg.slice(BOM.length) : msg };
  }
  const [, atnaRun, atnaSeq, value] = ATNA.exec(message) ?? [];
  if (value === undefined) return undefined;
  return { name: `${atnaRun}:${atnaSeq}`, row: Buffer.from(value, 'base64').toString(), msg: undefined };
}

function auditFiles(directory: string): string[] {
  const names = readdirSync(directory)
    .filter((name) => name.startsWith('default.log'))
    .sort();
  // The live file has the shortest name, and the last lines.
  return [...names.slice(1), ...names.slice(0, 1)];
}

function note<T>(notes: Map<string, T[]>, name: string, value: T): void {
  const there = notes.get(name);
  if (there === undefined) notes.set(name, [value]);
  else there.push(value);
}
