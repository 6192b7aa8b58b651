/**
 * Lines of a chunk, and the agent's own words, into frames: each message is
 * numbered as it is written, in one part or as many as it takes. What becomes
 * of which line: encode.ts.
 */
import type { MessageConfig } from '../../config/config.js';
import type { MessageName, Run } from '../../model/entry.js';
import type { InsideLine } from '../../model/position.js';
import type { FrameWriter } from '../../syslog/frame-writer.js';
import { BOM } from '../../syslog/rfc5424.js';
import { countLine, type EncoderCounts, noCounts } from './encoder-counts.js';
import type { Description, OwnWords, Part, Profile } from './message-maker.js';
import { cutParts, type MsgForm, msgForm } from './parts.js';
import type { Reading } from './reading.js';

export interface LineWriterOptions {
  readonly message: MessageConfig;
  readonly profile: Profile;
  readonly run: Run;
  readonly nextSeq: number;
  readonly follows: MessageName | undefined;
}

/** What takes the lines of a chunk, one after another. */
export interface Lines {
  /** Up to `end` a line is over: a whole one, or the last piece of one begun in an earlier chunk. */
  line(reading: Reading, start: number, end: number): void;
  /** A piece of a line that the source could not take whole. */
  piece(reading: Reading, start: number, end: number, last: boolean): void;
  /** A message of the agent's own, in the entry of the lines that it is about. */
  also(reading: Reading, words: OwnWords): void;
}

/** Numbers and counts at a moment. */
export interface Tally {
  readonly nextSeq: number;
  readonly counts: EncoderCounts;
}

export class LineWriter implements Lines {
  readonly counts: EncoderCounts = noCounts();
  /** The number that the next message will get. */
  nextSeq: number;
  /** The message that carries `follows`. */
  readonly #firstSeq: number;

  constructor(private readonly options: LineWriterOptions) {
    this.nextSeq = options.nextSeq;
    this.#firstSeq = options.nextSeq;
  }

  line(reading: Reading, start: number, end: number): void {
    if (reading.inside !== undefined) this.piece(reading, start, end, true);
    else if (start === end) this.counts.empty += 1;
    else this.#whole(reading, start, end);
  }

  piece(reading: Reading, start: number, end: number, last: boolean): void {
    const description = reading.describer.piece(reading.bytes, start, end, reading.memory);
    this.#piece(reading, description, start, end, last);
  }

  also({ writer }: Reading, words: OwnWords): void {
    this.own(writer, words);
  }

  /** A line, or a piece of one, that nobody looks into: as `describer.asItIs` has it. */
  asItIs(reading: Reading, description: Description, start: number, end: number, last: boolean): void {
    if (last && reading.inside === undefined) {
      countLine(this.counts, description);
      this.#tell(reading, description, start, end);
    } else this.#piece(reading, description, start, end, last);
  }

  own(writer: FrameWriter, words: OwnWords): void {
    const name = { run: this.options.run, seq: this.nextSeq };
    writer.add(this.options.profile.own(name, this.#followsNow(), words), false, EMPTY, 0, 0);
    this.nextSeq += 1;
    this.counts.messages += 1;
  }

  get tally(): Tally {
    return { nextSeq: this.nextSeq, counts: { ...this.counts } };
  }

  /** What was numbered and counted since has not been. */
  backTo({ nextSeq, counts }: Tally): void {
    this.nextSeq = nextSeq;
    Object.assign(this.counts, counts);
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
    const { bom, maxBytes } = this.options.message;
    const header = this.#header(reading, description, offset);
    const ascii = reading.ascii && bytes === reading.bytes;
    const form = ascii ? 'plain' : msgForm(bytes.subarray(start, end), bom, false);
    const length = header.length + (form === 'marked' ? BOM.length : 0) + end - start;
    if (form !== 'cut' && length <= maxBytes) this.#add(reading, header, form, bytes, start, end);
    else this.#parts(reading, description, { start: offset, parts: 0 }, bytes.subarray(start, end), true);
  }

  #piece(reading: Reading, description: Description, start: number, end: number, last: boolean): void {
    if (reading.inside === undefined) countLine(this.counts, description);
    const inside = reading.inside ?? { start: reading.offset + start, parts: 0 };
    const bytes = description.msg ?? reading.bytes.subarray(start, end);
    const parts = this.#parts(reading, description, inside, bytes, last);
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
      const form = msgForm(bytes.subarray(at, end), this.options.message.bom, number > 1);
      this.#add(reading, header, form, bytes, at, end);
      at = end;
    }
    this.counts.parts += ends.length;
    return parts;
  }

  #header(reading: Reading, description: Description, offset: number, part?: Part): string {
    const follows = this.#followsNow();
    const extra = part === undefined && follows === undefined ? '' : reading.maker.extra(part, follows);
    return reading.maker.format(description, this.nextSeq, reading.tailId, offset, extra);
  }

  #followsNow(): MessageName | undefined {
    return this.nextSeq === this.#firstSeq ? this.options.follows : undefined;
  }

  #add(reading: Reading, header: string, form: MsgForm, bytes: Buffer, start: number, end: number): void {
    reading.writer.add(header, form === 'marked', bytes, start, end);
    this.nextSeq += 1;
    this.counts.messages += 1;
  }
}

const EMPTY = Buffer.alloc(0);
