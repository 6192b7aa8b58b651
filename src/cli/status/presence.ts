/**
 * Finds out whether an agent runs, and if what it left on disk is old, why. The process
 * may live and yet leave nothing: its disk is full or read-only, or it hangs. The lock of
 * the journal tells, because the kernel keeps it; and an agent that answers over HTTP says
 * itself how it is.
 */
import { constants } from 'node:fs';
import { access, statfs } from 'node:fs/promises';
import { type AgentState, checkedState } from '../../agent/state.js';
import { type Listen, listenText } from '../../config/listen.js';
import { Layout } from '../../journal/disk/layout.js';
import { type Holder, lockHolder } from '../../journal/disk/lock.js';
import { systemCode } from '../../lib/errors.js';
import type { Verdict } from './verdict.js';

export type Presence =
  | { readonly name: 'present' }
  | { readonly name: 'absent' }
  | ({ readonly name: 'silent'; readonly pid: number | undefined } & Silence);

/** The agent runs, but says nothing here. */
export interface Silence {
  readonly verdict: Exclude<Verdict, 'OK'>;
  readonly reason: string;
  readonly remedy: string;
}

/** Where an agent is looked for: its journal, and where it answers over HTTP. */
export interface Place {
  readonly directory: string;
  readonly listen: Listen | undefined;
}

/** The agent renews its state every ten seconds; a busy machine may take longer. */
const STALE_MS = 30_000;
/** From here on a state is late: something that keeps it from being written is looked for. */
const LATE_MS = 5_000;
/** An agent that works answers at once. */
const ANSWER_MS = 2_000;

/** `state`: what the agent left in the journal's directory, if it did. */
export async function presenceOf(place: Place, state: AgentState | undefined, nowMs: number): Promise<Presence> {
  const fresh = state !== undefined && state.delivery.link.name !== 'stopped' && nowMs - state.writtenAtMs < STALE_MS;
  const late = isLate(state, nowMs);
  // Between two configurations (SIGHUP) the journal is nobody's for a moment.
  if (fresh && isAlive(state.pid) && !(late && (await obstacleIn(place.directory)))) return { name: 'present' };
  const holder = await lockHolder(new Layout(place.directory).lock);
  if (holder === undefined) return { name: 'absent' };
  if (fresh && !(late && (await obstacleIn(place.directory)))) return { name: 'present' };
  return { name: 'silent', pid: holder.pid ?? state?.pid, ...(await silence(place, holder, nowMs)) };
}

/** Signal 0 asks only whether there is such a process; EPERM is a yes. */
function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return systemCode(error) === 'EPERM';
  }
}

async function silence(place: Place, { pid, start = '' }: Holder, nowMs: number): Promise<Silence> {
  if (pid === undefined) {
    return {
      verdict: 'PROBLEM',
      reason: 'it does not answer: it hangs, or was halted (SIGSTOP, a frozen container)',
      remedy: 'let it go on, or: systemctl restart openemr-audit-forwarder; what it has read is in the journal',
    };
  }
  const found = await obstacleIn(place.directory);
  if (found === undefined && nowMs - Date.parse(start) < STALE_MS) {
    return { verdict: 'WAITING', reason: 'it has only just started', remedy: 'ask again in half a minute' };
  }
  const { reason, remedy } = found ?? {
    reason: `it could not write to ${place.directory}`,
    remedy: 'its log says why: journalctl -u openemr-audit-forwarder',
  };
  const { listen } = place;
  const elsewhere = listen === undefined ? '' : `; its present state is at http://${listenText(listen)}/`;
  return { verdict: 'PROBLEM', reason, remedy: remedy + elsewhere };
}

/** Why nothing can be written there, as far as this process can see; `undefined` when it sees nothing, or not even the directory. */
export async function obstacleIn(directory: string): Promise<Pick<Silence, 'reason' | 'remedy'> | undefined> {
  if (await isReadOnly(directory)) {
    return {
      reason: `the file system of ${directory} is read-only`,
      remedy: 'see in the kernel log why (dmesg); stop the agent, check the file system, mount it again',
    };
  }
  const volume = await statfs(directory).catch(() => undefined);
  if (volume === undefined) return undefined;
  const { bavail, ffree, files } = volume;
  if (bavail === 0) {
    return { reason: `the volume of ${directory} is full`, remedy: 'free space on it; the agent then goes on' };
  }
  // Some file systems count no files.
  if (files > 0 && ffree === 0) {
    return {
      reason: `the volume of ${directory} has no inodes left, so no file can be made on it`,
      remedy: `delete files that are not needed there (df -i ${directory}); the agent then goes on`,
    };
  }
  return undefined;
}

/**
 * The state as the agent itself says it over HTTP, for when the one on disk is late: `undefined` when nobody answers, or
 * not an agent.
 */
export async function askedState({ listen }: Place): Promise<AgentState | undefined> {
  if (listen === undefined) return undefined;
  // An agent that listens on all addresses is asked on this machine's own.
  const host = listen.host === '0.0.0.0' ? '127.0.0.1' : listen.host === '::' ? '::1' : listen.host;
  try {
    const url = `http://${listenText({ ...listen, host })}/status.json`;
    const answer = await fetch(url, { signal: AbortSignal.timeout(ANSWER_MS), redirect: 'error' });
    return checkedState(await answer.json());
  } catch {
    return undefined;
  }
}

/** Whether the state on disk is so old that the agent itself is to be asked. */
export function isLate(state: AgentState | undefined, nowMs: number): boolean {
  return state === undefined || nowMs - state.writtenAtMs >= LATE_MS;
}

async function isReadOnly(directory: string): Promise<boolean> {
  try {
    await access(directory, constants.W_OK);
    return false;
  } catch (error) {
    return systemCode(error) === 'EROFS';
  }
}
