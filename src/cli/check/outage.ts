/**
 * Estimates how long a collector or the agent may be away before a line is
 * lost, from the rate at which the logs grew during the last day: messages are
 * kept in the journal first, then unread lines wait in log files for as long as
 * rotation keeps them.
 */
import type { Config } from '../../config/config.js';
import { Encoder } from '../../encode/encoder.js';
import { systemClock } from '../../lib/clock.js';
import { systemFiles } from '../../lib/files.js';
import { durationText, sizeText } from '../voice.js';
import { usableBytes } from './journal.js';
import type { Rotation } from './logrotate.js';
import { type CheckResult, good, warning } from './result.js';
import type { Log } from './rotation.js';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** A long weekend on which nobody looks. */
const SHORT_MS = 4 * DAY_MS;
const SAMPLE_BYTES = 64 * 1024;
const LF = 0x0a;

/** `logrotateFile`: the configuration that logrotate was asked about; `undefined` when it did not answer. */
export async function checkOutage(
  config: Config,
  logs: readonly Log[],
  logrotateFile: string | undefined,
): Promise<CheckResult[]> {
  const nowMs = systemClock.nowMs();
  const journalBytes = Math.min(config.journal.maxBytes, await usableBytes(config.journal));
  const perMs = logs.reduce((sum, log) => sum + bytesPerMs(log, nowMs), 0);
  const growth = perMs === 0 ? undefined : await growthOf(config, logs);
  if (growth === undefined) return [good('outage: no recent data to estimate from')];
  const journalMs = journalBytes / (perMs * growth);
  const journalText = `outage: the journal lasts for ${lastingText(journalMs)} at today's rate (${sizeText(perMs * DAY_MS)} of log a day)`;
  const results = [
    journalMs < SHORT_MS
      ? warning(
          journalText,
          'a collector may be away for that long; raise journal.maxBytes, or give its volume more room',
        )
      : good(journalText),
  ];
  const kept = logs.flatMap((log) => (log.rotation === undefined ? [] : keptOf(log, log.rotation, nowMs)));
  const [shortest] = kept.sort((a, b) => a.ms - b.ms);
  if (shortest === undefined) {
    if (logrotateFile !== undefined) {
      results.push(
        good(`outage: cannot tell how long rotated files are kept; ${logrotateFile} does not rotate these logs`),
      );
    }
    return results;
  }
  const { ms, path, rotation } = shortest;
  const text = `outage: rotated files of ${path} are kept for ${lastingText(ms)} (${rotation.file})`;
  const hint = 'the agent may be stopped for that long; raise rotate there';
  results.push(ms < SHORT_MS ? warning(text, hint) : good(text));
  return results;
}

/** More than 400 days say no more than this. */
function lastingText(ms: number): string {
  return ms > 400 * DAY_MS ? 'over a year' : durationText(ms);
}

/** Over the last day, or as much of it as the files cover. */
function bytesPerMs({ bytes, bornMs, rotated }: Log, nowMs: number): number {
  let sum = bytes;
  let sinceMs = rotated[0]?.endMs ?? bornMs;
  for (const [index, generation] of rotated.entries()) {
    const before = rotated[index + 1];
    if (nowMs - sinceMs >= DAY_MS || before === undefined) break;
    sum += generation.bytes;
    sinceMs = before.endMs;
  }
  // What was written in the last minutes says little of a day.
  return sum / Math.max(nowMs - sinceMs, HOUR_MS);
}

/** Bytes of journal per byte of log, measured with the last lines of the largest log. */
async function growthOf(config: Config, logs: readonly Log[]): Promise<number | undefined> {
  const [largest] = [...logs].sort((a, b) => b.bytes - a.bytes);
  if (largest === undefined) return undefined;
  const lines = await lastLines(largest).catch(() => Buffer.alloc(0));
  if (lines.length === 0) return undefined;
  const { sources, message } = config;
  const encoder = new Encoder({ sources, message, run: '0'.repeat(16), nextSeq: 1, positions: [] });
  const identity = { inode: 0, device: 0, birthtimeMs: 0, head: '', last: '' };
  const from = { tailId: '0'.repeat(16), source: largest.source, path: largest.path, offset: 0, identity };
  const to = { ...from, offset: lines.length };
  const { frames } = encoder.encode({ from, to, bytes: lines, ending: 'newline', readAtMs: 0 });
  return frames.length === 0 ? undefined : frames.length / lines.length;
}

async function lastLines({ path, bytes }: Log): Promise<Buffer> {
  const file = await systemFiles.open(path, 'read');
  try {
    const start = Math.max(0, bytes - SAMPLE_BYTES);
    const buffer = Buffer.alloc(SAMPLE_BYTES);
    const text = buffer.subarray(0, await file.read(buffer, start));
    const first = start === 0 ? 0 : text.indexOf(LF) + 1;
    return text.subarray(first, text.lastIndexOf(LF) + 1);
  } finally {
    await file.close();
  }
}

interface Kept {
  readonly ms: number;
  readonly path: string;
  readonly rotation: Rotation;
}

/** By the option that limits it most. */
function keptOf(log: Log, rotation: Rotation, nowMs: number): Kept[] {
  const { rotate, periodMs, maxBytes, maxAgeMs } = rotation;
  if (rotate < 0) return [];
  const perMs = bytesPerMs(log, nowMs);
  const bounds = [
    periodMs === undefined ? undefined : rotate * periodMs,
    maxBytes === undefined || perMs === 0 ? undefined : (rotate * maxBytes) / perMs,
    maxAgeMs,
  ].filter((ms) => ms !== undefined);
  return bounds.length === 0 ? [] : [{ ms: Math.min(...bounds), path: log.path, rotation }];
}
