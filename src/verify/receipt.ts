/**
 * A receipt: what the agent keeps of one acknowledged epoch, so that it can say
 * years later when a line went, to whom, and how well that was proven. No
 * content of a line is in it.
 *
 * One JSON object a line, in receipts/YYYY-MM.jsonl (UTC) beside the journal:
 *
 *     {"time":"2026-11-23T10:00:30.120Z","collector":"hie.example.org:6514",
 *      "address":"192.0.2.7","fingerprint":"sha-256:AB:…","level":"close-notify",
 *      "messages":120,"stretches":[{"run":"00a1b2c3d4e5f607","first":1,"last":120}],
 *      "sha256":"…","tails":[{"tail":"8f00…","path":"/var/log/…","from":0,"to":43920}]}
 *
 * `sha256` is of the RFC 5425 frames in the order in which they went out.
 */
import type { MessageName, Run } from '../model/entry.js';
import type { ByteOffset, TailId } from '../model/position.js';

/** Numbers of one run, all of them from `first` to `last`. */
export interface Stretch {
  readonly run: Run;
  readonly first: number;
  readonly last: number;
}

/** What was read of one file, up to and without the byte at `to`. */
export interface TailRange {
  readonly tail: TailId;
  /** The path under which the file was last seen. */
  readonly path: string;
  readonly from: ByteOffset;
  readonly to: ByteOffset;
}

/** As the agent hands it over; the book adds the time. */
export interface NewReceipt {
  /** `host:port`, as configured. */
  readonly collector: string;
  /** Where it answered. */
  readonly address: string;
  /** Of its certificate, as RFC 5425 section 4.2.2 writes it: `sha-256:AB:CD…`. */
  readonly fingerprint: string;
  /** What the acknowledgement proves. */
  readonly level: 'close-notify' | 'fin' | 'window';
  readonly messages: number;
  /** In the order in which they went out: an epoch after a restart spans runs, damage to the journal leaves holes. */
  readonly stretches: readonly Stretch[];
  /** Hex. */
  readonly sha256: string;
  readonly tails: readonly TailRange[];
}

export interface Receipt extends NewReceipt {
  /** RFC 3339 in UTC. */
  readonly time: string;
}

/** The line with its LF. */
export function formatReceipt(receipt: Receipt): string {
  const { time, collector, address, fingerprint, level, messages, stretches, sha256, tails } = receipt;
  const ordered = { time, collector, address, fingerprint, level, messages, stretches, sha256, tails };
  return `${JSON.stringify(ordered)}\n`;
}

/** Reads a line without its LF; `undefined` when it is no receipt, for example because a crash cut it short. */
export function parseReceipt(line: string): Receipt | undefined {
  const value = parseJson(line);
  if (!isRecord(value)) return undefined;
  const { time, collector, address, fingerprint, level, messages, stretches, sha256, tails } = value;
  const texts = [time, collector, address, fingerprint, sha256].every((text) => typeof text === 'string');
  const lists = isListOf(stretches, isStretch) && isListOf(tails, isTailRange);
  if (!texts || !lists || !isLevel(level) || !isCount(messages)) return undefined;
  return Number.isNaN(Date.parse(String(time))) ? undefined : (value as unknown as Receipt);
}

export function isWithin({ run, first, last }: Stretch, name: MessageName): boolean {
  return run === name.run && first <= name.seq && name.seq <= last;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function isStretch(value: Readonly<Record<string, unknown>>): boolean {
  const { run, first, last } = value;
  return typeof run === 'string' && isCount(first) && isCount(last) && 1 <= first && first <= last;
}

function isTailRange({ tail, path, from, to }: Readonly<Record<string, unknown>>): boolean {
  return typeof tail === 'string' && typeof path === 'string' && isCount(from) && isCount(to);
}

function isListOf(value: unknown, is: (element: Readonly<Record<string, unknown>>) => boolean): boolean {
  return Array.isArray(value) && value.every((element) => isRecord(element) && is(element));
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function isLevel(value: unknown): boolean {
  return value === 'close-notify' || value === 'fin' || value === 'window';
}
