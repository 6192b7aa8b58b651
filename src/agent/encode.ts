/**
 * A chunk of a source's bytes becomes one entry: its lines as RFC 5424 messages
 * in RFC 5425 frames, each with the number by which it is known for ever, and
 * the position behind them.
 *
 * MSG is the line byte for byte; a byte order mark comes first when the line is
 * UTF-8 beyond ASCII and does not begin with one. A line ends at LF, one CR
 * before it is not part of it, nor is the byte order mark of a file. Empty lines
 * are counted, not sent. A line longer than a message, or one that the source
 * could only take in pieces, goes out in numbered parts with one `id`:
 * `1/3 2/3 3/3`, or `1/* 2/* 3/3` while its end is not known. A line whose end
 * comes alone (LF after a wait) is closed by a part without content.
 *
 * Known limit: a piece that ends between CR and LF has sent the CR.
 */
import { isAscii } from 'node:buffer';
import type { MessageConfig, SourceConfig } from '../config/config.js';
import { AgentError } from '../lib/errors.js';
import type { MessageName, NewEntry, Run } from '../model/entry.js';
import type { Chunk } from '../model/line.js';
import type { DoubledHour, InsideLine, Position, TailId } from '../model/position.js';
import type { Field } from '../model/record.js';
import { FrameWriter } from '../syslog/frame-writer.js';
import type { Severity } from '../syslog/priority.js';
import { BOM } from '../syslog/rfc5424.js';
import {
  type Describer,
  type Description,
  followsParam,
  idParam,
  ownMessage,
  partParam,
  SourceHeaders,
} from './header.js';
import { cutParts, hasBom, type MsgForm, msgForm } from './parts.js';

export interface EncoderOptions {
  readonly sources: readonly SourceConfig[];
  readonly message: MessageConfig;
  readonly run: Run;
  readonly nextSeq: number;
  /** As the journal has them: where lines and doubled hours were left. */
  readonly positions: readonly Position[];
  /** The last message intact on disk from an earlier run; the first message of this one names it. */
  readonly follows?: MessageName;
}

export interface EncoderCounts {
  /** Lines begun, without the empty ones. */
  lines: number;
  messages: number;
  /** Lines that were not understood, rows without a date among them. */
  unparsed: number;
  empty: number;
  /** Messages that hold only a part of their line. */
  parts: number;
}

export class Encoder {
  readonly counts: EncoderCounts = { lines: 0, messages: 0, unparsed: 0, empty: 0, parts: 0 };
  readonly #message: MessageConfig;
  readonly #run: Run;
  readonly #sources: ReadonlyMap<string, SourceHeaders>;
  readonly #follows: string;
  /** The message that carries `follows`. */
  readonly #firstSeq: number;
  #nextSeq: number;
  #tails: Map<TailId, TailState>;

  constructor(options: EncoderOptions) {
    const { sources, message, run, nextSeq, positions, follows } = options;
    this.#message = message;
    this.#run = run;
    this.#sources = new Map(sources.map((source) => [source.name, new SourceHeaders(source, message, run)]));
    this.#follows = follows === undefined ? '' : followsParam(follows);
    this.#firstSeq = nextSeq;
    this.#nextSeq = nextSeq;
    this.#tails = statesAt(positions);
  }

  /** The number that the next message will get. */
  get nextSeq(): number {
    return this.#nextSeq;
  }

  /** One read becomes one entry; `count` is 0 when it only moves the position. */
  encode(chunk: Chunk): NewEntry {
    const { bytes, from, ending } = chunk;
    const first = { run: this.#run, seq: this.#nextSeq };
    const reading = this.#begin(chunk);
    let at = from.offset === 0 && hasBom(bytes, 0) ? BOM.length : 0;
    for (let lf = bytes.indexOf(LF, at); lf !== -1; lf = bytes.indexOf(LF, at)) {
      this.#line(reading, at, lf > at && bytes[lf - 1] === CR ? lf - 1 : lf);
      at = lf + 1;
    }
    const goesOn = ending === 'part' || ending === 'waiting';
    if (at < bytes.length && goesOn) this.#piece(reading, at, bytes.length, false);
    else if (at < bytes.length) this.#line(reading, at, bytes.length);
    else if (ending === 'final' && reading.inside !== undefined) this.#piece(reading, at, at, true);

    const { frames } = reading.writer;
    return { from: from.offset, to: this.#settle(reading, chunk.to), first, count: reading.writer.count, frames };
  }

  /** Lines that had been read before: under new numbers, and with no word of where their tail stands now. */
  encodeAgain(chunk: Chunk): NewEntry {
    const { tailId } = chunk.from;
    const state = this.#tails.get(tailId);
    this.#tails.delete(tailId);
    const entry = this.encode(chunk);
    if (state === undefined) this.#tails.delete(tailId);
    else this.#tails.set(tailId, state);
    return { ...entry, from: undefined, to: undefined };
  }

  /** The agent's own message: `kind` and `fields` say what happened. It has no MSG and belongs to no position. */
  own(kind: string, fields: readonly Field[], nowMs: number, severity: Severity): NewEntry {
    const first = { run: this.#run, seq: this.#nextSeq };
    const writer = new FrameWriter(this.#message.maxBytes);
    const message = ownMessage(this.#message, first, this.#followsNow(), { kind, fields, severity, nowMs });
    writer.add(message, false, EMPTY, 0, 0);
    this.#nextSeq += 1;
    this.counts.messages += 1;
    return { from: undefined, to: undefined, first, count: 1, frames: writer.frames };
  }

  /** The journal lost what it had not synced: numbers and tails go back to what it holds. `counts` keep what was done twice. */
  reset(nextSeq: number, positions: readonly Position[]): void {
    this.#nextSeq = nextSeq;
    this.#tails = statesAt(positions);
  }

  #begin(chunk: Chunk): Reading {
    const { from, bytes } = chunk;
    const headers = this.#sources.get(from.source);
    if (headers === undefined) throw new AgentError('unknown-source', `${from.path} belongs to no configured source`);
    return {
      ...(this.#tails.get(from.tailId) ?? stateAt(from)),
      bytes,
      offset: from.offset,
      ascii: isAscii(bytes),
      headers,
      describer: headers.describer(chunk.to.path, chunk.readAtMs),
      idParam: idParam(from.tailId),
      writer: new FrameWriter(2 * bytes.length),
    };
  }

  /** Up to `end` a line is over: a whole one, or the last piece of one begun in an earlier chunk. */
  #line(reading: Reading, start: number, end: number): void {
    if (reading.inside !== undefined) this.#piece(reading, start, end, true);
    else if (start === end) this.counts.empty += 1;
    else this.#whole(reading, start, end);
  }

  #whole(reading: Reading, start: number, end: number): void {
    const { bytes } = reading;
    const description = reading.describer.line(bytes, start, end, reading.doubledHour);
    this.#begins(reading, description);
    const header = this.#header(reading, description, reading.offset + start, '');
    const form = reading.ascii ? 'plain' : msgForm(bytes.subarray(start, end), this.#message.bom, false);
    const length = header.length + (form === 'marked' ? BOM.length : 0) + end - start;
    if (form !== 'cut' && length <= this.#message.maxBytes) this.#add(reading, header, form, start, end);
    else this.#parts(reading, description, { start: reading.offset + start, parts: 0 }, start, end, true);
  }

  /** A piece of a line that the source could not take whole. */
  #piece(reading: Reading, start: number, end: number, last: boolean): void {
    const description = reading.describer.piece(reading.doubledHour);
    if (reading.inside === undefined) this.#begins(reading, description);
    const inside = reading.inside ?? { start: reading.offset + start, parts: 0 };
    const parts = this.#parts(reading, description, inside, start, end, last);
    reading.inside = last ? undefined : { start: inside.start, parts };
  }

  /** Sends a line or a piece in as many parts as it takes; gives how many the line has so far. */
  #parts(
    reading: Reading,
    description: Description,
    inside: InsideLine,
    start: number,
    end: number,
    last: boolean,
  ): number {
    const ends = cutParts(reading.bytes.subarray(start, end), reading.headers.room(description));
    const parts = inside.parts + ends.length;
    let at = start;
    for (const [index, cut] of ends.entries()) {
      const number = inside.parts + index + 1;
      const header = this.#header(reading, description, inside.start, partParam(number, last ? parts : undefined));
      const form = msgForm(reading.bytes.subarray(at, start + cut), this.#message.bom, number > 1);
      this.#add(reading, header, form, at, start + cut);
      at = start + cut;
    }
    this.counts.parts += ends.length;
    return parts;
  }

  #begins(reading: Reading, description: Description): void {
    reading.doubledHour = description.doubledHour;
    this.counts.lines += 1;
    if (!description.parsed) this.counts.unparsed += 1;
  }

  #header(reading: Reading, description: Description, offset: number, part: string): string {
    return reading.headers.format(description, this.#nextSeq, reading.idParam, offset, part + this.#followsNow());
  }

  #followsNow(): string {
    return this.#nextSeq === this.#firstSeq ? this.#follows : '';
  }

  #add(reading: Reading, header: string, form: MsgForm, start: number, end: number): void {
    reading.writer.add(header, form === 'marked', reading.bytes, start, end);
    this.#nextSeq += 1;
    this.counts.messages += 1;
  }

  /** The position after the chunk, with what the next chunk of this tail has to know. */
  #settle({ inside, doubledHour }: Reading, to: Position): Position {
    if (to.gone) this.#tails.delete(to.tailId);
    else this.#tails.set(to.tailId, { inside, doubledHour });
    const { insideLine: _inside, doubledHour: _hour, ...position } = to;
    return { ...position, ...(inside && { insideLine: inside }), ...(doubledHour && { doubledHour }) };
  }
}

/** What goes with a tail from chunk to chunk. */
interface TailState {
  inside: InsideLine | undefined;
  doubledHour: DoubledHour | undefined;
}

/** One chunk on its way into frames. */
interface Reading extends TailState {
  readonly bytes: Buffer;
  /** Of the first byte. */
  readonly offset: number;
  /** All of the bytes are ASCII: no line needs to be asked. */
  readonly ascii: boolean;
  readonly headers: SourceHeaders;
  readonly describer: Describer;
  readonly idParam: string;
  readonly writer: FrameWriter;
}

const LF = 0x0a;
const CR = 0x0d;
const EMPTY = Buffer.alloc(0);

function statesAt(positions: readonly Position[]): Map<TailId, TailState> {
  return new Map(positions.map((position) => [position.tailId, stateAt(position)]));
}

function stateAt(position: Position): TailState {
  return { inside: position.insideLine, doubledHour: position.doubledHour };
}
