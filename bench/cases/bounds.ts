/**
 * What may strangers cost us? The status page of the agent, and `listen`, under
 * many clients that say nothing, that never read, that send without end. An honest
 * client asks meanwhile: how long does it wait? And: the agent with few file descriptors.
 */
import { once } from 'node:events';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { get } from 'node:http';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect } from 'node:tls';
import { Daemon } from '../../test/support/daemon.js';
import { freePort, isListening } from '../../test/support/free-port.js';
import { until, within } from '../../test/support/wait.js';
import type { Bench, Case } from '../bench.js';
import { Collector } from '../parts/collector.js';
import { type Behaviour, crowdAround } from '../parts/crowd.js';
import { arrival, forward, type Job } from '../parts/forward.js';
import { linesOf, writeLines } from '../parts/lines.js';
import { figure, megabytes, percent, whole } from '../parts/table.js';
import { descriptorsOf, usageNow } from '../parts/usage.js';
import { type Agent, packaged } from '../peers/agent.js';

interface Server {
  readonly port: number;
  readonly daemon: Daemon;
  /** Resolves when an honest client has been served. */
  ask(): Promise<void>;
  close(): Promise<void>;
}

const PATIENCE_MS = 20_000;

export const strangers: Case = {
  name: 'strangers',
  share: 80,
  measure: async (bench) => {
    const [many, seconds] = bench.size([10_000, 30], [2_000, 5], [2_000, 5]);
    const burdens: [string, typeof page, Behaviour, number][] = [
      ['status page', page, 'silent', many],
      ['status page', page, 'never reads', 200],
      ['status page', page, 'header without end', 10],
      ['`listen`', listen, 'silent', many],
      ['`listen`', listen, 'message without end', 10],
    ];
    const rows: string[][] = [];
    for (const [name, begin, behaviour, clients] of burdens) {
      for (const agent of bench.agents) {
        rows.push([
          name,
          agent.name,
          `${whole(clients)}: ${behaviour}`,
          ...(await endure(bench, begin, agent, behaviour, clients, seconds)),
        ]);
        bench.say(`${name}, ${clients} clients, ${behaviour}: ${agent.name}`);
      }
    }
    return {
      head: [
        'server',
        'program',
        'clients',
        'share of a core',
        'peak RSS',
        'descriptors',
        'turned away',
        'an honest client waits, ms',
      ],
      rows,
      note: `For ${seconds} s. Those that send without end send 1 MiB a second each.`,
    };
  },
};

async function endure(
  bench: Bench,
  begin: typeof page,
  agent: Agent,
  behaviour: Behaviour,
  clients: number,
  seconds: number,
): Promise<string[]> {
  const { caFile, agentCert: certFile, agentKey: keyFile } = bench.workplace.pki;
  const server = await begin(bench, agent);
  try {
    const { pid } = server.daemon;
    const before = usageNow(pid);
    const startedAtMs = performance.now();
    const crowd = await crowdAround({ port: server.port, behaviour, clients, caFile, certFile, keyFile });
    const descriptors = descriptorsOf(pid);
    const waitsMs = await waiting(server);
    await sleep(seconds * 1000);
    const after = usageNow(pid);
    const share = (after.cpuSeconds - before.cpuSeconds) / ((performance.now() - startedAtMs) / 1000);
    const turnedAway = whole(crowd.closed());
    await crowd.leave();
    return [percent(share), megabytes(after.peakRssBytes), whole(descriptors), turnedAway, waitsMs];
  } finally {
    await server.close();
  }
}

/** How long until it is served; it comes back when it is turned away. */
async function waiting(server: Server): Promise<string> {
  const startedAtMs = performance.now();
  const served = async () => {
    try {
      await within(server.ask(), { timeoutMs: PATIENCE_MS, what: 'an answer' });
      return true;
    } catch {
      return false;
    }
  };
  try {
    await until(served, { timeoutMs: PATIENCE_MS, everyMs: 100, what: 'to be served' });
    return figure(performance.now() - startedAtMs);
  } catch {
    return `not served in ${PATIENCE_MS / 1000} s`;
  }
}

/** An agent at work, and its status page. */
async function page({ workplace }: Bench, agent: Agent): Promise<Server> {
  const directory = workplace.place();
  const collector = await Collector.start(workplace.pki);
  const port = await freePort();
  const log = join(directory, 'audit.log');
  writeLines(log, 1);
  const status = { listen: `127.0.0.1:${port}` };
  const daemon = await agent.start({ directory, log, port: collector.port, pki: workplace.pki, agent: { status } });
  await arrival(collector, agent, daemon, { lines: 1 });
  return {
    port,
    daemon,
    ask: async () => {
      const [response] = await once(get({ host: '127.0.0.1', port, path: '/healthz', agent: false }), 'response');
      response.resume();
      await once(response, 'end');
    },
    close: async () => {
      await daemon.stop();
      await collector.stop();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

async function listen({ workplace }: Bench, { main }: Agent): Promise<Server> {
  const directory = workplace.place();
  const { caFile, collectorCert, collectorKey, ca, agent } = workplace.pki;
  const port = await freePort();
  const files = ['--ca', caFile, '--cert', collectorCert, '--key', collectorKey];
  const daemon = await Daemon.start({
    command: process.execPath,
    args: [main, 'listen', '--port', String(port), ...files, '--quiet'],
    outputFile: join(directory, 'out'),
    ready: () => isListening(port),
  });
  return {
    port,
    daemon,
    // Served is who has said close_notify and got one back.
    ask: async () => {
      const socket = connect({ host: 'localhost', port, ca, cert: agent.cert, key: agent.key });
      await once(socket, 'secureConnect');
      socket.resume();
      socket.end('27 <85>1 - - - - - - an entry');
      await once(socket, 'end');
    },
    close: async () => {
      await daemon.stop();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

/** Far more files than descriptors. */
export const descriptors: Case = {
  name: 'descriptors',
  share: 30,
  measure: async (bench) => {
    const [files, lines] = bench.size([1_000, 1_000], [200, 200]);
    const directory = bench.workplace.place();
    const logs = join(directory, 'logs');
    mkdirSync(logs);
    for (let file = 0; file < files; file += 1) {
      writeFileSync(join(logs, `${file}.log`), linesOf('text', file * lines + 1, (file + 1) * lines));
    }
    const [, ...others] = bench.agents;
    // Node opens about as many files at once to load a program of many modules.
    const agents = [await packaged(bench.workplace.place()), ...others];
    const rows: string[][] = [];
    for (const [limit, inside] of [
      ['64 descriptors', ['prlimit', '--nofile=64:64']],
      ['none', []],
    ] as const) {
      for (const agent of agents) {
        const job = { log: join(logs, '*.log'), lines: files * lines, agent: { inside } };
        rows.push([limit, agent.name, ...(await figuresOf(bench, agent, job))]);
        bench.say(`${limit}: ${agent.name}`);
      }
    }
    rmSync(directory, { recursive: true, force: true });
    return {
      head: ['limit', 'sender', 's', 'CPU s a million', 'peak RSS', 'repeated'],
      rows,
      note: `${whole(files)} files of ${whole(lines)} lines of text.`,
    };
  },
};

/** That a program cannot work within a limit is a finding, not a measurement that failed. */
async function figuresOf({ workplace }: Bench, agent: Agent, job: Job): Promise<string[]> {
  try {
    const { seconds, cpuSeconds, peakRssBytes, counts } = await forward(workplace, agent, job);
    const cost = figure((cpuSeconds * 1e6) / job.lines);
    return [seconds.toFixed(1), cost, megabytes(peakRssBytes), whole(counts.repeated)];
  } catch (error) {
    if (job.agent?.inside?.length === 0 || !(error instanceof Error)) throw error;
    return [`**${error.message}**`, '–', '–', '–'];
  }
}
