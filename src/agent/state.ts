/**
 * What `status` shows, as one JSON object: gathered from the parts on request
 * and left on disk while the agent runs, so that it can be read when it does not.
 */
import { readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ConnectionCounts, DeliveryState } from '../delivery/state.js';
import type { EncoderCounts } from '../encode/line-writer.js';
import type { Journal } from '../journal/journal.js';
import type { Clock, ClockSync } from '../lib/clock.js';
import { reasonOf } from '../lib/errors.js';
import type { MessageName } from '../model/entry.js';
import type { Report } from '../model/report.js';
import type { FileState } from '../source/sources.js';
import type { CertificateStates } from './certificates/expiry.js';
import type { SourceState } from './lag.js';
import type { Problem } from './problems.js';

export interface AgentState extends CertificateStates {
  readonly version: string;
  readonly pid: number;
  readonly run: string;
  readonly startedAtMs: number;
  readonly writtenAtMs: number;
  readonly config: string;
  readonly last: MessageName;
  /** Loops that hang. */
  readonly stuckLoops: readonly string[];
  /** Of this machine. */
  readonly clock: ClockSync;
  /** In the order of the configuration. */
  readonly sources: readonly SourceState[];
  readonly files: readonly FileState[];
  /** Followed files that fill with our own messages. */
  readonly ownTails: readonly string[];
  readonly counts: EncoderCounts;
  readonly journal: ReturnType<Journal['state']>;
  readonly delivery: Omit<DeliveryState, 'failures'> & {
    readonly failures: Readonly<Record<string, number>>;
    readonly connections: ConnectionCounts;
  };
  /** The last three, the latest first. */
  readonly problems: readonly Problem[];
}

/* The agent's state on disk, for `status`: written every few seconds and at the end, whole or not at all. */

const FILE = 'status.json';
const EVERY_MS = 2_000;

const UNWRITTEN = 'The state for status cannot be written; status will show an old one';
const REMEDY = 'see to the volume of the journal: is it full, read-only, or closed to the user of the agent?';

/** Until `stop`. A disk that takes nothing is told of once; the next turn tries again. */
export async function keepStateFile(
  directory: string,
  state: () => AgentState,
  { clock, report }: { readonly clock: Clock; readonly report: Report },
  stop: AbortSignal,
): Promise<void> {
  const path = join(directory, FILE);
  let told = false;
  for (;;) {
    try {
      await write(path, state());
      if (told) report.notice('The state for status is written again', { file: path });
      told = false;
    } catch (error) {
      if (!told) report.warning(UNWRITTEN, { file: path, reason: reasonOf(error), remedy: REMEDY });
      told = true;
    }
    if (stop.aborted) return;
    await clock.sleep(EVERY_MS, stop);
  }
}

/** Not synced: after a power cut an older state, or none, is good enough. */
async function write(path: string, state: AgentState): Promise<void> {
  await writeFile(`${path}.new`, `${JSON.stringify(state)}\n`, { mode: 0o600 });
  await rename(`${path}.new`, path);
}

/** `undefined` when no agent has left one here. */
export async function readStateFile(directory: string): Promise<AgentState | undefined> {
  try {
    return JSON.parse(await readFile(join(directory, FILE), 'utf8')) as AgentState;
  } catch {
    return undefined;
  }
}
