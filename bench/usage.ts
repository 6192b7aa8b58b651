/** What a process has cost so far, by proc(5): all its threads, not its children. */
import { readFileSync } from 'node:fs';

export interface Usage {
  /** User and system. */
  readonly cpuSeconds: number;
  readonly peakRssBytes: number;
}

/** USER_HZ: what the kernel counts /proc in, on every architecture that Node runs on. */
const TICKS_A_SECOND = 100;
/** Places of utime and stime behind the command, which may hold spaces and ends with `)`. */
const UTIME = 11;
const STIME = 12;

/** `undefined` when there is no such process any more. */
export function usageOf(pid: number): Usage | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const [, peakKb] = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1')) ?? [];
    if (peakKb === undefined) return undefined;
    return {
      cpuSeconds: (Number(fields[UTIME]) + Number(fields[STIME])) / TICKS_A_SECOND,
      peakRssBytes: Number(peakKb) * 1024,
    };
  } catch {
    return undefined;
  }
}
