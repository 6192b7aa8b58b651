/** What the agent says regularly: that it is there, and that it has been told not to look whom it talks to. */
import type { TlsConfig } from '../config/config.js';
import type { Encoder } from '../encode/encoder.js';
import type { Ingest } from '../ingest/ingest.js';
import type { Clock, ClockSync } from '../lib/clock.js';
import type { Report } from '../model/report.js';
import type { Sources } from '../source/sources.js';
import { heartbeatMessage } from './agent-messages.js';

const INSECURE_EVERY_MS = 60 * 60_000;

/** Silence is an alarm only where something is heard regularly. Until `stop`; 0 ms: never. */
export async function keepHeartbeat(
  everyMs: number,
  { ingest, encoder, sources }: { readonly ingest: Ingest; readonly encoder: Encoder; readonly sources: Sources },
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
  }
}

export async function remindOfInsecure(
  verify: TlsConfig['verify'],
  { clock, report }: { readonly clock: Clock; readonly report: Report },
  stop: AbortSignal,
): Promise<void> {
  while (verify === 'insecure' && !stop.aborted) {
    report.warning('The collector is not verified: anybody who answers under its address is sent the audit trail', {
      remedy: 'set tls.verify to name, or to fingerprint with tls.fingerprints',
    });
    await clock.sleep(INSECURE_EVERY_MS, stop);
  }
}

/*
 * Whether the clock is kept right: auditors ask (IHE ITI-1 Consistent Time, 45
 * CFR 170.210(g)), and a time in the trail is worth as much as the clock that
 * gave it. Asked every five minutes; told when it is not so twice in a row, for
 * at the start of a machine it may not be so yet.
 */

const EVERY_MS = 5 * 60_000;

export class ClockWatch {
  present: ClockSync = 'unknown';
  #told = false;

  constructor(
    private readonly ask: () => Promise<ClockSync>,
    private readonly dependencies: { readonly clock: Clock; readonly report: Report },
  ) {}

  /** Until `stop`. */
  async keep(stop: AbortSignal): Promise<void> {
    while (!stop.aborted) {
      const before = this.present;
      this.present = await this.ask();
      this.#tell(before);
      await this.dependencies.clock.sleep(EVERY_MS, stop);
    }
  }

  #tell(before: ClockSync): void {
    const { report } = this.dependencies;
    if (this.present === 'unsynchronised' && before === 'unsynchronised' && !this.#told) {
      this.#told = true;
      report.warning('The clock of this machine is not synchronised: the times of the trail prove little', {
        remedy:
          'turn NTP on (timedatectl set-ntp true), or see why it fails: timedatectl timesync-status, chronyc tracking',
      });
    }
    if (this.present === 'synchronised' && this.#told) {
      this.#told = false;
      report.notice('The clock of this machine is synchronised again');
    }
  }
}
