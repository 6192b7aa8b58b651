/**
 * What systemd is told while a command works: a live line for `systemctl
 * status`, and a sign of life for the watchdog of the unit, which is kept back
 * while something hangs (WatchdogSec=, sd_watchdog_enabled(3)).
 */
import type { Clock } from '../../lib/clock.js';
import type { Notifier } from '../../observe/notify.js';

export interface Told {
  readonly line: () => string;
  /** What hangs; systemd is to start the program anew when it has for too long. */
  readonly stuck: () => readonly string[];
}

/** Often enough for a reader, and seldom enough for its cost: a process each time. */
const LINE_MS = 10_000;

/** Until `stop`. */
export async function keepTold(notifier: Notifier, { line, stuck }: Told, clock: Clock, stop: AbortSignal) {
  const everyMs = Math.min(LINE_MS, notifier.watchdogMs ?? LINE_MS);
  let last: string | undefined;
  while (!stop.aborted) {
    const present = line();
    if (present !== last) notifier.status(present);
    last = present;
    if (notifier.watchdogMs !== undefined && stuck().length === 0) notifier.watchdog();
    await clock.sleep(everyMs, stop);
  }
}
