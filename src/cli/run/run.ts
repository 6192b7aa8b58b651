/** `run`: the agent, until SIGTERM or SIGINT; SIGHUP reads the configuration again. */
import { Command } from 'commander';
import { Agent, type AgentDependencies } from '../../agent/agent.js';
import { Problems } from '../../agent/problems.js';
import { succeed, type Working } from '../../agent/reload.js';
import { keepStateFile } from '../../agent/state.js';
import type { Config } from '../../config/config.js';
import { loadConfig } from '../../config/load.js';
import { systemClock } from '../../lib/clock.js';
import { AgentError } from '../../lib/errors.js';
import { askClock } from '../../observe/clock-sync.js';
import { createLogger, type Logger } from '../../observe/logger.js';
import { createNotifier, type Notifier } from '../../observe/notify.js';
import { configFileOf } from '../config-option.js';
import type { Io } from '../io.js';
import { listenForStatus, machineNames } from '../status/listen.js';
import { summaryLine } from '../status/summary.js';
import { UsageError } from '../usage-error.js';
import { packageVersion } from '../version.js';
import { keepTold } from './keep-told.js';
import { readAgain } from './reload.js';

export function runCommand(io: Io): Command {
  return new Command('run')
    .description('follow the log files and forward them, until SIGTERM')
    .addHelpText('after', '\nSIGHUP reads the configuration again: all of it, or, if it has a fault, nothing.')
    .action(async (_options: unknown, command: Command) => {
      const hangups = new Hangups(io);
      const config = await loadConfig(configFileOf(command), io.env);
      const logger = createLogger({ ...config.log, output: io.stdout, env: io.env });
      const notifier = createNotifier(io.env, logger.child('systemd'));
      try {
        await run(io, hangups, config, dependenciesOf(io, logger), notifier);
      } finally {
        await notifier.settled();
        await logger.close();
      }
    });
}

type End =
  | { readonly how: 'signal' }
  | { readonly how: 'hangup' }
  | { readonly how: 'failure'; readonly error: unknown };

type Dependencies = AgentDependencies & Pick<Logger, 'talk'>;

function dependenciesOf({ env }: Io, logger: Logger): Dependencies {
  const problems = new Problems(systemClock);
  return {
    clock: systemClock,
    random: Math.random,
    report: problems.through(logger),
    env,
    version: packageVersion(),
    problems,
    askClock: () => askClock(env),
    talk: logger.talk,
  };
}

async function run(
  io: Io,
  hangups: Hangups,
  config: Config,
  dependencies: Dependencies,
  notifier: Notifier,
): Promise<void> {
  let working: Working = { agent: await startFirst(config, dependencies), config };
  const { report } = dependencies;
  const state = () => working.agent.state();
  const over = new AbortController();
  const kept = keepStateFile(config.journal.directory, state, dependencies, over.signal);
  report.info('Started', { config: config.file, version: dependencies.version });
  const line = () => summaryLine(state());
  notifier.ready(line());
  const told = keepTold(notifier, { line, stuck: () => working.agent.stuck }, systemClock, over.signal);
  const { listen } = config.status;
  const names = machineNames(config.message.hostname);
  const serving = { state, clock: systemClock, report: report.child('status'), names };
  const listened = listen && listenForStatus(listen, serving, over.signal);
  const asked = aborted(io.signal);
  let end: End;
  try {
    for (;;) {
      end = await Promise.race([asked, failureOf(working.agent), hangups.next()]);
      if (end.how !== 'hangup') break;
      notifier.reloading();
      working = await reload(working, dependencies, io.signal);
      dependencies.talk(working.config.log);
      notifier.ready(line());
    }
    notifier.stopping('Stopping: what was sent is being acknowledged');
    await working.agent.stop(end.how);
  } finally {
    over.abort();
    await Promise.all([kept, told, listened]);
  }
  if (end.how === 'failure') throw end.error;
  report.info('Stopped');
}

async function startFirst(config: Config, dependencies: AgentDependencies): Promise<Agent> {
  try {
    return await Agent.start(config, dependencies);
  } catch (error) {
    if (!(error instanceof AgentError)) throw error;
    // Only the operator can change what keeps an agent from starting.
    throw new UsageError(error.message, { cause: error, ...(error.hint === undefined ? {} : { hint: error.hint }) });
  }
}

async function reload(working: Working, dependencies: AgentDependencies, stop: AbortSignal): Promise<Working> {
  const { env, report } = dependencies;
  const config = await readAgain(working.config, env, report);
  return config === undefined ? working : succeed(working, config, dependencies, stop);
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

/**
 * A SIGHUP that comes while the one before is being heeded, or during the start, counts, once. It is heard to the very
 * end: nobody's signal cuts short an orderly stop.
 */
class Hangups {
  #came = false;
  #wake: () => void = () => undefined;

  constructor(io: Io) {
    io.onHangup(() => {
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
