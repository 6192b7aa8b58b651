/**
 * The state of the agent as `status` shows it, one JSON object, and its copy on disk
 * (status.json), from which `status` reads it, also when the agent does not run.
 */
import { join } from 'node:path';
import type { ConnectionCounts, DeliveryState } from '../delivery/state.js';
import type { EncoderCounts } from '../encode/line-writer.js';
import type { Journal } from '../journal/journal.js';
import type { ClockSync } from '../lib/clock.js';
import type { Context } from '../lib/context.js';
import { systemFiles } from '../lib/files.js';
import { JsonFile } from '../lib/json-file.js';
import { ignoredProblems, type ListedProblem } from '../lib/problems.js';
import type { MessageName } from '../model/entry.js';
import type { FileState } from '../source/sources.js';
import type { CertificateStates } from './certificates/expiry.js';
import type { SourceState } from './lag.js';

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
  /** What is wrong now, then what was and is over (`overMs`), each the latest first. */
  readonly problems: readonly ListedProblem[];
}

const EVERY_MS = 2_000;

/** Writes the state to status.json every two seconds and once more at `stop`. */
export async function keepStateFile(
  directory: string,
  state: () => AgentState,
  context: Pick<Context, 'clock' | 'files' | 'problems'>,
  stop: AbortSignal,
): Promise<void> {
  const file = stateFile(directory, context);
  for (;;) {
    await file.write(state());
    if (stop.aborted) return;
    await context.clock.sleep(EVERY_MS, stop);
  }
}

/** `undefined` when no agent has left one here. */
export async function readStateFile(directory: string): Promise<AgentState | undefined> {
  return stateFile(directory, { files: systemFiles, problems: ignoredProblems }).read();
}

/** Not synced: after a power cut an older state, or none, is good enough. */
function stateFile(directory: string, context: Pick<Context, 'files' | 'problems'>): JsonFile<AgentState> {
  return new JsonFile<AgentState>(
    {
      path: join(directory, 'status.json'),
      parse: (content) => content as AgentState,
      unreadable: 'The state of the agent cannot be read',
      unwritable: 'The state for status cannot be written; status will show an old one',
      durable: false,
    },
    context,
  );
}
