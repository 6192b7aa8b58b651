/**
 * Reads the rows of a dump that mysqldump or mariadb-dump has written, as a stream:
 * memory holds one row, whatever the file holds.
 *
 *     CREATE TABLE `log_backup` (          names the columns, in order
 *       `id` bigint(20) NOT NULL …
 *     );
 *     INSERT INTO `log_backup` VALUES
 *     (1,'2026-11-20 08:00:00','it\'s',NULL,0x61),
 *     (2,…);
 *
 * Everything else is passed over. Octets are read as Latin-1, so that a character that
 * a read has cut in two stays whole; a value is decoded as UTF-8 when it is complete.
 */
import { createReadStream } from 'node:fs';
import { createGunzip } from 'node:zlib';
import { AgentError, reasonOf } from '../../lib/errors.js';
import type { Cell, Cells } from '../database/database.js';

export interface DumpRow {
  readonly table: string;
  readonly cells: Cells;
}

const CHUNK = 1024 * 1024;

/** `path` may be compressed (`.gz`). Throws AgentError `dump-unreadable`, also when the last statement is cut off. */
export async function* readDump(path: string): AsyncGenerator<DumpRow> {
  const file = createReadStream(path, { highWaterMark: CHUNK });
  const text = path.endsWith('.gz') ? file.pipe(createGunzip({ chunkSize: CHUNK })) : file;
  file.on('error', (error) => text.destroy(error));
  const parser = new DumpParser();
  try {
    for await (const bytes of text as AsyncIterable<Buffer>) yield* parser.parse(bytes.toString('latin1'));
  } catch (cause) {
    throw unreadable(path, reasonOf(cause), cause);
  } finally {
    file.destroy();
  }
  if (parser.isInside) throw unreadable(path, 'it ends inside a statement; was the dump cut off?');
}

function unreadable(path: string, reason: string, cause?: unknown): AgentError {
  return new AgentError('dump-unreadable', `cannot read the dump ${path}: ${reason}`, {
    cause,
    hint: 'give a file that "Eventlog backup" has written (eventlog_*.sql), or a copy of it compressed with gzip',
  });
}

/** Where the text stands. `head`: in a statement, before its rows. */
type State = 'head' | 'slash' | 'quoted' | 'comment' | 'remark' | 'rows' | 'value' | 'string' | 'escape' | 'string-end';

/* Each takes all characters of its kind from where the text stands. */
const PLAIN = /[^;'"`/\-(#]*/y;
const TEXT = /[^'\\]*/y;
const BARE = /[^,)'\s]*/y;

const ESCAPED: Readonly<Record<string, string>> = { 0: '\0', n: '\n', r: '\r', t: '\t', b: '\b', Z: '\x1a' };

export class DumpParser {
  readonly #columns = new Map<string, readonly string[]>();
  #state: State = 'head';
  #head = '';
  /** Which character ends what is quoted in a head. */
  #quote = '';
  /** Of a statement with rows. */
  #table = '';
  #names: readonly string[] = [];
  #values: Cell[] = [];
  #pieces: string[] = [];
  #isString = false;

  /** The text so far ends inside a statement. */
  get isInside(): boolean {
    return this.#state !== 'head' || this.#head.trim() !== '';
  }

  *parse(text: string): Generator<DumpRow> {
    for (let at = 0; at < text.length; ) {
      switch (this.#state) {
        case 'head':
          at = this.#readHead(text, at);
          break;
        case 'slash':
          if (text[at] === '*') this.#leaveHead('comment', 1);
          else this.#state = 'head';
          if (text[at] === '*') at += 1;
          break;
        case 'quoted':
          at = this.#readQuoted(text, at);
          break;
        case 'comment':
        case 'remark':
          at = this.#skip(text, at);
          break;
        case 'rows':
          at = this.#readBetween(text, at);
          break;
        case 'value': {
          at = this.#readBare(text, at);
          if (at >= text.length) break;
          const row = this.#endValue(text[at]!);
          at += 1;
          if (row !== undefined) yield row;
          break;
        }
        case 'string':
          at = this.#readString(text, at);
          break;
        case 'escape':
          this.#pieces.push(ESCAPED[text[at]!] ?? text[at]!);
          this.#state = 'string';
          at += 1;
          break;
        case 'string-end':
          // A quote that is doubled stands for itself.
          this.#state = text[at] === "'" ? 'string' : 'value';
          if (text[at] === "'") {
            this.#pieces.push("'");
            at += 1;
          }
          break;
        default:
          this.#state satisfies never;
      }
    }
  }

  #readHead(text: string, from: number): number {
    const plain = taken(PLAIN, text, from);
    this.#head += plain;
    const at = from + plain.length;
    const character = text[at];
    if (character === undefined) return at;
    if (character === ';') return this.#endStatement(at);
    if (character === '(' && /\bVALUES\s*$/i.test(this.#head)) return this.#beginRows(at);
    this.#head += character;
    if (this.#head.trim() === '--' || this.#head.trim() === '#') this.#leaveHead('remark', this.#head.length);
    else if (character === '/') this.#state = 'slash';
    else if (character === "'" || character === '"' || character === '`') {
      this.#quote = character;
      this.#state = 'quoted';
    }
    return at + 1;
  }

  #leaveHead(state: State, characters: number): void {
    this.#head = this.#head.slice(0, this.#head.length - characters);
    this.#state = state;
  }

  #readQuoted(text: string, from: number): number {
    const end = text.indexOf(this.#quote, from);
    if (end === -1) {
      this.#head += text.slice(from);
      return text.length;
    }
    this.#head += text.slice(from, end + 1);
    this.#state = 'head';
    return end + 1;
  }

  #skip(text: string, from: number): number {
    const ends = this.#state === 'comment' ? '/' : '\n';
    for (let at = from; at < text.length; at += 1) {
      const before = at > 0 ? text[at - 1] : this.#quote;
      if (text[at] !== ends || (ends === '/' && before !== '*')) continue;
      this.#state = 'head';
      this.#quote = '';
      return at + 1;
    }
    this.#quote = text.at(-1) ?? '';
    return text.length;
  }

  #endStatement(at: number): number {
    const [, table] = /^\s*CREATE TABLE (?:IF NOT EXISTS )?`([^`]+)`/i.exec(this.#head) ?? [];
    if (table !== undefined) {
      const lines = this.#head.split('\n').slice(1);
      this.#columns.set(
        table,
        lines.flatMap((line) => /^\s*`([^`]+)`/.exec(line)?.[1] ?? []),
      );
    }
    this.#head = '';
    return at + 1;
  }

  #beginRows(at: number): number {
    const [, table = '', names] =
      /^\s*(?:INSERT|REPLACE)\s+(?:IGNORE\s+)?INTO\s+`([^`]+)`\s*(?:\(([^)]*)\))?\s*VALUES\s*$/i.exec(this.#head) ?? [];
    this.#table = table;
    this.#names = names?.split(',').map((name) => name.trim().replaceAll('`', '')) ?? this.#columns.get(table) ?? [];
    this.#head = '';
    this.#state = 'rows';
    return at;
  }

  #readBetween(text: string, at: number): number {
    if (text[at] === '(') {
      this.#values = [];
      this.#begin('value');
    } else if (text[at] === ';') {
      this.#state = 'head';
    }
    return at + 1;
  }

  #begin(state: State): void {
    this.#pieces = [];
    this.#isString = false;
    this.#state = state;
  }

  #readBare(text: string, from: number): number {
    const bare = taken(BARE, text, from);
    // Behind a string nothing stands but a comma, a parenthesis or a blank.
    if (!this.#isString) this.#pieces.push(bare);
    return from + bare.length;
  }

  /** The character behind a value, or behind a part of it. */
  #endValue(character: string): DumpRow | undefined {
    if (character === "'") {
      // What stands before it says how it is to be read: `_binary`.
      this.#begin('string');
      this.#isString = true;
    }
    if (character !== ',' && character !== ')') return undefined;
    this.#values.push(this.#value());
    this.#begin('value');
    if (character === ',') return undefined;
    this.#state = 'rows';
    return {
      table: this.#table,
      cells: Object.fromEntries(this.#names.map((name, i) => [name, this.#values[i] ?? null])),
    };
  }

  #readString(text: string, from: number): number {
    const piece = taken(TEXT, text, from);
    this.#pieces.push(piece);
    const at = from + piece.length;
    if (at < text.length) this.#state = text[at] === '\\' ? 'escape' : 'string-end';
    return at + 1;
  }

  /** As the database gives it: a number where it can be held exactly. */
  #value(): Cell {
    const text = this.#pieces.join('');
    if (this.#isString) return Buffer.from(text, 'latin1').toString('utf8');
    if (text.toUpperCase() === 'NULL') return null;
    if (/^0x[\da-f]*$/i.test(text)) return Buffer.from(text.slice(2), 'hex').toString('utf8');
    const number = Number(text);
    return text !== '' && Number.isSafeInteger(number) ? number : text;
  }
}

function taken(pattern: RegExp, text: string, from: number): string {
  pattern.lastIndex = from;
  return pattern.exec(text)?.[0] ?? '';
}
