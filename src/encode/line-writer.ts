/**
 * Lines of a chunk, and the agent's own words, into frames: each message is
 * numbered as it is written, in one part or as many as it takes. What becomes
 * of which line: encode.ts.
 */
import type { MessageConfig } from '../config/config.js';
import { programFault } from '../lib/program-fault.js';
import type { MessageName, Run } from '../model/entry.js';
import type { InsideLine, Position, TailId } from '../model/position.js';
import type { Tampering } from '../model/record.js';
import type { FrameWriter } from '../syslog/frame-writer.js';
import { BOM } from '../syslog/rfc5424.js';
import { unsentMessage } from './own-message.js';
import { cutParts, type MsgForm, msgForm } from './parts.js';
import type { Describer, Description, MessageMaker, OwnWords, Part, Profile, Unsent } from './profile.js';
import type { TailState } from './tail-state.js';

/** One chunk on its way into frames: its bytes, where they stand, and what has become of its lines so far. */
export interface Reading extends TailState {
  readonly bytes: Buffer;
  readonly tailId: TailId;
  /** Of the first byte. */
  readonly offset: number;
  /** All of the bytes are ASCII: no line needs to be asked. */
  readonly ascii: boolean;
  readonly maker: MessageMaker;
  readonly describer: Describer;
  readonly writer: FrameWriter;
  /** Signs of it in the lines so far. */
  readonly tampering: Tampering[];
}

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

/** What has become of the lines since the agent started. */
export interface EncoderCounts {
  /** Lines begun, without the empty ones and headings. */
  lines: number;
  messages: number;
  /** Lines that were not understood, rows without a date among them. */
  unparsed: number;
  empty: number;
  /** Messages that hold only a part of their line. */
  parts: number;
  /** Lines that message.include and message.exclude have left out. */
  filtered: number;
  /** Rows that are not what OpenEMR wrote, by their checksum; some may be among those left out. */
  altered: number;
  /** Rows that the exporter found deleted or edited in the database. */
  changed: number;
  /** Lines, or pieces of one, of which no message could be made as their format asks: a fault of the program. */
  faulty: number;
  /** Lines that only name the columns of those after them. */
  headings: number;
}

function noCounts(): EncoderCounts {
  return {
    lines: 0,
    messages: 0,
    unparsed: 0,
    empty: 0,
    parts: 0,
    filtered: 0,
    altered: 0,
    changed: 0,
    faulty: 0,
    headings: 0,
  };
}

/** A line begins, and this is what became of it. */
function countLine(counts: EncoderCounts, described: Description | Unsent): void {
  if ('unsent' in described) {
    if (described.unsent === 'heading') {
      counts.headings += 1;
      return;
    }
    counts.filtered += 1;
  } else {
    if (!described.parsed) counts.unparsed += 1;
  }
  counts.lines += 1;
  if (described.tampering === undefined) return;
  if (described.tampering.how === 'altered') counts.altered += 1;
  else counts.changed += 1;
}

/*
 * Lines of a chunk in which making a message of one has thrown. That is a fault
 * of the program, and the next start would meet it again: no content of a line
 * may switch the audit off, so each line is tried by itself. One that throws
 * goes out as it is, marked `unparsed="fault"`; where that must not be, because
 * comments are left out, or throws as well, a `gap` message names its bytes,
 * which are still in the file. Why: docs/decisions/0016.
 */

/** A line, or a piece of one, of which no message could be made as its format asks. */
export interface LineFault {
  readonly from: number;
  readonly to: number;
  /** The bytes have not gone out at all. */
  readonly unsent: boolean;
  /** What was thrown, and where in the program; no content. */
  readonly fault: string;
}

export class CarefulLines implements Lines {
  readonly faults: LineFault[] = [];

  constructor(
    private readonly lines: LineWriter,
    private readonly at: Position,
    private readonly nowMs: number,
  ) {}

  line(reading: Reading, start: number, end: number): void {
    const thrown = this.#try(reading, () => this.lines.line(reading, start, end));
    if (thrown !== undefined) this.#bare(reading, start, end, true, thrown);
  }

  piece(reading: Reading, start: number, end: number, last: boolean): void {
    const thrown = this.#try(reading, () => this.lines.piece(reading, start, end, last));
    if (thrown !== undefined) this.#bare(reading, start, end, last, thrown);
  }

  also(reading: Reading, words: OwnWords): void {
    const thrown = this.#try(reading, () => this.lines.also(reading, words));
    if (thrown !== undefined) this.#gap(reading, 0, reading.bytes.length, thrown);
  }

  #bare(reading: Reading, start: number, end: number, last: boolean, thrown: string): void {
    const { bytes, describer, inside, memory } = reading;
    let sent = false;
    const again = this.#try(reading, () => {
      const description = describer.asItIs(bytes, start, end, memory);
      if (description === undefined) return;
      this.lines.asItIs(reading, description, start, end, last);
      sent = true;
    });
    this.lines.counts.faulty += 1;
    if (sent && again === undefined) {
      this.#note(reading, start, end, false, thrown);
      return;
    }
    if (inside === undefined) this.lines.counts.lines += 1;
    this.#gap(reading, start, end, thrown);
    reading.inside = last ? undefined : (inside ?? { start: reading.offset + start, parts: 0 });
  }

  /** Should this throw as well, it is no line's doing. */
  #gap(reading: Reading, start: number, end: number, thrown: string): void {
    this.#note(reading, start, end, true, thrown);
    const { offset } = reading;
    this.lines.also(reading, { ...unsentMessage(this.at, offset + start, offset + end), nowMs: this.nowMs });
  }

  #note({ offset }: Reading, start: number, end: number, unsent: boolean, fault: string): void {
    this.faults.push({ from: offset + start, to: offset + end, unsent, fault });
  }

  /** `undefined` when it went well; otherwise what was thrown, and all is as before. */
  #try(reading: Reading, work: () => void): string | undefined {
    const { writer, inside, memory, tampering } = reading;
    const { mark } = writer;
    const { tally } = this.lines;
    const { length } = tampering;
    try {
      work();
      return undefined;
    } catch (error) {
      writer.backTo(mark);
      this.lines.backTo(tally);
      reading.inside = inside;
      reading.memory = memory;
      tampering.length = length;
      return programFault(error);
    }
  }
}
