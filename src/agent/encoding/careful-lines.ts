/**
 * Lines of a chunk in which making a message of one has thrown. That is a fault
 * of the program, and the next start would meet it again: no content of a line
 * may switch the audit off, so each line is tried by itself. One that throws
 * goes out as it is, marked `unparsed="fault"`; where that must not be, because
 * comments are left out, or throws as well, a `gap` message names its bytes,
 * which are still in the file. Why: docs/decisions/0016.
 */
import { programFault } from '../../lib/program-fault.js';
import type { Position } from '../../model/position.js';
import { unsentMessage } from '../intake/own-messages.js';
import type { Lines, LineWriter } from './line-writer.js';
import type { OwnWords } from './message-maker.js';
import type { Reading } from './reading.js';

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
