/**
 * Turns one line at a time into frames. First the line is described (its messages
 * are made, which may throw), then written (numbers, counts and frames move on,
 * which cannot). Nothing has changed in between, so a line that throws leaves no
 * trace.
 *
 * Throwing is a fault of this program, and the next start would meet the same
 * line again. No content of a line may stop the audit trail: such a line is sent
 * unchanged, marked `unparsed="fault"`. If that is not allowed, because comments
 * are left out, or throws as well, a `gap` message names its bytes, which are
 * still in the file. Why: docs/decisions/0016.
 */
import type { MessageConfig } from '../config/config.js';
import { programFault } from '../lib/program-fault.js';
import type { MessageName, Run } from '../model/entry.js';
import type { InsideLine, LineMemory, Position } from '../model/position.js';
import type { Tampering } from '../model/record.js';
import type { FrameWriter } from '../syslog/frame-writer.js';
import { BOM } from '../syslog/rfc5424.js';
import type { FastLines, Outcome } from './fast/fast-lines.js';
import { type OwnMessage, unsentMessage } from './own-message.js';
import { cutParts, msgForm } from './parts.js';
import type { Describer, Description, MessageMaker, Part, Profile, Unsent } from './profile.js';

/** The journal entry that one chunk becomes, while its lines are being written. */
export interface OpenEntry {
  readonly bytes: Buffer;
  /** Where `bytes` begin. */
  readonly from: Position;
  readonly to: Position;
  readonly readAtMs: number;
  /** All of the bytes are ASCII: no line needs to be asked. */
  readonly ascii: boolean;
  /** Takes the plain lines. */
  fast: FastLines | undefined;
  readonly maker: MessageMaker;
  readonly describer: Describer;
  /** The line that the next byte stands in, if it was begun before. */
  inside: InsideLine | undefined;
  /** What the lines so far say of those after them. */
  memory: LineMemory;
  readonly writer: FrameWriter;
  /** Signs of it in the lines so far. */
  readonly tampering: Tampering[];
  /** Lines so far that a fault of this program kept from their format. */
  readonly faults: LineFault[];
}

/** A line, or a piece of one, of which no message could be made as its format asks. */
export interface LineFault {
  readonly from: number;
  readonly to: number;
  /** The bytes have not gone out at all. */
  readonly unsent: boolean;
  /** What was thrown, and where in the program; no content. */
  readonly fault: string;
}

export interface LineWriterOptions {
  readonly message: MessageConfig;
  readonly profile: Profile;
  readonly run: Run;
  readonly nextSeq: number;
  readonly follows: MessageName | undefined;
}

/** A message before it is framed: `header`, then a byte order mark if wanted, then `bytes` from `start` to `end`. */
interface Message {
  header: string;
  bom: boolean;
  bytes: Buffer;
  start: number;
  end: number;
}

export class LineWriter {
  readonly counts: EncoderCounts = noCounts();
  /** Of `counts.lines`: those that the fast path took. */
  fastLines = 0;
  /** The number that the next message will get. */
  nextSeq: number;
  /** The message that carries `follows`. */
  readonly #firstSeq: number;
  /** The messages of the line that is being described; objects are used again for the next line, which costs less. */
  readonly #described: Message[] = [];
  #count = 0;

  constructor(private readonly options: LineWriterOptions) {
    this.nextSeq = options.nextSeq;
    this.#firstSeq = options.nextSeq;
  }

  /** Up to `end` a line is over: a whole one, or the last piece of one begun in an earlier chunk. */
  line(entry: OpenEntry, start: number, end: number): void {
    if (entry.inside !== undefined) this.piece(entry, start, end, true);
    else if (start === end) this.counts.empty += 1;
    else if (!this.#isTaken(entry, start, end)) this.#whole(entry, start, end);
  }

  /** A piece of a line that the source could not take whole. */
  piece(entry: OpenEntry, start: number, end: number, last: boolean): void {
    const inside = entry.inside ?? { start: entry.from.offset + start, parts: 0 };
    let piece: Description;
    let parts: number;
    try {
      this.#count = 0;
      piece = entry.describer.piece(entry.bytes, start, end, entry.memory);
      parts = this.#describeParts(entry, piece, inside, piece.msg ?? entry.bytes.subarray(start, end), last);
    } catch (error) {
      this.#unchanged(entry, start, end, last, programFault(error));
      return;
    }
    this.#writePiece(entry, piece, inside, parts, last);
  }

  /** One of the agent's own messages. Throws before anything has changed. */
  own(writer: FrameWriter, { kind, fields, severity }: OwnMessage, nowMs: number): void {
    const name = { run: this.options.run, seq: this.nextSeq };
    const words = { kind, fields, severity, nowMs };
    writer.add(this.options.profile.own(name, this.#follows(name.seq), words), false, NO_BYTES, 0, 0);
    this.nextSeq += 1;
    this.counts.messages += 1;
  }

  /** Tells that no message could be made of these bytes. Should this throw as well, it is no line's doing. */
  gap(entry: OpenEntry, start: number, end: number, fault: string): void {
    const from = entry.from.offset + start;
    const to = entry.from.offset + end;
    entry.faults.push({ from, to, unsent: true, fault });
    this.own(entry.writer, unsentMessage(entry.to, from, to), entry.readAtMs);
  }

  /** A plain line, by the fast path. One that throws there has left no trace, and goes the clear way, as does the rest of the chunk. */
  #isTaken(entry: OpenEntry, start: number, end: number): boolean {
    const { fast } = entry;
    if (fast === undefined || this.#follows(this.nextSeq) !== undefined) return false;
    let outcome: Outcome;
    try {
      outcome = fast.take(entry.writer, start, end, this.nextSeq, entry.memory);
    } catch {
      entry.fast = undefined;
      return false;
    }
    if (outcome === 'declined') return false;
    this.counts.lines += 1;
    this.fastLines += 1;
    if (outcome === 'sent') {
      this.nextSeq += 1;
      this.counts.messages += 1;
    } else this.counts.filtered += 1;
    return true;
  }

  #whole(entry: OpenEntry, start: number, end: number): void {
    let line: Description | Unsent;
    let parts = 0;
    try {
      this.#count = 0;
      line = entry.describer.line(entry.bytes, start, end, entry.memory);
      if (!('unsent' in line)) parts = this.#describe(entry, line, start, end);
    } catch (error) {
      this.#unchanged(entry, start, end, true, programFault(error));
      return;
    }
    entry.memory = line.memory;
    this.#countLine(line);
    if (line.tampering !== undefined) entry.tampering.push(line.tampering);
    if (!('unsent' in line)) this.#write(entry, parts);
  }

  /** A line, or a piece of one, that threw: sent without a look into it, if that may be. */
  #unchanged(entry: OpenEntry, start: number, end: number, last: boolean, fault: string): void {
    const { describer, bytes, memory, from } = entry;
    const whole = last && entry.inside === undefined;
    const inside = entry.inside ?? { start: from.offset + start, parts: 0 };
    let description: Description | undefined;
    let parts = 0;
    try {
      this.#count = 0;
      description = describer.asItIs(bytes, start, end, memory);
      if (description !== undefined) {
        parts = whole
          ? this.#describe(entry, description, start, end)
          : this.#describeParts(entry, description, inside, description.msg ?? bytes.subarray(start, end), last);
      }
    } catch {
      description = undefined;
    }
    this.counts.faulty += 1;
    if (description === undefined) {
      if (entry.inside === undefined) this.counts.lines += 1;
      this.gap(entry, start, end, fault);
      entry.inside = last ? undefined : inside;
      return;
    }
    entry.faults.push({ from: from.offset + start, to: from.offset + end, unsent: false, fault });
    if (whole) {
      this.#countLine(description);
      this.#write(entry, parts);
    } else this.#writePiece(entry, description, inside, parts, last);
  }

  /** The messages of a whole line: one, if it fits, and a second that it asks for. Gives how many parts are among them. */
  #describe(entry: OpenEntry, line: Description, start: number, end: number): number {
    const { msg, also } = line;
    const parts =
      msg === undefined
        ? this.#describeWhole(entry, line, start, entry.bytes, start, end)
        : this.#describeWhole(entry, line, start, msg, 0, msg.length);
    return also === undefined ? parts : parts + this.#describe(entry, also, start, end);
  }

  #describeWhole(entry: OpenEntry, line: Description, at: number, bytes: Buffer, start: number, end: number): number {
    const { bom: marks, maxBytes } = this.options.message;
    const offset = entry.from.offset + at;
    const header = this.#header(entry, line, offset);
    const ascii = entry.ascii && bytes === entry.bytes;
    const form = ascii ? 'plain' : msgForm(bytes.subarray(start, end), marks, false);
    const bom = form === 'marked';
    const length = header.length + (bom ? BOM.length : 0) + end - start;
    if (form === 'cut' || length > maxBytes) {
      return this.#describeParts(entry, line, { start: offset, parts: 0 }, bytes.subarray(start, end), true);
    }
    this.#add(header, bom, bytes, start, end);
    return 0;
  }

  /** A line or a piece in as many parts as it takes; gives how many. */
  #describeParts(entry: OpenEntry, line: Description, inside: InsideLine, bytes: Buffer, last: boolean): number {
    const ends = cutParts(bytes, entry.maker.room(line));
    const total = last ? inside.parts + ends.length : undefined;
    let start = 0;
    for (const [index, end] of ends.entries()) {
      const number = inside.parts + index + 1;
      const header = this.#header(entry, line, inside.start, { number, total });
      const bom = msgForm(bytes.subarray(start, end), this.options.message.bom, number > 1) === 'marked';
      this.#add(header, bom, bytes, start, end);
      start = end;
    }
    return ends.length;
  }

  #add(header: string, bom: boolean, bytes: Buffer, start: number, end: number): void {
    const used = this.#described[this.#count];
    if (used === undefined) this.#described.push({ header, bom, bytes, start, end });
    else {
      used.header = header;
      used.bom = bom;
      used.bytes = bytes;
      used.start = start;
      used.end = end;
    }
    this.#count += 1;
  }

  /** Of the next message that is described. */
  #header(entry: OpenEntry, line: Description, offset: number, part?: Part): string {
    const seq = this.nextSeq + this.#count;
    const follows = this.#follows(seq);
    const extra = part === undefined && follows === undefined ? '' : entry.maker.extra(part, follows);
    return entry.maker.format(line, seq, entry.from.tailId, offset, extra);
  }

  #follows(seq: number): MessageName | undefined {
    return seq === this.#firstSeq ? this.options.follows : undefined;
  }

  #write({ writer }: OpenEntry, parts: number): void {
    for (let index = 0; index < this.#count; index++) {
      const { header, bom, bytes, start, end } = this.#described[index]!;
      writer.add(header, bom, bytes, start, end);
    }
    this.nextSeq += this.#count;
    this.counts.messages += this.#count;
    this.counts.parts += parts;
  }

  #writePiece(entry: OpenEntry, piece: Description, inside: InsideLine, parts: number, last: boolean): void {
    if (entry.inside === undefined) this.#countLine(piece);
    this.#write(entry, parts);
    entry.inside = last ? undefined : { start: inside.start, parts: inside.parts + parts };
  }

  /** A line begins, and this is what became of it. */
  #countLine(line: Description | Unsent): void {
    const { counts } = this;
    if ('unsent' in line && line.unsent === 'heading') {
      counts.headings += 1;
      return;
    }
    if ('unsent' in line) counts.filtered += 1;
    else if (!line.parsed) counts.unparsed += 1;
    counts.lines += 1;
    if (line.unverifiable === true) counts.unverifiable += 1;
    if (line.tampering === undefined) return;
    if (line.tampering.how === 'altered') counts.altered += 1;
    else counts.changed += 1;
  }
}

const NO_BYTES = Buffer.alloc(0);

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
  /** Rows that do not fit their checksum where the database may have stored something else than OpenEMR hashed. */
  unverifiable: number;
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
    unverifiable: 0,
    changed: 0,
    faulty: 0,
    headings: 0,
  };
}
