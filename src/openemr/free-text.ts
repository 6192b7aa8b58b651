/**
 * Handles free text, which may hold patient data: the comments, the notes, a
 * disclosure's description, and what an API call sent and got. It is sent as
 * stored, as text or not at all, and with matches of the operator's patterns
 * redacted. A row that is touched is no longer the row that its checksum was
 * computed of; that was compared before.
 *
 * Known limits: encrypted comments are not searched, nor is a match across a cut.
 */
import { isUtf8 } from 'node:buffer';
import { Pattern } from '../lib/pattern.js';
import { commentsOf, storedComments } from './comments.js';
import { isObject, type Row, textOf } from './row.js';

export interface FreeTextOptions {
  readonly comments: 'encoded' | 'decoded' | 'omit';
  /** Regular expressions as `lib/pattern.ts` takes them. */
  readonly redact: readonly string[];
}

export interface Retold<T> {
  readonly told: T;
  /** How many places were made unreadable. */
  readonly redacted: number;
}

const REDACTED = '[redacted]';

export class FreeText {
  readonly #comments: FreeTextOptions['comments'];
  readonly #patterns: readonly Pattern[];

  constructor({ comments, redact }: FreeTextOptions) {
    this.#comments = comments;
    this.#patterns = redact.map((pattern) => new Pattern(pattern));
  }

  /** The row as it may go out; `undefined`: as it is. */
  ofRow(row: Row): Retold<Row> | undefined {
    if (this.#comments === 'encoded' && this.#patterns.length === 0) return undefined;
    const pen = new Pen(this.#patterns);
    const told = this.#row(row, pen);
    return this.#comments !== 'encoded' || pen.redacted > 0 ? { told, redacted: pen.redacted } : undefined;
  }

  /** A line that is not taken apart; `undefined`: as it is. */
  ofLine(line: Buffer): Retold<Buffer> | undefined {
    if (this.#patterns.length === 0) return undefined;
    const pen = new Pen(this.#patterns);
    const encoding = isUtf8(line) ? 'utf8' : 'latin1';
    const text = pen.redact(line.toString(encoding));
    return pen.redacted > 0 ? { told: Buffer.from(text, encoding), redacted: pen.redacted } : undefined;
  }

  #row(row: Row, pen: Pen): Row {
    const told: Record<string, unknown> = { ...row };
    if ('comments' in row) told.comments = this.#commentsOf(row, pen);
    this.#columns(told, ['user_notes', 'description'], pen);
    if (isObject(row.api)) {
      const api: Record<string, unknown> = { ...row.api };
      if (this.#comments === 'omit' && 'request_url' in api) api.request_url = pathOf(textOf(api.request_url));
      this.#columns(api, ['request_body', 'response'], pen);
      if (typeof api.request_url === 'string') api.request_url = pen.redact(api.request_url);
      told.api = api;
    }
    // What a row that was edited says now.
    if (isObject(row.row)) told.row = this.#row(row.row, pen);
    return told;
  }

  #commentsOf(row: Row, pen: Pen): unknown {
    if (this.#comments === 'omit') return null;
    const { form, bytes } = commentsOf(row);
    if (form === 'encrypted') return row.comments;
    if (this.#comments === 'decoded') return pen.redact(bytes.toString('utf8'));
    const before = pen.redacted;
    // Octets that are no text, such as a binary id, stay what they are around what is redacted.
    const encoding = isUtf8(bytes) ? 'utf8' : 'latin1';
    const text = pen.redact(bytes.toString(encoding));
    return pen.redacted === before ? row.comments : storedComments(row, Buffer.from(text, encoding));
  }

  #columns(columns: Record<string, unknown>, names: readonly string[], pen: Pen): void {
    for (const name of names) {
      const value = columns[name];
      if (typeof value === 'string') columns[name] = this.#comments === 'omit' ? null : pen.redact(value);
    }
  }
}

/** The text up to a query or a fragment. */
function pathOf(address: string): string {
  return address.replace(/[?#].*$/s, '');
}

class Pen {
  redacted = 0;

  constructor(private readonly patterns: readonly Pattern[]) {}

  redact(text: string): string {
    let redacted = text;
    for (const pattern of this.patterns) {
      const { text: told, places } = pattern.replaceAll(redacted, REDACTED);
      redacted = told;
      this.redacted += places;
    }
    return redacted;
  }
}
