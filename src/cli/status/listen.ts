/**
 * `status.listen`: the agent's state over HTTP while it runs. A port that is
 * taken is said and tried again; whatever happens here, the agent goes on.
 */
import { once } from 'node:events';
import { hostname } from 'node:os';
import type { AgentState } from '../../agent/state.js';
import { type Listen, listenText } from '../../config/listen.js';
import type { Clock } from '../../lib/clock.js';
import { reasonOf, systemCode } from '../../lib/errors.js';
import type { Report } from '../../model/report.js';
import { type Answer, httpServer } from '../../observe/http.js';
import { Metrics } from '../../observe/metrics.js';
import { familiesOf } from './families.js';
import { pageOf } from './page.js';
import { reportOf, type StatusReport } from './status-report.js';
import { statusText } from './status-text.js';
import { summaryLine } from './summary.js';

export interface ListenDependencies {
  readonly state: () => AgentState;
  readonly clock: Clock;
  readonly report: Report;
  /** This machine's names. */
  readonly names: readonly string[];
}

const AGAIN_MS = 60_000;
const TEXT = 'text/plain; charset=utf-8';

/** Until `stop`. */
export async function listenForStatus(
  place: Listen,
  dependencies: ListenDependencies,
  stop: AbortSignal,
): Promise<void> {
  const { clock, report } = dependencies;
  const address = listenText(place);
  let told = false;
  while (!stop.aborted) {
    const server = httpServer({ answers: answersOf(dependencies), names: dependencies.names, report });
    try {
      server.listen(place);
      await once(server, 'listening');
      report.info('Serving the status page', { at: `http://${address}/` });
      if (!isLoopback(place.host)) tellOfOpenness(address, report);
      server.on('error', (error) => tellOfFailure(address, error, report));
      await aborted(stop);
    } catch (error) {
      if (!told) tellOfFailure(address, error, report);
      told = true;
      await clock.sleep(AGAIN_MS, stop);
    } finally {
      server.close();
      server.closeAllConnections();
    }
  }
}

function aborted(stop: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (stop.aborted) resolve();
    stop.addEventListener('abort', () => resolve(), { once: true });
  });
}

/** 127.0.0.0/8 and ::1. */
function isLoopback(host: string): boolean {
  return host.startsWith('127.') || host === '::1';
}

function tellOfOpenness(address: string, report: Report): void {
  report.warning('Whoever reaches this machine can read the status, for status.listen is not on loopback', {
    address,
    remedy: 'let a firewall admit only those who may, or listen on 127.0.0.1 behind a proxy that asks who it is',
  });
}

function tellOfFailure(address: string, error: unknown, report: Report): void {
  const taken = systemCode(error) === 'EADDRINUSE';
  report.warning('The status cannot be had over HTTP; forwarding goes on', {
    address,
    reason: taken ? 'another program listens there' : reasonOf(error),
    remedy: taken ? 'give each instance a status.listen of its own, or turn it off (off)' : 'correct status.listen',
  });
}

function answersOf({ state, clock }: ListenDependencies): Record<string, () => Answer | Promise<Answer>> {
  const metrics = new Metrics();
  const present = (): StatusReport => reportOf(state(), { name: 'present' });
  return {
    '/': () => {
      const report = present();
      return page(pageOf(report.verdict, statusText(report, clock.nowMs())));
    },
    '/metrics': async () => ({
      status: 200,
      type: metrics.contentType,
      body: await metrics.text(familiesOf(present())),
    }),
    // For whoever restarts what is not alive: a problem that a restart does not mend is none of its business.
    '/livez': () => {
      const { stuckLoops } = present();
      if (stuckLoops.length === 0) return { status: 200, type: TEXT, body: 'both loops turn\n' };
      return { status: 503, type: TEXT, body: `these loops hang: ${stuckLoops.join(', ')}\n` };
    },
    // WAITING is well: restarting an agent does not bring a collector back.
    '/healthz': () => {
      const report = present();
      return { status: report.verdict === 'PROBLEM' ? 503 : 200, type: TEXT, body: `${summaryLine(report)}\n` };
    },
    '/status.json': () => ({ status: 200, type: 'application/json', body: `${JSON.stringify(present())}\n` }),
  };
}

function page(body: string): Answer {
  return { status: 200, type: 'text/html; charset=utf-8', body };
}

/** By which this machine may be asked. */
export function machineNames(fullName: string): string[] {
  return [...new Set([fullName, hostname()].map((name) => name.toLowerCase()))];
}
