/**
 * Reads the name, run and number, of a stored message from its octets, without making
 * an object: the form in which the agent sends a line, `[audit@PEN run="…" seq="…" …]`,
 * is checked octet by octet. Everything else, and whatever this is not sure of, is
 * left to `Identify`, which reads RFC 5424 to the letter; both find the same.
 */
import { isUtf8 } from 'node:buffer';
import type { Run } from '../model/entry.js';
import type { Identified, Identify } from './identity.js';

export class Names {
  /** Of the message last read, if it was ours. */
  run: Run = '';
  seq = 0;
  /** Runs met before, by the last three digits of their names: most messages need no new string. */
  readonly #known: (KnownRun | undefined)[] = new Array(4096);
  /** Octets of the last date that was read to the letter. */
  readonly #date = new Uint8Array(DATE_BYTES);

  constructor(private readonly identify: Identify) {}

  /** `undefined`: ours, a line, and all that it says is `run` and `seq`. */
  read(bytes: Buffer, start: number, end: number): Identified | undefined {
    if (this.#quick(bytes, start, end)) return undefined;
    const identified = this.identify(bytes.subarray(start, end));
    if (identified.name !== 'ours') return identified;
    this.run = this.#intern(identified.message.run);
    this.seq = identified.message.seq;
    // Its date is good; the next message will likely have the same.
    const date = dateAt(bytes, start);
    if (bytes[date] !== MINUS) bytes.copy(this.#date, 0, date, end);
    return identified;
  }

  #quick(bytes: Buffer, start: number, end: number): boolean {
    if (end - start < SHORTEST) return false;
    const date = dateAt(bytes, start);
    if (bytes[start] !== LESS || date === 0 || bytes[date - 1] !== SPACE || bytes[date - 2] !== ONE) return false;
    if (bytes[date - 3] !== GREATER || bytes[start + 1] === ZERO || !isPriority(bytes, start, date)) return false;
    for (let index = 0; index < DATE_BYTES; index++) if (bytes[date + index] !== this.#date[index]) return false;
    let at = afterTime(bytes, date + DATE_BYTES);
    if (at === 0) return false;
    for (const max of FIELDS) {
      const from = at;
      while (at < end && bytes[at]! > SPACE && bytes[at]! < DELETE) at += 1;
      if (at === from || at - from > max || bytes[at] !== SPACE) return false;
      at += 1;
    }
    return this.#structured(bytes, at, end);
  }

  /** All elements, each begun by another letter, so that no name can be there twice. */
  #structured(bytes: Buffer, from: number, end: number): boolean {
    let letters = 0;
    let ours = false;
    let at = from;
    while (at < end && bytes[at] === OPEN) {
      const letter = bytes[at + 1]!;
      if (letter < LOWER_A || letter > LOWER_Z || ((letters >>> (letter - LOWER_A)) & 1) === 1) return false;
      letters |= 1 << (letter - LOWER_A);
      const id = at + 1;
      at = nameEnd(bytes, id, end);
      if (at === 0 || bytes[at] === EQUALS) return false;
      if (letter === LOWER_A) {
        if (!this.#named(bytes, id, at, end)) return false;
        ours = true;
        at = this.#namedTo;
      }
      at = paramsEnd(bytes, at, end);
      if (at === 0) return false;
      at += 1;
    }
    if (!ours) return false;
    if (at === end) return true;
    if (bytes[at] !== SPACE) return false;
    if (bytes[at + 1] !== BOM[0] || bytes[at + 2] !== BOM[1] || bytes[at + 3] !== BOM[2]) return true;
    return at + 3 >= end || isUtf8(bytes.subarray(at + 1, end));
  }

  #namedTo = 0;

  /** `audit@PEN run="…" seq="…"`, the name's id ending at `idEnd`. */
  #named(bytes: Buffer, id: number, idEnd: number, end: number): boolean {
    for (let index = 0; index < AUDIT.length; index++) if (bytes[id + index] !== AUDIT[index]) return false;
    const pen = bytes[id + AUDIT.length]!;
    if (pen < ZERO || pen > NINE || idEnd + RUN_PARAM.length + RUN_BYTES + SEQ_PARAM.length > end) return false;
    let at = idEnd;
    for (let index = 0; index < RUN_PARAM.length; index++) if (bytes[at + index] !== RUN_PARAM[index]) return false;
    const run = at + RUN_PARAM.length;
    at = run + RUN_BYTES;
    for (let index = 0; index < SEQ_PARAM.length; index++) if (bytes[at + index] !== SEQ_PARAM[index]) return false;
    at += SEQ_PARAM.length;
    const first = at;
    let seq = 0;
    for (; at < end && bytes[at]! >= ZERO && bytes[at]! <= NINE; at++) seq = 10 * seq + bytes[at]! - ZERO;
    if (bytes[at] !== QUOTE || at === first || at - first > SEQ_DIGITS || bytes[first] === ZERO) return false;
    const known = this.#known[slotOf(bytes, run)];
    if (known === undefined) return false;
    for (let index = 0; index < RUN_BYTES; index++) if (bytes[run + index] !== known.octets[index]) return false;
    this.run = known.run;
    this.seq = seq;
    this.#namedTo = at + 1;
    return true;
  }

  /** The same string each time while no other run takes its place. */
  #intern(run: Run): Run {
    const octets = Buffer.from(run, 'latin1');
    const slot = slotOf(octets, 0);
    const known = this.#known[slot];
    if (known?.run === run) return known.run;
    this.#known[slot] = { run, octets };
    return run;
  }
}

interface KnownRun {
  readonly run: Run;
  readonly octets: Uint8Array;
}

/** `<1>1 2026-01-01T00:00:00Z - - - - [audit@1 run="…" seq="1"]` is no shorter. */
const SHORTEST = 60;
const DATE_BYTES = 10;
const RUN_BYTES = 16;
/** Numbers below 2^53; a longer one is read by `Identify`. */
const SEQ_DIGITS = 15;
/** HOSTNAME, APP-NAME, PROCID, MSGID (RFC 5424 section 6). */
const FIELDS = [255, 48, 128, 32] as const;

/** Where the date stands behind `<PRI>1 `; 0 where PRI does not end. */
function dateAt(bytes: Buffer, start: number): number {
  for (let at = start + 2; at <= start + 4; at++) if (bytes[at] === GREATER) return at + 3;
  return 0;
}

function isPriority(bytes: Buffer, start: number, date: number): boolean {
  let value = 0;
  for (let at = start + 1; at < date - 3; at++) {
    const octet = bytes[at]!;
    if (octet < ZERO || octet > NINE) return false;
    value = 10 * value + octet - ZERO;
  }
  return value > 0 && value <= 191;
}

/** `T09:15:40-05:00 ` or `T14:15:40.123Z `: what follows it, or 0. */
function afterTime(bytes: Buffer, from: number): number {
  let at = from;
  if (bytes[at] !== UPPER_T || bytes[at + 3] !== COLON || bytes[at + 6] !== COLON) return 0;
  if (!isBelow(bytes, at + 1, 24) || !isBelow(bytes, at + 4, 60) || !isBelow(bytes, at + 7, 60)) return 0;
  at += 9;
  if (bytes[at] === DOT) {
    const first = ++at;
    while (bytes[at]! >= ZERO && bytes[at]! <= NINE) at += 1;
    if (at === first || at - first > 6) return 0;
  }
  if (bytes[at] === UPPER_Z) at += 1;
  else if (bytes[at] !== PLUS && bytes[at] !== MINUS) return 0;
  else if (!isBelow(bytes, at + 1, 24) || bytes[at + 3] !== COLON || !isBelow(bytes, at + 4, 60)) return 0;
  else at += 6;
  return bytes[at] === SPACE ? at + 1 : 0;
}

function isBelow(bytes: Buffer, at: number, limit: number): boolean {
  const tens = bytes[at]! - ZERO;
  const ones = bytes[at + 1]! - ZERO;
  return tens >= 0 && tens <= 9 && ones >= 0 && ones <= 9 && 10 * tens + ones < limit;
}

/** Where an SD-NAME of 1 to 32 octets ends, or 0. */
function nameEnd(bytes: Buffer, from: number, end: number): number {
  let at = from;
  while (at < end) {
    const octet = bytes[at]!;
    if (octet <= SPACE || octet === QUOTE || octet === EQUALS || octet === CLOSE) break;
    if (octet >= DELETE) return 0;
    at += 1;
  }
  return at === from || at === end || at - from > 32 ? 0 : at;
}

/** Where the element ends whose parameters begin at `from`; 0 for what is not plain, and where `follows` is said. */
function paramsEnd(bytes: Buffer, from: number, end: number): number {
  let at = from;
  while (at < end && bytes[at] === SPACE) {
    const name = at + 1;
    if (bytes[name] === LOWER_F && bytes[name + 1] === LOWER_O) return 0;
    at = nameEnd(bytes, name, end);
    if (at === 0 || bytes[at] !== EQUALS || bytes[at + 1] !== QUOTE) return 0;
    at += 2;
    for (let octet = bytes[at]!; octet !== QUOTE; octet = bytes[++at]!) {
      if (octet >= 0x80 || octet === CLOSE || at >= end) return 0;
      if (octet === BACKSLASH && bytes[++at]! >= 0x80) return 0;
    }
    at += 1;
  }
  return at < end && bytes[at] === CLOSE ? at : 0;
}

function slotOf(bytes: Uint8Array, run: number): number {
  return ((bytes[run + 13]! & 15) << 8) | ((bytes[run + 14]! & 15) << 4) | (bytes[run + 15]! & 15);
}

const AUDIT = Buffer.from('audit@');
const RUN_PARAM = Buffer.from(' run="');
const SEQ_PARAM = Buffer.from('" seq="');
const BOM = [0xef, 0xbb, 0xbf] as const;
const SPACE = 0x20;
const QUOTE = 0x22;
const PLUS = 0x2b;
const MINUS = 0x2d;
const DOT = 0x2e;
const ZERO = 0x30;
const ONE = 0x31;
const NINE = 0x39;
const COLON = 0x3a;
const LESS = 0x3c;
const EQUALS = 0x3d;
const GREATER = 0x3e;
const UPPER_T = 0x54;
const UPPER_Z = 0x5a;
const OPEN = 0x5b;
const BACKSLASH = 0x5c;
const CLOSE = 0x5d;
const LOWER_A = 0x61;
const LOWER_F = 0x66;
const LOWER_O = 0x6f;
const LOWER_Z = 0x7a;
const DELETE = 0x7f;
