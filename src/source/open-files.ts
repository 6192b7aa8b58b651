/** How many log files may be open at once, by what the kernel allows this process (`/proc/PID/limits`, proc(5)). */
import { readFile } from 'node:fs/promises';

/** Half of 256, the least that a process usually may; more brings nothing. */
const ENOUGH = 128;
// Node.js, the journal, two links and whoever asks for the status have up to 40 open.
const FOR_OTHERS = 48;
const AT_LEAST = 4;

export async function maxOpenFiles(): Promise<number> {
  return openFilesWithin(await readFile('/proc/self/limits', 'utf8').catch(() => ''));
}

/** `limits`: the kernel's table. What cannot be read is taken for the usual. */
export function openFilesWithin(limits: string): number {
  const [, allowed] = /^Max open files +(\d+) /m.exec(limits) ?? [];
  return allowed === undefined ? ENOUGH : Math.max(AT_LEAST, Math.min(ENOUGH, Number(allowed) - FOR_OTHERS));
}
