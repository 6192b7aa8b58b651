/** Repeats what must be said or asked again and again: the heartbeat, the warning of an unverified collector, the question whether the clock is right. */
import { execFile } from 'node:child_process';
import { stat } from 'node:fs/promises';
import { promisify } from 'node:util';
import type { TlsConfig } from '../config/config.js';
import type { Encoder } from '../encode/encoder.js';
import type { Ingest } from '../ingest/ingest.js';
import type { Clock, ClockSync } from '../lib/clock.js';
import type { Context } from '../lib/context.js';
import { SEAL_EVERY_MS, type Sealer } from '../seal/sealer.js';
import type { Sources } from '../source/sources.js';
import { heartbeatMessage } from './agent-messages.js';

const INSECURE_EVERY_MS = 60 * 60_000;

/** A heartbeat makes silence an alarm. Until `stop`; 0 ms: never. */
export async function keepHeartbeat(
  everyMs: number,
  {
    ingest,
    encoder,
    sources,
    sealer,
  }: {
    readonly ingest: Ingest;
    readonly encoder: Encoder;
    readonly sources: Sources;
    readonly sealer: Sealer | undefined;
  },
  clock: Clock,
  stop: AbortSignal,
): Promise<void> {
  if (everyMs === 0) return;
  for (;;) {
    await clock.sleep(everyMs, stop);
    if (stop.aborted) return;
    const lags = new Map<string, number>();
    for (const { source, lagBytes = 0 } of sources.files()) lags.set(source, (lags.get(source) ?? 0) + lagBytes);
    ingest.say(heartbeatMessage(encoder.nextSeq - 1, lags));
    sealer?.seal();
  }
}

/** What was sent in a minute is sealed at its end. Until `stop`. */
export async function keepSeals(sealer: Sealer | undefined, clock: Clock, stop: AbortSignal): Promise<void> {
  while (sealer !== undefined && !stop.aborted) {
    await clock.sleep(SEAL_EVERY_MS, stop);
    if (!stop.aborted) sealer.seal();
  }
}

/** While `tls.verify` is `insecure` that is a problem, and logged every hour. Until `stop`. */
export async function warnOfInsecure(
  verify: TlsConfig['verify'],
  { clock, problems }: Pick<Context, 'clock' | 'problems'>,
  stop: AbortSignal,
): Promise<void> {
  while (verify === 'insecure' && !stop.aborted) {
    problems.raise({
      key: 'collector-unverified',
      message: 'The collector is not verified: anyone who answers at its address receives the audit trail',
      remedy: 'set tls.verify to name, or to fingerprint with tls.fingerprints',
      repeatMs: INSECURE_EVERY_MS,
    });
    await clock.sleep(INSECURE_EVERY_MS, stop);
  }
}

const CLOCK_EVERY_MS = 5 * 60_000;

/**
 * Asks every five minutes whether NTP keeps this machine's clock: auditors ask for it (IHE ITI-1 Consistent Time, 45 CFR
 * 170.210(g)). It is a problem when the answer is no twice in a row: right after boot it may be no for a while.
 */
export class ClockWatch {
  present: ClockSync = 'unknown';

  constructor(
    private readonly ask: (() => Promise<ClockSync>) | undefined,
    private readonly context: Pick<Context, 'clock' | 'problems'>,
  ) {}

  /** Until `stop`. */
  async keep(stop: AbortSignal): Promise<void> {
    const { clock, problems } = this.context;
    while (this.ask !== undefined && !stop.aborted) {
      const before = this.present;
      this.present = await this.ask();
      if (this.present === 'unsynchronised' && before === 'unsynchronised') problems.raise(UNSYNCHRONISED);
      if (this.present === 'synchronised') problems.clear(UNSYNCHRONISED.key);
      await clock.sleep(CLOCK_EVERY_MS, stop);
    }
  }
}

const UNSYNCHRONISED = {
  key: 'clock-unsynchronised',
  message: 'The clock of this machine is not synchronised: timestamps may be wrong',
  remedy: 'turn NTP on (timedatectl set-ntp true), or see why it fails: timedatectl timesync-status, chronyc tracking',
  over: 'The clock of this machine is synchronised again',
  repeatMs: 24 * 60 * 60_000,
};

/** systemd-timesyncd makes it when it has set the clock for the first time since the start of the machine. */
const TIMESYNCD = '/run/systemd/timesync/synchronized';
const ANSWER_MS = 10_000;

/**
 * Whether NTP keeps this machine's clock, as the kernel knows it from systemd-timesyncd, chrony or ntpd: asked of timedatectl,
 * because Node.js cannot ask adjtimex(2). `unknown` in a container without timedatectl.
 */
export async function askClock({ PATH }: NodeJS.ProcessEnv, timesyncd = TIMESYNCD): Promise<ClockSync> {
  try {
    const args = ['show', '--property=NTPSynchronized', '--value'];
    const asked = promisify(execFile)('timedatectl', args, { env: { PATH }, timeout: ANSWER_MS });
    const { stdout } = await asked;
    if (stdout.trim() === 'yes') return 'synchronised';
    if (stdout.trim() === 'no') return 'unsynchronised';
  } catch {
    // Not there, or no D-Bus to ask over.
  }
  return (await stat(timesyncd).catch(() => undefined)) === undefined ? 'unknown' : 'synchronised';
}
