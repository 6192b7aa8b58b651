/**
 * The fast path for lines of text, of ASCII and no longer than a message: nothing
 * differs between two of their messages but the line, its numbers and the time of
 * reading. Where the line before has numbers of as many digits, its message is moved
 * and only the digits are written.
 *
 * Measured (lines of 366 octets; CPU s a million, clear and fast in turn, three rounds):
 * 1.33 to 1.52 and 0.56.
 */
import { isAscii } from 'node:buffer';
import type { ClockSync } from '../../lib/clock.js';
import type { Chunk } from '../../model/line.js';
import type { FrameWriter } from '../../syslog/frame-writer.js';
import { timestampOf } from '../../syslog/timestamp.js';
import { type FastLines, learn, type MakerFor, type Outcome, type SampleLine } from './fast-lines.js';
import type { Template } from './template.js';
import { Value, Values } from './values.js';

export class TextLines implements FastLines {
  readonly #values = new Values();
  /** By the state of the clock; `undefined`: nothing could be learnt. */
  readonly #templates = new Map<ClockSync, Template | undefined>();
  #template: Template | undefined;
  #isAscii = false;
  #offset = 0;
  #max = 0;
  /** Where the message before stands, and in which buffer; it may have been overwritten since the chunk before. */
  #before = 0;
  #buffer: Buffer | undefined;

  constructor(
    private readonly makerFor: MakerFor,
    private readonly clock: () => ClockSync,
  ) {}

  begin({ bytes, from, readAtMs }: Chunk, isAsciiAll: boolean): void {
    this.#template = this.#templateNow();
    this.#values.begin(bytes, from.tailId, timestampOf(readAtMs));
    this.#isAscii = isAsciiAll;
    this.#offset = from.offset;
    this.#buffer = undefined;
  }

  take(writer: FrameWriter, start: number, end: number, seq: number): Outcome {
    const template = this.#template;
    const values = this.#values;
    if (template === undefined || (!this.#isAscii && !isAscii(values.line.subarray(start, end)))) return 'declined';
    values.name(seq, this.#offset + start);
    values.from[Value.line] = start;
    values.to[Value.line] = end;
    const length = template.lengthWith(values);
    if (length > this.#max) return 'declined';
    const at = writer.open(length);
    const { buffer } = writer;
    const behind = buffer === this.#buffer ? template.writeLike(this.#before, buffer, at, values) : -1;
    writer.close(behind === -1 ? template.write(buffer, at, values) : behind);
    this.#before = at;
    this.#buffer = template.endsWithLine ? buffer : undefined;
    return 'sent';
  }

  #templateNow(): Template | undefined {
    const clock = this.clock();
    const maker = this.makerFor(clock);
    this.#max = maker.whole.message;
    if (!this.#templates.has(clock)) {
      this.#templates.set(clock, learn(maker, [sampleLine('Zq4', 1), sampleLine('Xw7', 86_461_001)]));
    }
    return this.#templates.get(clock);
  }
}

function sampleLine(text: string, readAtMs: number): SampleLine {
  const values: string[] = [];
  values[Value.line] = text;
  values[Value.timestamp] = timestampOf(readAtMs);
  return { bytes: Buffer.from(text), path: '', readAtMs, memory: {}, values };
}
