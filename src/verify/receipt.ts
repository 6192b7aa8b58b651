/**
 * A receipt: what the agent keeps of one acknowledged epoch, so that it can say
 * years later when a line went, to whom, and how well that was proven. No
 * content of a line is in it. They are read as a stream, never a month in memory.
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
import { join } from 'node:path';
import { AgentError, reasonOf, systemCode } from '../lib/errors.js';
import { type Files, systemFiles } from '../lib/files.js';
import type { MessageName, Run } from '../model/entry.js';
import type { ByteOffset, TailId } from '../model/position.js';
import { type CutLine, LineSplitter } from './line-splitter.js';

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

/** A line that is no receipt: a crash cuts one short, nothing else of ours does. */
export interface DamagedReceipt {
  readonly file: string;
  /** From 1. */
  readonly line: number;
}

/** An epoch that touched a thousand files makes one of some 100 KB. */
const MAX_RECEIPT_BYTES = 16 * 1024 * 1024;
const READ_BYTES = 256 * 1024;

/** Throws AgentError `receipts-unreadable` when the directory, or a month in it, cannot be read. */
export async function* readReceipts(
  directory: string,
  onDamaged: (damaged: DamagedReceipt) => void,
  files: Files = systemFiles,
): AsyncGenerator<Receipt, void, undefined> {
  try {
    const months = (await files.readdir(directory)).filter((name) => monthEndMs(name) !== undefined).sort();
    for (const month of months) yield* readMonth(join(directory, month), files, onDamaged);
  } catch (cause) {
    throw unreadable(directory, cause);
  }
}

async function* readMonth(
  file: string,
  files: Files,
  onDamaged: (damaged: DamagedReceipt) => void,
): AsyncGenerator<Receipt> {
  const splitter = new LineSplitter(MAX_RECEIPT_BYTES);
  let line = 0;
  const read = function* (lines: readonly CutLine[]) {
    for (const { bytes } of lines) {
      line += 1;
      const receipt = parseReceipt(bytes?.toString('utf8') ?? '');
      if (receipt !== undefined) yield receipt;
      else onDamaged({ file, line });
    }
  };
  const open = await files.open(file, 'read');
  try {
    for (let at = 0, filled = READ_BYTES; filled === READ_BYTES; at += filled) {
      const chunk = Buffer.allocUnsafeSlow(READ_BYTES);
      filled = await open.read(chunk, at);
      yield* read(splitter.feed(chunk.subarray(0, filled)));
    }
    yield* read(splitter.end());
  } finally {
    await open.close();
  }
}

function unreadable(directory: string, cause: unknown): AgentError {
  const code = systemCode(cause);
  const reason = code === 'ENOENT' ? 'there is no such directory' : reasonOf(cause);
  return new AgentError('receipts-unreadable', `cannot read the receipts in ${directory}: ${reason}`, {
    cause,
    hint:
      code === 'EACCES'
        ? 'only the user that the agent runs as may read them; run this as that user or as root'
        : 'receipts are in the directory receipts beside the journal; give it with --receipts DIR, or the configuration with --config FILE',
  });
}

/** When the month of `YYYY-MM.jsonl` is over; `undefined` for any other name. */
export function monthEndMs(name: string): number | undefined {
  const match = /^(\d{4})-(0[1-9]|1[0-2])\.jsonl$/.exec(name);
  return match === null ? undefined : Date.UTC(Number(match[1]), Number(match[2]));
}
