/** The agent's state on disk, for `status`: written every few seconds and at the end, whole or not at all. */
import { readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '../lib/clock.js';
import { reasonOf } from '../lib/errors.js';
import type { Report } from '../model/report.js';
import type { AgentState } from './state.js';

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
