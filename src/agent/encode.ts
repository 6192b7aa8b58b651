/**
 * A chunk of a source's bytes becomes one entry: its lines as RFC 5424 messages
 * in RFC 5425 frames, each with the number by which it is known for ever, and
 * the position behind them.
 *
 * MSG is the line byte for byte, unless the profile or the configuration puts
 * something else there; a byte order mark comes first when it is UTF-8 beyond
 * ASCII and does not begin with one. A line ends at LF, one CR before it is not
 * part of it, nor is the byte order mark of a file. Empty lines are counted, not
 * sent. What is longer than a message, or could only be taken in pieces by the
 * source, goes out in numbered parts with one `id`: `1/3 2/3 3/3`, or
 * `1/* 2/* 3/3` while its end is not known. A line whose end comes alone (LF
 * after a wait) is closed by a part without content.
 *
 * Known limit: a piece that ends between CR and LF has sent the CR.
 */
import { isAscii } from 'node:buffer';
import type { MessageConfig, SourceConfig } from '../config/config.js';
import { AgentError } from '../lib/errors.js';
import type { MessageName, NewEntry, Run } from '../model/entry.js';
import type { Chunk } from '../model/line.js';
import type { InsideLine, Position, TailId } from '../model/position.js';
import type { Field } from '../model/record.js';
import type { ClockSync } from '../observe/clock-sync.js';
import { FrameWriter } from '../syslog/frame-writer.js';
import type { Severity } from '../syslog/priority.js';
import { BOM } from '../syslog/rfc5424.js';
import { countLine, type EncoderCounts, noCounts } from './encoder-counts.js';
import type { Description, MessageMaker, OwnWords, Part, Profile } from './message-maker.js';
import { tamperMessage } from './own-messages.js';
import { cutParts, hasBom, type MsgForm, msgForm } from './parts.js';
import { profileOf } from './profile.js';
import type { Reading } from './reading.js';
import { positionWith, stateAt, statesAt, type TailState } from './tail-state.js';

export interface EncoderOptions {
  readonly sources: readonly SourceConfig[];
  readonly message: MessageConfig;
  readonly run: Run;
  readonly nextSeq: number;
  /** As the journal has them: where lines and doubled hours were left. */
  readonly positions: readonly Position[];
  /** The last message intact on disk from an earlier run; the first message of this one names it. */
  readonly follows?: MessageName;
  readonly clock?: () => ClockSync;
  /** Told beside the message that goes out. */
  readonly tampered?: (facts: { source: string; file: string; rows: number }) => void;
}

export class Encoder {
  readonly counts: EncoderCounts = noCounts();
  readonly #message: MessageConfig;
  readonly #run: Run;
  readonly #profile: Profile;
  readonly #sources: ReadonlyMap<string, MessageMaker>;
  readonly #follows: MessageName | undefined;
  readonly #tampered: NonNullable<EncoderOptions['tampered']>;
  /** The message that carries `follows`. */
  readonly #firstSeq: number;
  #nextSeq: number;
  #tails: Map<TailId, TailState>;

  constructor(options: EncoderOptions) {
    const { sources, message, run, nextSeq, positions, follows, clock = () => 'unknown' as const } = options;
    this.#message = message;
    this.#run = run;
    const profile = profileOf(message, run, clock);
    this.#profile = profile;
    this.#sources = new Map(sources.map((source) => [source.name, profile.maker(source)]));
    this.#follows = follows;
    this.#tampered = options.tampered ?? (() => undefined);
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
    if (reading.tampering.length > 0) this.#alarm(reading, chunk);

    const { frames } = reading.writer;
    return { from: from.offset, to: this.#settle(reading, chunk.to), first, count: reading.writer.count, frames };
  }

  /** Lines that had been read before: under new numbers, and with no word of where their tail stands now. */
  encodeAgain(chunk: Chunk): NewEntry {
    const { tailId } = chunk.from;
    const state = this.#tails.get(tailId);
    // The heading stands further up in the file, and holds for these lines as well.
    const { inside, memory } = stateAt(chunk.from);
    this.#tails.set(tailId, { inside, memory: { columns: state?.memory.columns, ...memory } });
    const entry = this.encode(chunk);
    if (state === undefined) this.#tails.delete(tailId);
    else this.#tails.set(tailId, state);
    return { ...entry, from: undefined, to: undefined };
  }

  /** The agent's own message: `kind` and `fields` say what happened. It has no MSG and belongs to no position. */
  own(kind: string, fields: readonly Field[], nowMs: number, severity: Severity): NewEntry {
    const first = { run: this.#run, seq: this.#nextSeq };
    const writer = new FrameWriter(this.#message.maxBytes);
    this.#addOwn(writer, { kind, fields, severity, nowMs });
    return { from: undefined, to: undefined, first, count: 1, frames: writer.frames };
  }

  /** The journal lost what it had not synced: numbers and tails go back to what it holds. `counts` keep what was done twice. */
  reset(nextSeq: number, positions: readonly Position[]): void {
    this.#nextSeq = nextSeq;
    this.#tails = statesAt(positions);
  }

  #begin(chunk: Chunk): Reading {
    const { from, bytes } = chunk;
    const maker = this.#sources.get(from.source);
    if (maker === undefined) throw new AgentError('unknown-source', `${from.path} belongs to no configured source`);
    return {
      ...(this.#tails.get(from.tailId) ?? stateAt(from)),
      bytes,
      tailId: from.tailId,
      offset: from.offset,
      ascii: isAscii(bytes),
      maker,
      describer: maker.describer(chunk.to.path, chunk.readAtMs),
      writer: new FrameWriter(2 * bytes.length),
      tampering: [],
    };
  }

  /** Up to `end` a line is over: a whole one, or the last piece of one begun in an earlier chunk. */
  #line(reading: Reading, start: number, end: number): void {
    if (reading.inside !== undefined) this.#piece(reading, start, end, true);
    else if (start === end) this.counts.empty += 1;
    else this.#whole(reading, start, end);
  }

  #whole(reading: Reading, start: number, end: number): void {
    const described = reading.describer.line(reading.bytes, start, end, reading.memory);
    reading.memory = described.memory;
    countLine(this.counts, described);
    if (described.tampering !== undefined) reading.tampering.push(described.tampering);
    if (!('unsent' in described)) this.#tell(reading, described, start, end);
  }

  /** Sends what a whole line is told with: one message, if it fits. */
  #tell(reading: Reading, description: Description, start: number, end: number): void {
    const offset = reading.offset + start;
    const { msg, also } = description;
    if (msg === undefined) this.#write(reading, description, offset, reading.bytes, start, end);
    else this.#write(reading, description, offset, msg, 0, msg.length);
    if (also !== undefined) this.#tell(reading, also, start, end);
  }

  #write(reading: Reading, description: Description, offset: number, bytes: Buffer, start: number, end: number) {
    const header = this.#header(reading, description, offset);
    const ascii = reading.ascii && bytes === reading.bytes;
    const form = ascii ? 'plain' : msgForm(bytes.subarray(start, end), this.#message.bom, false);
    const length = header.length + (form === 'marked' ? BOM.length : 0) + end - start;
    if (form !== 'cut' && length <= this.#message.maxBytes) this.#add(reading, header, form, bytes, start, end);
    else this.#parts(reading, description, { start: offset, parts: 0 }, bytes.subarray(start, end), true);
  }

  /** A piece of a line that the source could not take whole. */
  #piece(reading: Reading, start: number, end: number, last: boolean): void {
    const description = reading.describer.piece(reading.bytes, start, end, reading.memory);
    if (reading.inside === undefined) countLine(this.counts, description);
    const inside = reading.inside ?? { start: reading.offset + start, parts: 0 };
    const parts = this.#parts(
      reading,
      description,
      inside,
      description.msg ?? reading.bytes.subarray(start, end),
      last,
    );
    reading.inside = last ? undefined : { start: inside.start, parts };
  }

  /** Sends a line or a piece in as many parts as it takes; gives how many the line has so far. */
  #parts(reading: Reading, description: Description, inside: InsideLine, bytes: Buffer, last: boolean): number {
    const ends = cutParts(bytes, reading.maker.room(description));
    const parts = inside.parts + ends.length;
    let at = 0;
    for (const [index, end] of ends.entries()) {
      const number = inside.parts + index + 1;
      const part = { number, total: last ? parts : undefined };
      const header = this.#header(reading, description, inside.start, part);
      const form = msgForm(bytes.subarray(at, end), this.#message.bom, number > 1);
      this.#add(reading, header, form, bytes, at, end);
      at = end;
    }
    this.counts.parts += ends.length;
    return parts;
  }

  #header(reading: Reading, description: Description, offset: number, part?: Part): string {
    const follows = this.#followsNow();
    const extra = part === undefined && follows === undefined ? '' : reading.maker.extra(part, follows);
    return reading.maker.format(description, this.#nextSeq, reading.tailId, offset, extra);
  }

  #followsNow(): MessageName | undefined {
    return this.#nextSeq === this.#firstSeq ? this.#follows : undefined;
  }

  #add(reading: Reading, header: string, form: MsgForm, bytes: Buffer, start: number, end: number): void {
    reading.writer.add(header, form === 'marked', bytes, start, end);
    this.#nextSeq += 1;
    this.counts.messages += 1;
  }

  #addOwn(writer: FrameWriter, words: OwnWords): void {
    const name = { run: this.#run, seq: this.#nextSeq };
    writer.add(this.#profile.own(name, this.#followsNow(), words), false, EMPTY, 0, 0);
    this.#nextSeq += 1;
    this.counts.messages += 1;
  }

  /** In the entry of the rows themselves, so that it is neither lost nor said twice. */
  #alarm({ writer, tampering }: Reading, { to: { source, path: file }, readAtMs }: Chunk): void {
    this.#addOwn(writer, { ...tamperMessage(source, file, tampering), nowMs: readAtMs });
    this.#tampered({ source, file, rows: tampering.length });
  }

  #settle({ inside, memory }: Reading, to: Position): Position {
    if (to.gone) this.#tails.delete(to.tailId);
    else this.#tails.set(to.tailId, { inside, memory });
    return positionWith(to, { inside, memory });
  }
}

const LF = 0x0a;
const CR = 0x0d;
const EMPTY = Buffer.alloc(0);
