/** What a process has cost so far, by proc(5): all its threads, not its children. */
import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

export interface Usage {
  /** User and system. */
  readonly cpuSeconds: number;
  readonly rssBytes: number;
  readonly peakRssBytes: number;
  /** Caused to be written to the disk; 0 where the kernel does not say. */
  readonly writtenBytes: number;
}

/** USER_HZ: what the kernel counts /proc in, on every architecture that Node runs on. */
const TICKS_A_SECOND = 100;
/** Places of utime and stime behind the command, which may hold spaces and ends with `)`. */
const UTIME = 11;
const STIME = 12;
const LOOK_MS = 20;

/** `undefined` when there is no such process any more. */
export function usageOf(pid: number): Usage | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const status = readFileSync(`/proc/${pid}/status`, 'latin1');
    const peakRssBytes = kilobytes(status, 'VmHWM');
    // A process that has ended and was not waited for has no memory.
    if (peakRssBytes === undefined) return undefined;
    return {
      cpuSeconds: (Number(fields[UTIME]) + Number(fields[STIME])) / TICKS_A_SECOND,
      rssBytes: kilobytes(status, 'VmRSS') ?? 0,
      peakRssBytes,
      writtenBytes: writtenBy(pid),
    };
  } catch {
    return undefined;
  }
}

/** As `usageOf` says it, of a process that must still be there. */
export function usageNow(pid: number): Usage {
  const usage = usageOf(pid);
  if (usage === undefined) throw new Error(`process ${pid} ended while it was measured`);
  return usage;
}

/** The last that can be seen of a process before it ends. */
export async function usageUntilEnd(pid: number): Promise<Usage> {
  let last = usageNow(pid);
  for (let now: Usage | undefined = last; now !== undefined; now = usageOf(pid)) {
    last = now;
    await sleep(LOOK_MS);
  }
  return last;
}

/** File descriptors that a process has open. */
export function descriptorsOf(pid: number): number {
  return readdirSync(`/proc/${pid}/fd`).length;
}

/** What this process's children have used that have ended and were waited for, in CPU seconds. */
export function cpuOfEndedChildren(): number {
  const stat = readFileSync('/proc/self/stat', 'latin1');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[UTIME + 2]) + Number(fields[STIME + 2])) / TICKS_A_SECOND;
}

function kilobytes(status: string, name: string): number | undefined {
  const [, figure] = new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(status) ?? [];
  return figure === undefined ? undefined : Number(figure) * 1024;
}

/** Another user's may not be read. */
function writtenBy(pid: number): number {
  try {
    return Number(/^write_bytes: (\d+)$/m.exec(readFileSync(`/proc/${pid}/io`, 'latin1'))?.[1] ?? 0);
  } catch {
    return 0;
  }
}
