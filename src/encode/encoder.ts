/**
 * Encodes a chunk of a source's bytes into one journal entry: its lines as RFC 5424
 * messages in RFC 5425 frames, each with its permanent number, and the position
 * behind them.
 *
 * MSG is the line byte for byte, unless the profile or the configuration puts
 * something else there; a byte order mark comes first when it is UTF-8 beyond
 * ASCII and does not begin with one. A line ends at LF, one CR before it is not
 * part of it, nor is the byte order mark of a file. Empty lines are counted, not
 * sent. What is longer than a message, or could only be read in pieces by the
 * source, is sent in numbered parts with one `id`: `1/3 2/3 3/3`, or
 * `1/* 2/* 3/3` while the total is unknown. A line whose end comes alone (LF
 * after a wait) is closed by a part without content.
 *
 * Known limit: a piece that ends between CR and LF has sent the CR.
 */
import { isAscii } from 'node:buffer';
import type { MessageConfig, SourceConfig } from '../config/config.js';
import type { ClockSync } from '../lib/clock.js';
import { AgentError } from '../lib/errors.js';
import { programFault } from '../lib/program-fault.js';
import type { MessageName, NewEntry, Run } from '../model/entry.js';
import type { Chunk } from '../model/line.js';
import type { InsideLine, LineMemory, Position, TailId } from '../model/position.js';
import type { Field } from '../model/record.js';
import { FrameWriter } from '../syslog/frame-writer.js';
import type { Severity } from '../syslog/priority.js';
import { BOM } from '../syslog/rfc5424.js';
import { AtnaProfile } from './atna.js';
import type { FastLines } from './fast/fast-lines.js';
import { RowLines } from './fast/rows.js';
import { TextLines } from './fast/text-lines.js';
import { type EncoderCounts, type LineFault, LineWriter, type OpenEntry } from './line-writer.js';
import { tamperMessage } from './own-message.js';
import { hasBom } from './parts.js';
import { PlainProfile } from './plain.js';
import type { MessageMaker, Profile } from './profile.js';

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
  /** Told of the lines of one read of which no message could be made as their format asks, in their order. */
  readonly faulty?: (at: Position, faults: readonly LineFault[]) => void;
  /** Default: as `message.profile` says. */
  readonly profile?: Profile;
  /** Default: true, unless there is a `profile`. False: every line takes the clear path; what comes out is the same. */
  readonly fast?: boolean;
}

export class Encoder {
  readonly #run: Run;
  readonly #lines: LineWriter;
  readonly #sources: ReadonlyMap<string, SourceEncoder>;
  readonly #tampered: NonNullable<EncoderOptions['tampered']>;
  readonly #faulty: NonNullable<EncoderOptions['faulty']>;
  #tails: Map<TailId, TailState>;
  /**
   * Frames are written here, and copied out when all are there: a buffer made for each read, larger than what comes of it,
   * filled memory so fast that V8 collected all of it a hundred times in a million lines, at a third of the CPU time.
   */
  #arena: Buffer = Buffer.allocUnsafeSlow(OWN_BYTES);

  constructor(options: EncoderOptions) {
    const { sources, message, run, nextSeq, positions, follows, clock = () => 'unknown' as const } = options;
    const profile = options.profile ?? profileOf(message, run, clock);
    this.#run = run;
    this.#lines = new LineWriter({ message, profile, run, nextSeq, follows });
    const fast = options.fast ?? options.profile === undefined;
    this.#sources = new Map(
      sources.map((source) => {
        const maker = profile.maker(source);
        return [source.name, { maker, fast: fast ? fastLinesOf(source, message, run, clock) : undefined }];
      }),
    );
    this.#tampered = options.tampered ?? (() => undefined);
    this.#faulty = options.faulty ?? (() => undefined);
    this.#tails = statesAt(positions);
  }

  get counts(): EncoderCounts {
    return this.#lines.counts;
  }

  /** Of `counts.lines`: those that the fast path took. */
  get fastLines(): number {
    return this.#lines.fastLines;
  }

  /** The number that the next message will get. */
  get nextSeq(): number {
    return this.#lines.nextSeq;
  }

  /** One read becomes one entry; `count` is 0 when it only moves the position. No content of a line makes this throw. */
  encode(chunk: Chunk): NewEntry {
    const { bytes, from, to, ending } = chunk;
    const first = { run: this.#run, seq: this.nextSeq };
    const entry = this.#begin(chunk);
    const lines = this.#lines;
    let at = from.offset === 0 && hasBom(bytes, 0) ? BOM.length : 0;
    for (let lf = bytes.indexOf(LF, at); lf !== -1; lf = bytes.indexOf(LF, at)) {
      lines.line(entry, at, lf > at && bytes[lf - 1] === CR ? lf - 1 : lf);
      at = lf + 1;
    }
    const goesOn = ending === 'part' || ending === 'waiting';
    if (at < bytes.length && goesOn) lines.piece(entry, at, bytes.length, false);
    else if (at < bytes.length) lines.line(entry, at, bytes.length);
    else if (ending === 'final' && entry.inside !== undefined) lines.piece(entry, at, at, true);
    if (entry.tampering.length > 0) this.#alarm(entry);
    if (entry.faults.length > 0) this.#faulty(to, entry.faults);
    const { frames, count, buffer } = entry.writer;
    if (buffer.length <= KEPT_BYTES) this.#arena = buffer;
    return { from: from.offset, to: this.#settle(entry), first, count, frames: Buffer.from(frames) };
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
    const first = { run: this.#run, seq: this.nextSeq };
    const writer = new FrameWriter(Buffer.allocUnsafeSlow(OWN_BYTES));
    this.#lines.own(writer, { kind, fields, severity }, nowMs);
    return { from: undefined, to: undefined, first, count: 1, frames: writer.frames };
  }

  /** The journal lost what it had not synced: numbers and tails go back to what it holds. `counts` keep what was done twice. */
  reset(nextSeq: number, positions: readonly Position[]): void {
    this.#lines.nextSeq = nextSeq;
    this.#tails = statesAt(positions);
  }

  #begin(chunk: Chunk): OpenEntry {
    const { from, to, bytes, readAtMs } = chunk;
    const source = this.#sources.get(from.source);
    if (source === undefined) throw new AgentError('unknown-source', `${from.path} belongs to no configured source`);
    const { maker, fast } = source;
    const ascii = isAscii(bytes);
    fast?.begin(chunk, ascii);
    return {
      ...(this.#tails.get(from.tailId) ?? stateAt(from)),
      bytes,
      from,
      to,
      readAtMs,
      ascii,
      fast,
      maker,
      describer: maker.describer(to.path, readAtMs),
      writer: new FrameWriter(this.#arena),
      tampering: [],
      faults: [],
    };
  }

  /** In the entry of the rows themselves, so that it is neither lost nor sent twice. */
  #alarm(entry: OpenEntry): void {
    const { tampering, writer, readAtMs } = entry;
    const { source, path: file } = entry.to;
    try {
      this.#lines.own(writer, tamperMessage(source, file, tampering), readAtMs);
    } catch (error) {
      this.#lines.gap(entry, 0, entry.bytes.length, programFault(error));
    }
    this.#tampered({ source, file, rows: tampering.length });
  }

  #settle({ inside, memory, to }: OpenEntry): Position {
    if (to.gone) this.#tails.delete(to.tailId);
    else this.#tails.set(to.tailId, { inside, memory });
    return positionWith(to, { inside, memory });
  }
}

const LF = 0x0a;
const CR = 0x0d;
/** Most of the agent's own messages are shorter; a buffer grows. */
const OWN_BYTES = 1024;
/** Frames of one read are seldom more; a larger buffer is not kept. */
const KEPT_BYTES = 4 * 1024 * 1024;

interface SourceEncoder {
  readonly maker: MessageMaker;
  readonly fast: FastLines | undefined;
}

/** What goes with a tail from chunk to chunk, and into its position. */
interface TailState {
  readonly inside: InsideLine | undefined;
  readonly memory: LineMemory;
}

function statesAt(positions: readonly Position[]): Map<TailId, TailState> {
  return new Map(positions.map((position) => [position.tailId, stateAt(position)]));
}

function stateAt({ insideLine, doubledHour, columns }: Position): TailState {
  return { inside: insideLine, memory: { ...(doubledHour && { doubledHour }), ...(columns && { columns }) } };
}

/** The position, with what the next chunk of this tail has to know. */
function positionWith(position: Position, { inside, memory }: TailState): Position {
  const { insideLine: _inside, doubledHour: _hour, columns: _columns, ...place } = position;
  const { doubledHour, columns } = memory;
  return {
    ...place,
    ...(inside && { insideLine: inside }),
    ...(doubledHour && { doubledHour }),
    ...(columns && { columns }),
  };
}

/** The configuration decides once for all messages. `clock`: whether this machine's clock is synchronised, now. */
export function profileOf(message: MessageConfig, run: Run, clock: () => ClockSync): Profile {
  switch (message.profile) {
    case 'plain':
      return new PlainProfile(message, run, clock);
    case 'atna':
      return new AtnaProfile(message, run);
    default:
      return message.profile satisfies never;
  }
}

/** `undefined`: what goes out of each line has to be looked for in it. */
function fastLinesOf(
  source: SourceConfig,
  message: MessageConfig,
  run: Run,
  clock: () => ClockSync,
): FastLines | undefined {
  const isText = source.format === 'text';
  const isRewritten = !isText && message.profile === 'plain' && message.comments !== 'encoded';
  if (message.redact.length > 0 || isRewritten) return undefined;
  // Cells or JSON, a row is the same row; whether it is left out is asked before.
  const taught: SourceConfig = isText ? source : { ...source, format: 'openemr' };
  const teaching: MessageConfig = { ...message, include: [], exclude: [] };
  const makers = new Map<ClockSync, MessageMaker>();
  const makerFor = (state: ClockSync) => {
    const maker = makers.get(state) ?? profileOf(teaching, run, () => state).maker(taught);
    makers.set(state, maker);
    return maker;
  };
  return isText ? new TextLines(makerFor, clock) : new RowLines({ source, message, makerFor, clock });
}
