/**
 * For how long collector or agent may be away before a line is lost, at the
 * rate at which the logs have been written for the last day: the journal holds
 * messages first, then what is unread waits in log files for as long as
 * rotation keeps them.
 */
import { open } from 'node:fs/promises';
import type { Config } from '../../config/config.js';
import { Encoder } from '../../encode/encoder.js';
import { durationText, sizeText } from '../voice.js';
import { type Finding, good, warning } from './finding.js';
import type { Log } from './log-files.js';
import type { Rotation } from './logrotate.js';
import type { RotatedLog } from './rotation.js';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** A long weekend on which nobody looks. */
const SHORT_MS = 4 * DAY_MS;
const SAMPLE_BYTES = 64 * 1024;
const LF = 0x0a;

export interface OutageOptions {
  readonly logs: readonly RotatedLog[];
  /** What the journal may hold on its volume as it is now. */
  readonly journalBytes: number;
  /** Where logrotate's configuration was looked for. */
  readonly logrotateFile: string;
  readonly nowMs: number;
}

export async function checkOutage(config: Config, options: OutageOptions): Promise<Finding[]> {
  const { logs, journalBytes, logrotateFile, nowMs } = options;
  const perMs = logs.reduce((sum, { log }) => sum + bytesPerMs(log, nowMs), 0);
  const growth = perMs === 0 ? undefined : await growthOf(config, logs);
  if (growth === undefined) return [good('outage: nothing was written lately, so there is no rate to reckon with')];
  const journalMs = journalBytes / (perMs * growth);
  const journalText = `outage: at today's rate (${sizeText(perMs * DAY_MS)} of log a day) the journal holds the messages of ${durationText(journalMs)}`;
  const findings = [
    journalMs < SHORT_MS
      ? warning(
          journalText,
          'for so long a collector may be away; raise journal.maxBytes, or give its volume more room',
        )
      : good(journalText),
  ];
  const kept = logs.flatMap(({ log, rotation }) => (rotation === undefined ? [] : keptOf(log, rotation, nowMs)));
  const [shortest] = kept.sort((a, b) => a.ms - b.ms);
  if (shortest === undefined) {
    findings.push(
      good(`outage: no stanza of ${logrotateFile} rotates these logs; for how long unread lines stay, only you know`),
    );
    return findings;
  }
  const { ms, path, rotation } = shortest;
  const text = `outage: unread lines stay for ${durationText(ms)} in rotated files of ${path} (${rotation.file})`;
  const hint = 'for so long the agent may be stopped; raise rotate there';
  findings.push(ms < SHORT_MS ? warning(text, hint) : good(text));
  return findings;
}

/** Over the last day, or as much of it as the files tell of. */
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

/** What of the journal a byte of log takes: measured with the last lines of the largest log. */
async function growthOf(config: Config, logs: readonly RotatedLog[]): Promise<number | undefined> {
  const [largest] = logs.map(({ log }) => log).sort((a, b) => b.bytes - a.bytes);
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
  const file = await open(path, 'r');
  try {
    const start = Math.max(0, bytes - SAMPLE_BYTES);
    const { buffer, bytesRead } = await file.read(Buffer.alloc(SAMPLE_BYTES), 0, SAMPLE_BYTES, start);
    const text = buffer.subarray(0, bytesRead);
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

/** Of the options that bound it, the one that bounds it most. */
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
