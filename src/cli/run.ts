/** `run`: the agent, until SIGTERM or SIGINT; SIGHUP reads the configuration again. */
import { Command } from 'commander';
import { Agent } from '../agent/agent.js';
import { keepStateFile } from '../agent/state-file.js';
import type { Config } from '../config/config.js';
import { loadConfig } from '../config/load.js';
import { systemClock } from '../lib/clock.js';
import { AgentError, reasonOf } from '../lib/errors.js';
import { createLogger, type Logger } from '../observe/logger.js';
import { createNotifier, type Notifier } from '../observe/notify.js';
import type { HeldFile } from '../source/sources.js';
import { configFileOf } from './config-option.js';
import type { Io } from './io.js';
import { keepTold } from './keep-told.js';
import { readAgain } from './reload.js';
import { summaryLine } from './summary.js';
import { UsageError } from './usage-error.js';
import { packageVersion } from './version.js';

export function runCommand(io: Io): Command {
  return new Command('run')
    .description('follow the log files and forward them, until SIGTERM')
    .addHelpText('after', '\nSIGHUP reads the configuration again: all of it, or, if it has a fault, nothing.')
    .action(async (_options: unknown, command: Command) => {
      const config = await loadConfig(configFileOf(command), io.env);
      const logger = createLogger({ ...config.log, output: io.stdout, env: io.env });
      const notifier = createNotifier(io.env, logger.child('systemd'));
      try {
        await run(io, config, logger, notifier);
      } finally {
        await notifier.settled();
        await logger.close();
      }
    });
}

interface Working {
  readonly agent: Agent;
  readonly config: Config;
}

type End =
  | { readonly how: 'signal' }
  | { readonly how: 'hangup' }
  | { readonly how: 'failure'; readonly error: unknown };

async function run(io: Io, config: Config, logger: Logger, notifier: Notifier): Promise<void> {
  let working: Working = { agent: await startFirst(io, config, logger), config };
  const state = () => working.agent.state();
  const over = new AbortController();
  const kept = keepStateFile(config.journal.directory, state, systemClock, over.signal);
  logger.info('Started', { config: config.file, version: packageVersion() });
  const line = () => summaryLine(state());
  notifier.ready(line());
  const told = keepTold(notifier, { line, stuck: () => working.agent.stuck }, systemClock, over.signal);
  const hangups = new Hangups(io);
  const asked = aborted(io.signal);
  let end: End;
  for (;;) {
    end = await Promise.race([asked, failureOf(working.agent), hangups.next()]);
    if (end.how !== 'hangup') break;
    notifier.reloading();
    working = await reload(io, working, logger);
    notifier.ready(line());
  }
  hangups.close();
  notifier.stopping('Stopping: what was sent is being acknowledged');
  await working.agent.stop(end.how);
  over.abort();
  await Promise.all([kept, told]);
  if (end.how === 'failure') throw end.error;
  logger.info('Stopped');
}

async function startFirst(io: Io, config: Config, logger: Logger): Promise<Agent> {
  try {
    return await start(io, config, logger);
  } catch (error) {
    if (!(error instanceof AgentError)) throw error;
    // Only the operator can change what keeps an agent from starting.
    throw new UsageError(error.message, { cause: error, ...(error.hint === undefined ? {} : { hint: error.hint }) });
  }
}

function start(io: Io, config: Config, logger: Logger, held: readonly HeldFile[] = []): Promise<Agent> {
  const dependencies = { clock: systemClock, random: Math.random, env: io.env, version: packageVersion() };
  return Agent.start(config, { ...dependencies, report: logger, held });
}

/** The agent is stopped in order and started with what is new: nothing is lost, and nothing is sent twice. */
async function reload(io: Io, working: Working, logger: Logger): Promise<Working> {
  const config = await readAgain(working.config, io.env, logger);
  if (config === undefined) return working;
  const held = await working.agent.handOver('configuration');
  try {
    const agent = await start(io, config, logger, held);
    agent.tellOfConfiguration();
    logger.notice('The configuration was read again', { config: config.file });
    return { agent, config };
  } catch (error) {
    logger.error('The new configuration cannot be used; going on with the one before', { reason: reasonOf(error) });
    return { agent: await start(io, working.config, logger, held), config: working.config };
  }
}

function aborted(signal: AbortSignal): Promise<End> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve({ how: 'signal' });
    else signal.addEventListener('abort', () => resolve({ how: 'signal' }), { once: true });
  });
}

function failureOf(agent: Agent): Promise<End> {
  return agent.failed.then((error) => ({ how: 'failure', error }));
}

/** A SIGHUP that comes while the one before is being heeded counts, once. */
class Hangups {
  #came = false;
  #wake: () => void = () => undefined;
  readonly close: () => void;

  constructor(io: Io) {
    this.close = io.onHangup(() => {
      this.#came = true;
      this.#wake();
    });
  }

  async next(): Promise<End> {
    if (!this.#came) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    this.#came = false;
    return { how: 'hangup' };
  }
}
