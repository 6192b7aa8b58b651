/**
 * Defines the fast path of one source: it writes the message of a plain line
 * straight into the frames, octet for octet as the clear encoders (`plain.ts`,
 * `atna.ts`) would, and leaves every line that is in any way unusual to them.
 * How: `template.ts`. That both write the same: `test/encode/fast/`.
 */
import type { ClockSync } from '../../lib/clock.js';
import type { Chunk } from '../../model/line.js';
import type { LineMemory } from '../../model/position.js';
import type { FrameWriter } from '../../syslog/frame-writer.js';
import { sequenceIdOf } from '../../syslog/rfc5424.js';
import type { MessageMaker } from '../profile.js';
import { type Sample, Template } from './template.js';
import { Value } from './values.js';

export interface FastLines {
  /** The lines of this chunk come next. */
  begin(chunk: Chunk, ascii: boolean): void;
  /**
   * The line is `chunk.bytes` from `start` to `end`, and not empty. Unless it was sent nothing has changed; the file's
   * memory stays as it is in any case.
   */
  take(writer: FrameWriter, start: number, end: number, seq: number, memory: LineMemory): Outcome;
}

/** `declined`: the clear encoder must look at the line. `filtered`: it is a row that the configuration leaves out. */
export type Outcome = 'sent' | 'filtered' | 'declined';

/** Makes messages as they are while the clock is in this state, and leaves no row out. */
export type MakerFor = (clock: ClockSync) => MessageMaker;

/** A line of whose message a template may be learnt. */
export interface SampleLine {
  readonly bytes: Buffer;
  readonly readAtMs: number;
  readonly path: string;
  readonly memory: LineMemory;
  /** Texts of the line's values, by their numbers; the name's are added. */
  readonly values: readonly (string | undefined)[];
}

/** `undefined`: the messages of these lines are not one template with different values. */
export function learn(maker: MessageMaker, lines: readonly [SampleLine, SampleLine]): Template | undefined {
  const [one, other] = lines.map((line, index) => sampleOf(maker, line, NAMES[index]!));
  return one && other && Template.learn(one, other);
}

/** Numbers beyond those of `sequenceId`, so that the two are told apart. */
const NAMES = [
  { seq: 6_111_311_171_113, tailId: 'a71c44d09e3b52f8', offset: 7_212_919_712_119 },
  { seq: 8_383_787_573_853, tailId: '58e90b63c1d7f2a4', offset: 9_494_696_494_949 },
] as const;

function sampleOf(maker: MessageMaker, line: SampleLine, name: (typeof NAMES)[number]): Sample | undefined {
  const { bytes, path, readAtMs, memory } = line;
  const { seq, tailId, offset } = name;
  const description = maker.describer(path, readAtMs).line(bytes, 0, bytes.length, memory);
  if ('unsent' in description || !description.parsed || description.tampering || description.also) return undefined;
  const { msg } = description;
  if (msg !== undefined && msg.length > 0) return undefined;
  const values = [...line.values];
  values[Value.sequenceId] = String(sequenceIdOf(seq));
  values[Value.seq] = String(seq);
  values[Value.id] = `${tailId}:${offset}`;
  const header = maker.format(description, seq, tailId, offset, '');
  return { text: msg === undefined ? header + bytes.toString('latin1') : header, values };
}
