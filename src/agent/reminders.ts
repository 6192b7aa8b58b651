/** What the agent says regularly: that it is there, and that it has been told not to look whom it talks to. */
import type { TlsConfig } from '../config/config.js';
import type { Clock } from '../lib/clock.js';
import type { Report } from '../model/report.js';
import type { Sources } from '../source/sources.js';
import type { Encoder } from './encoding/encode.js';
import type { Ingest } from './intake/ingest.js';
import { heartbeatMessage } from './intake/own-messages.js';

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
