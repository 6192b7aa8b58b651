/**
 * Of `status`: whether there is an agent, and if what it left on disk is old,
 * why. The process may live and yet leave nothing: its disk is full or read-only,
 * or it hangs. The lock of the journal tells, for the kernel keeps it.
 */
import { constants } from 'node:fs';
import { access, statfs } from 'node:fs/promises';
import type { AgentState } from '../../agent/state.js';
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

/** The agent writes its state every two seconds; a busy machine may take longer. */
const STALE_MS = 30_000;

/** `state`: what the agent left in the journal's directory, if it did. */
export async function presenceOf(
  place: Place,
  state: Pick<AgentState, 'pid' | 'writtenAtMs' | 'delivery'> | undefined,
  nowMs: number,
): Promise<Presence> {
  const fresh = state !== undefined && state.delivery.link.name !== 'stopped' && nowMs - state.writtenAtMs < STALE_MS;
  // Between two configurations (SIGHUP) the journal is nobody's for a moment.
  if (fresh && isAlive(state.pid)) return { name: 'present' };
  const holder = await lockHolder(new Layout(place.directory).lock);
  if (holder === undefined) return { name: 'absent' };
  if (fresh) return { name: 'present' };
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
  if (nowMs - Date.parse(start) < STALE_MS) {
    return { verdict: 'WAITING', reason: 'it has only just started', remedy: 'ask again in half a minute' };
  }
  const { reason, remedy } = await obstacle(place.directory);
  const { listen } = place;
  const elsewhere = listen === undefined ? '' : `; its present state is at http://${listenText(listen)}/`;
  return { verdict: 'PROBLEM', reason, remedy: remedy + elsewhere };
}

/** Why nothing can be written there, as far as this process can see. */
async function obstacle(directory: string): Promise<Pick<Silence, 'reason' | 'remedy'>> {
  if (await isReadOnly(directory)) {
    return {
      reason: `the file system of ${directory} is read-only`,
      remedy: 'see in the kernel log why (dmesg); stop the agent, check the file system, mount it again',
    };
  }
  if (await isFull(directory)) {
    return { reason: `the volume of ${directory} is full`, remedy: 'free space on it; the agent goes on by itself' };
  }
  return {
    reason: `it could not write to ${directory}`,
    remedy: 'its log says why: journalctl -u openemr-audit-forwarder',
  };
}

async function isReadOnly(directory: string): Promise<boolean> {
  try {
    await access(directory, constants.W_OK);
    return false;
  } catch (error) {
    return systemCode(error) === 'EROFS';
  }
}

async function isFull(directory: string): Promise<boolean> {
  const { bavail, ffree, files } = await statfs(directory);
  // Some file systems count no files.
  return bavail === 0 || (files > 0 && ffree === 0);
}
