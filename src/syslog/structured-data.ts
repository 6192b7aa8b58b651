/**
 * Writes and reads STRUCTURED-DATA, RFC 5424 section 6.3. Written as octet strings
 * (`lib/octets.ts`), because that is what a frame copies.
 *
 * PARAM-VALUE may hold control characters by the RFC, but they do harm on
 * receivers: rsyslog rewrites them (`#012`), stores of one message a line are
 * cut by LF, C strings by NUL, terminals obey ESC. So each of U+0000-001F and
 * U+007F-009F is written as U+FFFD; the bytes themselves travel in MSG. When read,
 * they are accepted. What is read must be UTF-8; what is written always is.
 */

import { cutOctets, fromOctets, REPLACEMENT, toOctets } from '../lib/octets.js';
import { Fault } from './fault.js';

export type Param = readonly [name: string, value: string];

export interface SdElement {
  readonly id: string;
  /** In the order of the message; a name may occur more than once. */
  readonly params: readonly Param[];
}

/** One parameter with the space before it. The name must be an SD-NAME; the value may be any text. */
export function sdParam(name: string, value: string): string {
  return ` ${name}="${escapeValue(value)}"`;
}

/**
 * As many of the parameters, in their order, as go into `room` octets. A value
 * longer than `valueRoom` or than what is left is cut between characters and
 * ends in an ellipsis; one of which nothing could be shown is left out.
 */
export function sdParams(params: readonly Param[], room: number, valueRoom = room): string {
  return plainParams(params, room, valueRoom) ?? shortenedParams(params, room, valueRoom);
}

/** Reads the structured data that begins at `at` in a message's octets; throws a `Fault`. */
export function readStructuredData(octets: string, at: number): { elements: SdElement[]; end: number } {
  const elements: SdElement[] = [];
  if (octets[at] === '-') return { elements, end: at + 1 };
  const seen = new Set<string>();
  let end = at;
  while (octets[end] === '[') {
    const start = end + 1;
    const { element, end: after } = readElement(octets, start);
    if (seen.has(element.id)) throw new Fault('sd-id-twice', start);
    seen.add(element.id);
    elements.push(element);
    end = after;
  }
  if (elements.length === 0) throw new Fault('structured-data', at);
  return { elements, end };
}

/** ` ="` and the closing quote. */
const AROUND_VALUE = 4;
const ELLIPSIS = toOctets('…');
const PLAIN_VALUE = /^[ !#-[^-~]*$/;
const CONTROL = /\p{Cc}/gu;
const TO_ESCAPE = /["\\\]]/g;

/** For the many lines whose values need no escape and have room; `undefined` when it is not so. */
function plainParams(params: readonly Param[], room: number, valueRoom: number): string | undefined {
  let written = '';
  // By index: destructuring a tuple runs the iterator protocol, a third of this function's time.
  for (let at = 0; at < params.length; at++) {
    const param = params[at]!;
    const value = param[1];
    if (value.length > valueRoom || !PLAIN_VALUE.test(value)) return undefined;
    written += ` ${param[0]}="${value}"`;
  }
  return written.length <= room ? written : undefined;
}

function shortenedParams(params: readonly Param[], room: number, valueRoom: number): string {
  let written = '';
  for (const [name, value] of params) {
    const space = Math.min(valueRoom, room - written.length - name.length - AROUND_VALUE);
    const octets = shorten(value, space);
    if (octets !== undefined) written += ` ${name}="${octets}"`;
  }
  return written;
}

function escapeValue(value: string): string {
  if (PLAIN_VALUE.test(value)) return value;
  return escapeOctets(toOctets(value.replaceAll(CONTROL, REPLACEMENT)));
}

function escapeOctets(octets: string): string {
  return octets.replaceAll(TO_ESCAPE, '\\$&');
}

/** The escaped value within `space` octets, or `undefined` when none of it fits. */
function shorten(value: string, space: number): string | undefined {
  const whole = escapeValue(value);
  if (whole.length <= space) return whole;
  const octets = toOctets(value.slice(0, Math.max(0, space)).replaceAll(CONTROL, REPLACEMENT));
  let kept = cutOctets(octets, space - ELLIPSIS.length);
  while (kept !== '') {
    const escaped = escapeOctets(kept) + ELLIPSIS;
    if (escaped.length <= space) return escaped;
    // An octet takes two at most, so this never drops one too many.
    kept = cutOctets(kept, kept.length - Math.ceil((escaped.length - space) / 2));
  }
  return undefined;
}

const SD_NAME = /[!#-<>-\\^-~]{1,32}/y;
const PARAM_VALUE = /[^"\\\]]*(?:\\.[^"\\\]]*)*/sy;

function readElement(octets: string, start: number): { element: SdElement; end: number } {
  const id = take(SD_NAME, octets, start);
  if (id === '') throw new Fault('sd-id', start);
  const params: [string, string][] = [];
  let at = start + id.length;
  while (octets[at] === ' ') {
    const name = take(SD_NAME, octets, at + 1);
    if (name === '') throw new Fault('param-name', at + 1);
    at += 1 + name.length;
    if (octets[at] !== '=' || octets[at + 1] !== '"') throw new Fault('param-value', at);
    at += 2;
    const value = take(PARAM_VALUE, octets, at);
    if (octets[at + value.length] !== '"') throw new Fault('param-value', at + value.length);
    const text = fromOctets(value.replaceAll(/\\(["\\\]])/g, '$1'));
    if (text === undefined) throw new Fault('param-value-not-utf8', at);
    params.push([name, text]);
    at += value.length + 1;
  }
  if (octets[at] !== ']') throw new Fault('sd-element', at);
  return { element: { id, params }, end: at + 1 };
}

function take(pattern: RegExp, octets: string, at: number): string {
  pattern.lastIndex = at;
  return pattern.exec(octets)?.[0] ?? '';
}
