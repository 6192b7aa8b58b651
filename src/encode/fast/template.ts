/**
 * A message as fixed octets with gaps for values, learnt from messages that the
 * clear encoders made: of two samples that differ in all values and in nothing
 * else. Where each value of a sample is found is a gap; what remains must be the
 * same in both, or nothing is learnt. So a template knows nothing of syslog, of
 * DICOM or of OpenEMR, and the clear encoders stay the only definition of a message.
 *
 *     <85>1 |timestamp| emr.clinic.example openemr - - [meta sequenceId="|sequenceId|"]…
 *     <ParticipantObjectDetail type="row" value="|base64: "default::" + row|"/>…
 *
 * Measured: see `rows.ts` and `text-lines.ts`. A fixed piece is copied by `set`, 15 to 25 ns
 * whatever its length; `Buffer.copy` takes 60, a loop about 1.5 ns an octet.
 */
import { VALUES, Value, type Values } from './values.js';

/** A message, as an octet string, and the text of each value in it, by the value's number; `undefined` where it has none. */
export interface Sample {
  readonly text: string;
  readonly values: readonly (string | undefined)[];
}

interface Gap {
  readonly value: Value;
  /** The value stands in base64, with these octets before and after it inside the encoded text. */
  readonly encoded?: { readonly before: string; readonly after: string };
}

interface Step {
  readonly fixed: Uint8Array;
  readonly value: number;
  readonly isEncoded: boolean;
  /** Of an encoded value: the octets before and after it. */
  readonly before: Uint8Array;
  readonly after: Uint8Array;
}

export class Template {
  readonly #steps: readonly Step[];
  readonly #end: Uint8Array;
  readonly #fixedLength: number;
  /** Gaps with the value as it is: how many there are of each. */
  readonly #plainGaps = new Int32Array(VALUES);
  readonly #encodedSteps: readonly Step[];
  /** Of the gaps in the message that was written last. */
  readonly #places: Int32Array;
  /** There are numbers and times, and then the line as it is. */
  readonly endsWithLine: boolean;

  /** `undefined`: the samples differ in more than their values. */
  static learn(one: Sample, other: Sample): Template | undefined {
    const found = piecesOf(one);
    if (found === undefined || JSON.stringify(found) !== JSON.stringify(piecesOf(other))) return undefined;
    return new Template(found);
  }

  private constructor(pieces: readonly (string | Gap)[]) {
    const steps: Step[] = [];
    let fixed = '';
    for (const piece of pieces) {
      if (typeof piece === 'string') fixed += piece;
      else {
        const { before = '', after = '' } = piece.encoded ?? {};
        // Whole groups of base64 before the value are always the same.
        const whole = before.length - (before.length % 3);
        steps.push({
          fixed: octetsOf(fixed + btoa(before.slice(0, whole))),
          value: piece.value,
          isEncoded: piece.encoded !== undefined,
          before: octetsOf(before.slice(whole)),
          after: octetsOf(after),
        });
        fixed = '';
      }
    }
    this.#steps = steps;
    this.#places = new Int32Array(steps.length);
    this.#end = octetsOf(fixed);
    const last = steps.length - 1;
    this.endsWithLine =
      fixed === '' &&
      steps.every(
        ({ isEncoded, value }, index) => !isEncoded && (index < last ? value < Value.line : value === Value.line),
      );
    this.#fixedLength = steps.reduce((sum, step) => sum + step.fixed.length, this.#end.length);
    this.#encodedSteps = steps.filter(({ isEncoded }) => isEncoded);
    for (const { value, isEncoded } of steps) if (!isEncoded) this.#plainGaps[value]! += 1;
  }

  /** How often the value stands in the message as it is, not in base64. */
  times(value: Value): number {
    return this.#plainGaps[value]!;
  }

  /** Octets of the message with these values. */
  lengthWith({ from, to }: Values): number {
    let length = this.#fixedLength;
    const gaps = this.#plainGaps;
    for (let value = 0; value < VALUES; value++) {
      const times = gaps[value]!;
      if (times > 0) length += times * (to[value]! - from[value]!);
    }
    const encoded = this.#encodedSteps;
    for (let index = 0; index < encoded.length; index++) {
      const { value, before, after } = encoded[index]!;
      length += base64Length(before.length + to[value]! - from[value]! + after.length);
    }
    return length;
  }

  /**
   * Writes the message like the one that this template has written at `before` in the same buffer, if all but the line
   * has the same timestamp and as many digits: then most of it is moved at once and only digits are written, which takes
   * half the time. Gives the place behind it, or -1.
   */
  writeLike(before: number, out: Buffer, start: number, { from, to, made, line }: Values): number {
    const steps = this.#steps;
    const places = this.#places;
    const last = steps.length - 1;
    for (let index = 0; index < last; index++) {
      const { value } = steps[index]!;
      if (places[index + 1]! - places[index]! !== to[value]! - from[value]! + steps[index + 1]!.fixed.length) return -1;
    }
    out.copyWithin(start, before, before + places[last]!);
    for (let index = 0; index < last; index++) {
      const { value } = steps[index]!;
      if (value === Value.timestamp) continue;
      let at = start + places[index]!;
      for (let place = from[value]!; place < to[value]!; place++) out[at++] = made[place]!;
    }
    return start + places[last]! + line.copy(out, start + places[last]!, from[Value.line]!, to[Value.line]!);
  }

  /** Writes the message; there must be room. Gives the place behind it. */
  write(out: Buffer, start: number, values: Values): number {
    const { from, to, made, line } = values;
    const steps = this.#steps;
    let at = start;
    for (let index = 0; index < steps.length; index++) {
      const step = steps[index]!;
      at = writeOctets(out, at, step.fixed);
      this.#places[index] = at - start;
      const { value } = step;
      const source = value < Value.line ? made : line;
      const begin = from[value]!;
      const end = to[value]!;
      if (step.isEncoded) {
        at =
          step.before.length + step.after.length === 0
            ? writeBase64(out, at, source, begin, end)
            : writeBase64Around(out, at, step, source, begin, end);
      } else if (end - begin > SHORT) {
        source.copy(out, at, begin, end);
        at += end - begin;
      } else for (let place = begin; place < end; place++) out[at++] = source[place]!;
    }
    return writeOctets(out, at, this.#end);
  }
}

/** Up to here a loop is faster than a call that copies. */
const SHORT = 40;
const VERY_SHORT = 10;

function writeOctets(out: Uint8Array, start: number, octets: Uint8Array): number {
  const { length } = octets;
  if (length > VERY_SHORT) {
    out.set(octets, start);
    return start + length;
  }
  let at = start;
  for (let index = 0; index < length; index++) out[at++] = octets[index]!;
  return at;
}

const BASE64 = octetsOf('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/');
const PADDING = 0x3d;

function base64Length(octets: number): number {
  return 4 * Math.ceil(octets / 3);
}

function writeBase64(out: Uint8Array, start: number, source: Uint8Array, from: number, to: number): number {
  let at = start;
  let place = from;
  for (; place + 2 < to; place += 3) {
    const group = (source[place]! << 16) | (source[place + 1]! << 8) | source[place + 2]!;
    out[at] = BASE64[group >> 18]!;
    out[at + 1] = BASE64[(group >> 12) & 63]!;
    out[at + 2] = BASE64[(group >> 6) & 63]!;
    out[at + 3] = BASE64[group & 63]!;
    at += 4;
  }
  if (place === to) return at;
  const isPair = place + 1 < to;
  const group = (source[place]! << 16) | (isPair ? source[place + 1]! << 8 : 0);
  out[at] = BASE64[group >> 18]!;
  out[at + 1] = BASE64[(group >> 12) & 63]!;
  out[at + 2] = isPair ? BASE64[(group >> 6) & 63]! : PADDING;
  out[at + 3] = PADDING;
  return at + 4;
}

let joined = Buffer.alloc(1024);

/** With octets before and after the value inside the encoded text. */
function writeBase64Around(
  out: Uint8Array,
  at: number,
  { before, after }: Step,
  source: Buffer,
  from: number,
  to: number,
): number {
  const length = before.length + to - from + after.length;
  if (length > joined.length) joined = Buffer.alloc(2 * length);
  let end = writeOctets(joined, 0, before);
  for (let place = from; place < to; place++) joined[end++] = source[place]!;
  return writeBase64(out, at, joined, 0, writeOctets(joined, end, after));
}

/* Learning, which happens once for each form of message. */

/** The text in pieces: fixed ones, and gaps where values stand. `undefined`: something encoded holds more than one. */
function piecesOf({ text, values }: Sample): (string | Gap)[] | undefined {
  const pieces: (string | Gap)[] = [];
  let end = 0;
  for (const { index, 0: encoded } of text.matchAll(ENCODED)) {
    const gap = encodedGap(encoded, values);
    if (gap === 'several') return undefined;
    if (gap === undefined) continue;
    pieces.push(...plainPieces(text.slice(end, index), values), gap);
    end = index + encoded.length;
  }
  pieces.push(...plainPieces(text.slice(end), values));
  return pieces;
}

/** What may be base64, between quotes or tags. */
const ENCODED = /(?<=[">])[A-Za-z\d+/]{4,}={0,2}(?=["<])/g;

function encodedGap(encoded: string, values: Sample['values']): Gap | 'several' | undefined {
  if (values.includes(encoded)) return undefined;
  const octets = Buffer.from(encoded, 'base64');
  if (octets.toString('base64') !== encoded) return undefined;
  const [before = '', gap, after = '', ...more] = plainPiecesAround(octets.toString('latin1'), values);
  if (gap === undefined) return undefined;
  if (more.length > 0 || typeof before !== 'string' || typeof gap === 'string' || typeof after !== 'string')
    return 'several';
  return { value: gap.value, encoded: { before, after } };
}

/** Fixed, gap, fixed, gap … fixed; the fixed ones may be empty. */
function plainPiecesAround(text: string, values: Sample['values']): (string | Gap)[] {
  const known = values.flatMap((value, number) => (value ? [{ value, number: number as Value }] : []));
  const pieces: (string | Gap)[] = [];
  let rest = text;
  for (;;) {
    const places = known.map(({ value, number }) => ({ value, number, at: rest.indexOf(value) }));
    const found = places.filter(({ at }) => at !== -1);
    if (found.length === 0) return [...pieces, rest];
    // The first; of several that begin there, the longest.
    const first = found.reduce((a, b) => (b.at < a.at || (b.at === a.at && b.value.length > a.value.length) ? b : a));
    pieces.push(rest.slice(0, first.at), { value: first.number });
    rest = rest.slice(first.at + first.value.length);
  }
}

function plainPieces(text: string, values: Sample['values']): (string | Gap)[] {
  return plainPiecesAround(text, values).filter((piece) => piece !== '');
}

function octetsOf(text: string): Uint8Array {
  return Uint8Array.from(Buffer.from(text, 'latin1'));
}
