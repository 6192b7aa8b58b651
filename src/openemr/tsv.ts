/**
 * Reads rows as `mysql --batch` prints them: a heading with the columns' names, then
 * a row a line, cells separated by TAB. Inside a cell `\n`, `\t`, `\0` and `\\`
 * stand for LF, TAB, NUL and backslash; CR is not escaped. NULL is the word NULL,
 * which is also how a text that says "NULL" looks: both are read as NULL.
 *
 * The heading stands in the first line, and again wherever another run of the
 * client was appended; its columns hold until the next one.
 */
import { isUtf8 } from 'node:buffer';
import type { Row } from './row.js';

/** The columns' names, if the line is a heading. */
export function headingOf(line: Buffer): readonly string[] | undefined {
  if (line.length > HEADING_MAX) return undefined;
  const cells = line.toString('latin1').split('\t');
  const named = cells.includes('date') && cells.includes('event') && cells.every((cell) => NAME.test(cell));
  return named ? cells : undefined;
}

export type ReadCells = { readonly row: Row } | { readonly unparsed: 'not-utf8' | 'no-heading' | 'wrong-cells' };

/** The row in a line under these columns; `wrong-cells`: more or fewer than columns. */
export function readCells(line: Buffer, columns: readonly string[] | undefined): ReadCells {
  if (columns === undefined) return { unparsed: 'no-heading' };
  if (!isUtf8(line)) return { unparsed: 'not-utf8' };
  const cells = line.toString('utf8').split('\t');
  if (cells.length !== columns.length) return { unparsed: 'wrong-cells' };
  const names = keysOf(columns);
  const row: Record<string, string | null> = {};
  for (const [index, name] of names.entries()) row[name] = columnOf(cells[index]!);
  return { row };
}

/** The line of a row under these columns. */
export function cellsLine(row: Row, columns: readonly string[]): string {
  const values: Readonly<Record<string, unknown>> = { ...row };
  return keysOf(columns)
    .map((name) => cellOf(values[name]))
    .join('\t');
}

const HEADING_MAX = 4096;
const NAME = /^[A-Za-z_]\w{0,63}$/;

/**
 * The row's keys for these columns. An export of 5.0 has two checksums: the
 * table's own, and that of the side table, called `lce_checksum` or, where
 * `SELECT *` has joined the two, by the same name once more. Of any other name
 * that comes twice, such as `id`, the first one is the table's.
 */
export function keysOf(columns: readonly string[]): readonly string[] {
  const known = keys.get(columns) ?? named(columns);
  keys.set(columns, known);
  return known;
}

/** A heading stands above thousands of rows. */
const keys = new WeakMap<readonly string[], readonly string[]>();

function named(columns: readonly string[]): readonly string[] {
  const twice = columns.includes('lce_checksum') || columns.indexOf('checksum') < columns.lastIndexOf('checksum');
  return columns.map((name, index) => {
    const first = columns.indexOf(name) === index;
    if (name === 'lce_checksum') return 'checksum';
    if (name === 'checksum' && twice) return first ? 'log_checksum' : 'checksum';
    return first ? name : `${name}_${index}`;
  });
}

function columnOf(cell: string): string | null {
  if (cell === 'NULL') return null;
  if (!cell.includes('\\')) return cell;
  return cell.replaceAll(/\\(.)/gs, (whole, character: string) => UNESCAPED[character] ?? whole);
}

const UNESCAPED: Readonly<Record<string, string>> = { n: '\n', t: '\t', 0: '\0', '\\': '\\' };
const ESCAPED: Readonly<Record<string, string>> = { '\n': '\\n', '\t': '\\t', '\0': '\\0', '\\': '\\\\' };

function cellOf(value: unknown): string {
  if (typeof value !== 'string') return 'NULL';
  return value.replaceAll(/[\n\t\0\\]/g, (character) => ESCAPED[character]!);
}
