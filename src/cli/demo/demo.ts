/**
 * `demo` runs everything on this machine: it makes certificates, starts a collector,
 * writes audit entries to a log file, runs the agent that follows it, and shows the
 * entries arrive over mutual TLS. It writes into one temporary folder only.
 */
import { once } from 'node:events';
import { rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { Command, InvalidArgumentError } from 'commander';
import { Agent } from '../../agent/agent.js';
import { loadConfig } from '../../config/load.js';
import { systemClock } from '../../lib/clock.js';
import { systemWorld } from '../../lib/context.js';
import { systemCode } from '../../lib/errors.js';
import { Problems } from '../../lib/problems.js';
import type { Facts } from '../../model/report.js';
import { painter } from '../../observe/paint.js';
import { parseMessage } from '../../syslog/rfc5424.js';
import { wholeNumber } from '../arguments.js';
import type { Io } from '../io.js';
import { packageVersion } from '../version.js';
import { countText } from '../voice.js';
import { configure, HOST, type Scene, setScene, startCollector } from './scene.js';
import { Writer } from './writer.js';

interface DemoOptions {
  readonly for?: number;
  readonly port: number;
  readonly rate: number;
  readonly keep?: true;
}

const TICK_MS = 250;

export function demoCommand(io: Io): Command {
  return new Command('demo')
    .description('run certificates, collector and agent on this machine, and show entries arrive')
    .option('--for <duration>', 'stop after this time, for example 10s', seconds)
    .option('--port <number>', 'port of the collector; 0 takes any free one', wholeNumber(0, 65_535), 6514)
    .option('--rate <lines>', 'audit entries written per second', wholeNumber(0, 10_000), 4)
    .option('--keep', 'keep the folder with certificates and configuration')
    .addHelpText('after', '\nExit status: 0 when every entry written has arrived, 1 when one is missing.')
    .action(async (options: DemoOptions) => demo(io, { ...options, port: await usablePort(io, options.port) }));
}

/** Asked before anything is made: a port that is taken is replaced by any other, which is 0. */
export async function usablePort(io: Io, port: number): Promise<number> {
  if (await isFree(port)) return port;
  io.stdout.write(`Another program listens on ${HOST}:${port}; the demo takes a free port instead.\n`);
  return 0;
}

/** Whatever else keeps it from being used is said when it is used. */
async function isFree(port: number): Promise<boolean> {
  const server = createServer();
  try {
    server.listen(port, HOST);
    await once(server, 'listening');
    return true;
  } catch (error) {
    return systemCode(error) !== 'EADDRINUSE';
  } finally {
    server.close();
  }
}

async function demo(io: Io, options: DemoOptions): Promise<void> {
  const say = (text: string) => void io.stdout.write(`${text}\n`);
  say('Making certificates for a CA, a collector and this agent …');
  const scene = await setScene(io);
  try {
    await play(io, options, scene, say);
  } finally {
    if (options.keep) say(`Kept: ${scene.directory}`);
    else await rm(scene.directory, { recursive: true, force: true });
  }
}

async function play(io: Io, options: DemoOptions, scene: Scene, say: (text: string) => void): Promise<void> {
  const arrivals = new Arrivals();
  const writer = await Writer.open(scene.logFile, systemClock);
  let agent: Agent | undefined;
  const totals = () => totalLine(writer, agent, arrivals);
  const screen = new Screen(io, totals, () => systemClock.monotonicMs());
  const report = reportTo(screen);

  const collector = await startCollector(scene, options.port, {
    report,
    onConnection: () => undefined,
    onRefused: ({ reason }) => screen.line(`the collector refused a client: ${reason}`),
    onMessage: (bytes) => {
      const { text, failed } = arrivals.add(bytes);
      screen.line(`  ${text}`, failed);
    },
    onEnd: () => undefined,
  });
  await configure(scene, collector.address.port);
  say(`Collector: ${HOST}:${collector.address.port}, mutual TLS`);
  say(`Keys:      ${scene.certificates}`);
  say(`Log file:  ${scene.logFile}`);
  say(`Agent:     ${scene.config}`);
  say(options.for === undefined ? 'Press Ctrl-C to stop.\n' : '');

  const stop = stopAfter(io.signal, options.for);
  const written = writer.run(options.rate, stop);
  const config = await loadConfig(scene.config, {});
  agent = await Agent.start(config, {
    ...systemWorld,
    report,
    problems: new Problems(systemClock),
    version: packageVersion(),
  });
  while (!stop.aborted) {
    await systemClock.sleep(TICK_MS, stop);
    screen.tick();
  }
  await written;
  await caughtUp(agent, writer);
  await agent.stop('the demo ends');
  await collector.close();
  screen.end();
  finish(io, writer, agent, arrivals, say);
}

function finish(io: Io, writer: Writer, agent: Agent, arrivals: Arrivals, say: (text: string) => void): void {
  const lost = writer.written - arrivals.received;
  say(`\n${totalLine(writer, agent, arrivals)}`);
  say(lost === 0 ? 'Every entry that was written has arrived.' : `${countText(lost)} entries are missing.`);
  say(`
Next, with a real collector:
  1. openemr-audit-forwarder cert request --help   (for a test: cert init)
  2. edit sources, collectors and tls in /etc/openemr-audit-forwarder/config.yaml
  3. openemr-audit-forwarder check                 until no line says FAILED
  4. systemctl enable --now openemr-audit-forwarder`);
  if (lost !== 0) io.setExitStatus(1);
}

/** The last lines are read before the agent is asked to stop: stopping ends reading. */
async function caughtUp(agent: Agent, writer: Writer): Promise<void> {
  const deadlineMs = systemClock.monotonicMs() + 10_000;
  while (agent.state().counts.lines < writer.written && systemClock.monotonicMs() < deadlineMs) {
    await systemClock.sleep(50);
  }
}

function totalLine(writer: Writer, agent: Agent | undefined, arrivals: Arrivals): string {
  const state = agent?.state();
  const { sent = 0, acknowledged = 0 } = state?.delivery ?? {};
  // The agent's own messages (start, stop, heartbeat) are sent and acknowledged too.
  const own = (state?.counts.messages ?? 0) - (state?.counts.lines ?? 0);
  const lost = Math.max(0, acknowledged - own - arrivals.received);
  const counts = [
    ['written', writer.written],
    ['sent', sent],
    ['acknowledged', acknowledged],
    ['received', arrivals.received],
    ['lost', lost],
    ['repeated', arrivals.repeated],
  ] as const;
  return counts.map(([name, count]) => `${name} ${countText(count)}`).join(', ');
}

/** What the agent logs is shown only where it is a warning: the demo is about the entries. */
function reportTo(screen: Screen) {
  const ignore = () => undefined;
  const show = (message: string, { reason }: Facts = {}) =>
    screen.line(`  ${message}${reason === undefined ? '' : `: ${reason}`}`);
  const report = { debug: ignore, info: ignore, notice: ignore, warning: show, error: show };
  return { ...report, child: () => report };
}

/** Not AbortSignal.timeout within AbortSignal.any: nobody holds the former, and once collected it never goes off. */
function stopAfter(signal: AbortSignal, seconds: number | undefined): AbortSignal {
  if (seconds === undefined) return signal;
  const over = new AbortController();
  void systemClock.sleep(seconds * 1000, signal).then(() => over.abort());
  return over.signal;
}

const UNITS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600 };

function seconds(text: string): number {
  const [, count = '', unit = ''] = /^(\d+)([smh])$/.exec(text) ?? [];
  const factor = UNITS[unit];
  if (factor === undefined) throw new InvalidArgumentError('a duration is a number with s, m or h: 10s');
  return Number(count) * factor;
}

/* The demo's output: arrivals one by one above a running total, which stays in place on a terminal. */

const TOTAL_EVERY_MS = 5_000;
const ERASE_LINE = '\r\u001b[2K';

class Screen {
  #toldAtMs: number;

  constructor(
    private readonly io: Pick<Io, 'stdout' | 'screen' | 'env'>,
    private readonly total: () => string,
    private readonly nowMs: () => number,
  ) {
    this.#toldAtMs = nowMs();
  }

  /** `failed`: it tells of something that did not succeed, and is red on a terminal. */
  line(text: string, failed = false): void {
    const { stdout, screen, env } = this.io;
    if (screen() === undefined) stdout.write(`${text}\n`);
    else stdout.write(`${ERASE_LINE}${failed ? painter(true, env)('red', text) : text}\n${this.#total()}`);
  }

  /** Called now and then: refreshes the total. */
  tick(): void {
    if (this.io.screen() !== undefined) {
      this.io.stdout.write(`${ERASE_LINE}${this.#total()}`);
    } else if (this.nowMs() - this.#toldAtMs >= TOTAL_EVERY_MS) {
      this.#toldAtMs = this.nowMs();
      this.io.stdout.write(`${this.total()}\n`);
    }
  }

  end(): void {
    if (this.io.screen() !== undefined) this.io.stdout.write(ERASE_LINE);
  }

  /** Cut where the terminal ends: a line that wraps cannot be erased. */
  #total(): string {
    const { screen, env } = this.io;
    return painter(true, env)('bold', this.total().slice(0, (screen()?.columns ?? 80) - 1));
  }
}

/* What the demo's collector has received: which entries, how often, by run and seq of each message. */

interface Arrival {
  readonly kind: 'entry' | 'own' | 'unknown';
  /** One line for a person: time of day (UTC), event, user, patient, outcome. */
  readonly text: string;
  /** What the entry tells of did not succeed. */
  readonly failed: boolean;
}

class Arrivals {
  repeated = 0;
  readonly #seen = new Set<string>();
  readonly #entries = new Set<string>();

  /** Different entries that have arrived. */
  get received(): number {
    return this.#entries.size;
  }

  add(bytes: Buffer): Arrival {
    const parsed = parseMessage(bytes);
    if (!parsed.ok) return { kind: 'unknown', text: `unparsed: ${parsed.fault.message}`, failed: true };
    const { timestamp, msgId, structuredData } = parsed.message;
    const element = structuredData.find(({ id }) => id.startsWith('audit@') || id.startsWith('agent@'));
    const value = (name: string) => element?.params.find(([param]) => param === name)?.[1];
    const name = `${value('run')}:${value('seq')}`;
    if (this.#seen.has(name)) this.repeated += 1;
    this.#seen.add(name);
    const time = timestamp?.slice(11, 19) ?? '--:--:--';
    if (element?.id.startsWith('agent@')) {
      return { kind: 'own', text: `${time} message of the agent: ${value('kind')}`, failed: false };
    }
    this.#entries.add(value('id') ?? name);
    const patient = value('patient') === undefined ? '' : `, patient ${value('patient')}`;
    const failed = value('success') === '0';
    const outcome = failed ? ', FAILED' : '';
    return {
      kind: 'entry',
      failed,
      text: `${time} ${msgId} by ${value('user') ?? 'nobody'}${patient}${outcome}  [seq ${value('seq')}]`,
    };
  }
}
