/**
 * Whether this machine's clock is kept right by NTP, as the kernel knows it
 * from whoever does that (systemd-timesyncd, chrony, ntpd): asked of
 * timedatectl, for Node cannot ask adjtimex(2). In a container that has no
 * timedatectl nobody can say.
 */
import { execFile } from 'node:child_process';
import { stat } from 'node:fs/promises';
import { promisify } from 'node:util';
import type { ClockSync } from '../lib/clock.js';

/** systemd-timesyncd makes it when it has set the clock for the first time since the start of the machine. */
const TIMESYNCD = '/run/systemd/timesync/synchronized';
const PATIENCE_MS = 10_000;

export async function askClock({ PATH }: NodeJS.ProcessEnv, timesyncd = TIMESYNCD): Promise<ClockSync> {
  try {
    const args = ['show', '--property=NTPSynchronized', '--value'];
    const asked = promisify(execFile)('timedatectl', args, { env: { PATH }, timeout: PATIENCE_MS });
    const { stdout } = await asked;
    if (stdout.trim() === 'yes') return 'synchronised';
    if (stdout.trim() === 'no') return 'unsynchronised';
  } catch {
    // Not there, or no D-Bus to ask over.
  }
  return (await stat(timesyncd).catch(() => undefined)) === undefined ? 'unknown' : 'synchronised';
}
