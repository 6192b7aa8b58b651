/**
 * Remembers the forms of rows' messages: which template serves a row, by its event,
 * its outcome, which of its columns are filled, and what its messages say without a
 * gap (site, generation; comments, where a mapping looks into them). The first row of
 * a form has it learnt; learning takes as long as some dozens of rows, so there is a
 * limit on how often, and on how many are remembered.
 */
import { hash } from 'node:crypto';
import { readsAddress, readsComments } from '../../atna/mapping.js';
import { HASHED_COLUMNS } from '../../openemr/checksum.js';
import { commentsTell } from '../../openemr/parse.js';
import { Column, Kind, type RowOctets } from '../../openemr/row-octets.js';
import type { MessageMaker, WholeLimits } from '../profile.js';
import type { Comments } from './comments.js';
import { learn, type SampleLine } from './fast-lines.js';
import type { Hour } from './hour.js';
import type { Template } from './template.js';
import { Value } from './values.js';

interface EventForms {
  readonly event: Buffer;
  /** Comments may decide what the message looks like. */
  readonly readsComments: boolean;
  /** Comments may be an address in the message. */
  readonly readsAddress: boolean;
  readonly forms: Map<number, Form>;
}

interface Form {
  /** `undefined`: messages of this form are not alike. */
  readonly template: Template | undefined;
  readonly site: Buffer;
  readonly generation: Buffer;
  /** `undefined`: any. */
  readonly comments: Buffer | undefined;
}

export class Forms {
  readonly whole: WholeLimits;
  readonly #events = new Map<number, EventForms>();
  #count = 0;
  #credit = CREDIT_MAX;

  /** Of messages as `maker` makes them of a file at `path`. */
  constructor(
    private readonly maker: MessageMaker,
    private readonly path: string,
    /** Of the longest name of a site that is not the row's. */
    private readonly siteOctets: number,
  ) {
    this.whole = maker.whole;
  }

  /** The template for this row; `undefined`: there is none, or it is not to be learnt now. */
  of(row: RowOctets, bytes: Buffer, hour: Hour, comments: Comments): Template | undefined {
    this.#credit = Math.min(this.#credit + CREDIT_A_ROW, CREDIT_MAX);
    const event = this.#eventOf(row, bytes);
    if (event === undefined) return undefined;
    const isEncoded = encodingOf(row, bytes);
    const hasComments = row.has(Column.comments);
    const isAddress = hasComments && event.readsAddress;
    // What a mapping reads in comments it reads as text; of which kind they are must be certain then.
    if (hasComments && isEncoded !== 'yes' && (isAddress || this.whole.special === 'xml' || event.readsComments)) {
      return undefined;
    }
    if (isAddress && !event.readsComments) {
      if (!comments.read(bytes, row.from[Column.comments]!, row.to[Column.comments]!)) return undefined;
    }
    let key = filledColumns(row, bytes, hasComments, isAddress && comments.hasQuery);
    key = mixed(key, bytes, row, Column.site);
    key = mixed(key, bytes, row, Column.generation);
    if (event.readsComments) key = mixed(key, bytes, row, Column.comments);
    const form = event.forms.get(key) ?? this.#learnt(event, key, row, bytes, hour, isAddress && comments.hasQuery);
    if (form === undefined || !isSame(form.site, bytes, row, Column.site)) return undefined;
    if (!isSame(form.generation, bytes, row, Column.generation)) return undefined;
    if (form.comments !== undefined && !isSame(form.comments, bytes, row, Column.comments)) return undefined;
    return form.template;
  }

  #eventOf(row: RowOctets, bytes: Buffer): EventForms | undefined {
    const key = mixed(0, bytes, row, Column.event);
    const known = this.#events.get(key);
    if (known !== undefined) return isSame(known.event, bytes, row, Column.event) ? known : undefined;
    const event = copyOf(bytes, row, Column.event);
    const name = event.toString('latin1');
    const isXml = this.whole.special === 'xml';
    const found = {
      event,
      readsComments: commentsTell(name) || (isXml && readsComments(name)),
      readsAddress: isXml && readsAddress(name),
      forms: new Map(),
    };
    if (this.#events.size >= EVENTS_MAX) this.#events.clear();
    this.#events.set(key, found);
    return found;
  }

  #learnt(
    event: EventForms,
    key: number,
    row: RowOctets,
    bytes: Buffer,
    hour: Hour,
    hasQuery: boolean,
  ): Form | undefined {
    if (this.#credit < 1) return undefined;
    const site = copyOf(bytes, row, Column.site);
    const generation = copyOf(bytes, row, Column.generation);
    const comments = event.readsComments ? copyOf(bytes, row, Column.comments) : undefined;
    if (Math.max(site.length, generation.length, this.siteOctets) > NAME_MAX || (comments?.length ?? 0) > COMMENTS_MAX)
      return undefined;
    this.#credit -= 1;
    if (this.#count >= FORMS_MAX) {
      this.#events.clear();
      this.#count = 0;
    }
    this.#count += 1;
    const sampleOf = (letter: string, second: string) =>
      this.#sample(row, bytes, event, hour, hasQuery, letter, second);
    const form = {
      template: learn(this.maker, [sampleOf('A', '11:11'), sampleOf('B', '22:22')]),
      site,
      generation,
      comments,
    };
    event.forms.set(key, form);
    return form;
  }

  /** A line of JSON that is like the row, with a value of its own in each gap. */
  #sample(
    row: RowOctets,
    bytes: Buffer,
    { event, readsComments }: EventForms,
    hour: Hour,
    hasQuery: boolean,
    letter: string,
    second: string,
  ): SampleLine {
    const values: (string | undefined)[] = [];
    const gap = (value: Value, column: number): string | null => {
      if (!row.has(column)) return '';
      values[value] = `Zq${letter}${value}xJ`;
      return values[value];
    };
    const textOf = (column: number) => copyOf(bytes, row, column).toString('latin1');
    const commentsOf = (): string => {
      if (!row.has(Column.comments) || readsComments) return textOf(Column.comments);
      const path = `/Zq${letter}path`;
      const query = `Zq${letter}query`;
      values[Value.addressPath] = path;
      if (hasQuery) values[Value.addressQuery] = query;
      const stored = Buffer.from(hasQuery ? `${path}?${query}` : path).toString('base64');
      values[Value.comments] = stored;
      return stored;
    };
    const { hour: name, offset } = hour.name;
    values[Value.timestamp] = `${name}:${second}${offset}`;
    const columns: Record<string, string | null> = {
      id: gap(Value.row, Column.id),
      date: `${name}:${second}`,
      event: event.toString('latin1'),
      category: gap(Value.category, Column.category),
      user: gap(Value.user, Column.user),
      groupname: gap(Value.group, Column.groupname),
      comments: commentsOf(),
      user_notes: gap(Value.notes, Column.user_notes),
      patient_id: isZero(row, bytes, Column.patient_id) ? '' : gap(Value.patient, Column.patient_id),
      success: textOf(Column.success),
      crt_user: '',
      log_from: gap(Value.logFrom, Column.log_from),
      menu_item_id: '',
      ccda_doc_id: '',
      encrypt: 'No',
      version: textOf(Column.version),
      site: textOf(Column.site),
    };
    if (row.kinds[Column.generation] !== Kind.absent) columns.generation = textOf(Column.generation);
    const text = HASHED_COLUMNS.map((column) => columns[column]).join('');
    columns.checksum = row.has(Column.checksum) ? hash('sha3-512', text) : '';
    const line = Buffer.from(JSON.stringify(columns));
    values[Value.line] = line.toString('latin1');
    return { bytes: line, readAtMs: 0, path: this.path, memory: {}, values };
  }
}

const EVENTS_MAX = 500;
const FORMS_MAX = 1000;
const CREDIT_MAX = 200;
const CREDIT_A_ROW = 1 / 50;
/** Octets of a site or a generation. */
const NAME_MAX = 64;
/** Of comments that belong to a form. */
const COMMENTS_MAX = 256;
const ZERO = 0x30;
const FOUR = 0x34;
const NINE = 0x39;

/** Are the comments base64? As `commentsOf` decides by the version; `unknown` without one. */
function encodingOf(row: RowOctets, bytes: Buffer): 'yes' | 'no' | 'unknown' {
  const from = row.from[Column.version]!;
  if (!row.has(Column.version) || row.to[Column.version]! - from !== 1) return 'unknown';
  const digit = bytes[from]!;
  if (digit < ZERO || digit > NINE) return 'unknown';
  return digit >= FOUR ? 'yes' : 'no';
}

/** OpenEMR writes 0 where no patient is meant. */
function isZero({ from, to }: RowOctets, bytes: Buffer, column: number): boolean {
  return to[column]! - from[column]! === 1 && bytes[from[column]!] === ZERO;
}

/** Which columns are filled, and the outcome, in bits. */
function filledColumns(row: RowOctets, bytes: Buffer, comments: boolean, query: boolean): number {
  let bits = row.has(Column.success) ? 2 + bytes[row.from[Column.success]!]! - ZERO : 0;
  bits = 2 * bits + (row.has(Column.patient_id) && !isZero(row, bytes, Column.patient_id) ? 1 : 0);
  for (let index = 0; index < FILLED.length; index++) bits = 2 * bits + (row.has(FILLED[index]!) ? 1 : 0);
  bits = 2 * bits + (comments ? 1 : 0);
  return 2 * bits + (query ? 1 : 0);
}

const FILLED = [
  Column.user,
  Column.category,
  Column.groupname,
  Column.log_from,
  Column.user_notes,
  Column.checksum,
] as const;

/** The octets of a column as text; of null there are none. */
function copyOf(bytes: Buffer, row: RowOctets, column: number): Buffer {
  return row.has(column) ? Buffer.from(bytes.subarray(row.from[column], row.to[column])) : NOTHING;
}

const NOTHING = Buffer.alloc(0);

function isSame(octets: Buffer, bytes: Buffer, row: RowOctets, column: number): boolean {
  const from = row.from[column]!;
  const length = row.has(column) ? row.to[column]! - from : 0;
  if (length !== octets.length) return false;
  for (let at = 0; at < length; at++) if (bytes[from + at] !== octets[at]) return false;
  return true;
}

/** FNV-1a over a column, in 30 bits, which V8 keeps without an object. */
function mixed(seed: number, bytes: Buffer, row: RowOctets, column: number): number {
  let mix = seed ^ 0x11c9dc5;
  if (row.has(column)) {
    for (let at = row.from[column]!; at < row.to[column]!; at++) mix = Math.imul(mix ^ bytes[at]!, 0x01000193);
  }
  return mix & 0x3fffffff;
}
