/**
 * Serves the agent's state over HTTP while it runs (`status.listen`). A port that is
 * taken is a problem and tried again; whatever happens here, the agent goes on.
 */
import { once } from 'node:events';
import { hostname } from 'node:os';
import type { AgentState } from '../../agent/state.js';
import { type Listen, listenText } from '../../config/listen.js';
import type { Context } from '../../lib/context.js';
import { reasonOf, systemCode } from '../../lib/errors.js';
import { printable } from '../../lib/printable.js';
import type { Problem } from '../../lib/problems.js';
import { Signal } from '../../lib/signal.js';
import { type Answer, httpServer } from '../../observe/http.js';
import type { Metrics } from '../../observe/metrics.js';
import { familiesOf } from './families.js';
import { pageOf } from './page.js';
import { reportOf, type StatusReport } from './status-report.js';
import { statusText } from './status-text.js';
import { summaryLine } from './verdict.js';

type Dependencies = Pick<Context, 'clock' | 'report' | 'problems'> & {
  readonly state: () => AgentState;
  /** This machine's names. */
  readonly names: readonly string[];
};

const AGAIN_MS = 60_000;
const TEXT = 'text/plain; charset=utf-8';

/** Until `stop`. */
export async function listenForStatus(place: Listen, dependencies: Dependencies, stop: AbortSignal): Promise<void> {
  const { clock, report, problems, names } = dependencies;
  const address = listenText(place);
  while (!stop.aborted) {
    const server = httpServer({ answers: answersOf(dependencies), names, problems });
    try {
      server.listen(place);
      await once(server, 'listening');
      problems.clear(UNSERVED);
      report.info('Serving the status page', { at: `http://${address}/` });
      if (!isLoopback(place.host)) problems.raise(open(address));
      server.on('error', (error) => problems.raise(unserved(address, error)));
      await new Signal(clock).wait(stop);
    } catch (error) {
      problems.raise(unserved(address, error));
      await clock.sleep(AGAIN_MS, stop);
    } finally {
      server.close();
      server.closeAllConnections();
    }
  }
}

/** 127.0.0.0/8 and ::1. */
function isLoopback(host: string): boolean {
  return host.startsWith('127.') || host === '::1';
}

const UNSERVED = 'status-page';

function open(address: string): Problem {
  return {
    key: 'status-open',
    message: 'Anyone who can reach this machine can read the status: status.listen is not a loopback address',
    facts: { address },
    remedy:
      'allow only your monitoring through the firewall, or listen on 127.0.0.1 behind a proxy that asks for a password',
    repeatMs: Number.POSITIVE_INFINITY,
  };
}

function unserved(address: string, error: unknown): Problem {
  const taken = systemCode(error) === 'EADDRINUSE';
  return {
    key: UNSERVED,
    message: 'The status page is not available over HTTP; forwarding goes on',
    facts: { address, reason: taken ? 'another program listens there' : reasonOf(error) },
    remedy: taken ? 'give each instance its own status.listen, or set it to off' : 'correct status.listen',
    repeatMs: Number.POSITIVE_INFINITY,
  };
}

function answersOf({ state, clock }: Dependencies): Record<string, () => Answer | Promise<Answer>> {
  // Made when somebody first asks: loading it takes a tenth of the agent's start.
  let making: Promise<Metrics> | undefined;
  const made = async () => new (await import('../../observe/metrics.js')).Metrics();
  const present = (): StatusReport => reportOf(state(), { name: 'present' });
  return {
    '/': () => {
      const report = present();
      return page(pageOf(report.verdict, statusText(report, clock.nowMs())));
    },
    '/metrics': async () => {
      making ??= made();
      const metrics = await making;
      return { status: 200, type: metrics.contentType, body: await metrics.text(familiesOf(present())) };
    },
    // For supervisors that restart what hangs: other problems are not mended by a restart.
    '/livez': () => {
      const { stuckLoops } = present();
      if (stuckLoops.length === 0) return { status: 200, type: TEXT, body: 'both loops turn\n' };
      return { status: 503, type: TEXT, body: `these loops hang: ${stuckLoops.join(', ')}\n` };
    },
    // WAITING is healthy: restarting the agent does not bring a collector back.
    '/healthz': () => {
      const report = present();
      return {
        status: report.verdict === 'PROBLEM' ? 503 : 200,
        type: TEXT,
        body: `${printable(summaryLine(report))}\n`,
      };
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
