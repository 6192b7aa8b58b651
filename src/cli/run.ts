/** `run`: the agent, until SIGTERM or SIGINT. */
import { Command } from 'commander';
import { Agent } from '../agent/agent.js';
import { keepStateFile } from '../agent/state-file.js';
import { loadConfig } from '../config/load.js';
import { systemClock } from '../lib/clock.js';
import { AgentError, reasonOf } from '../lib/errors.js';
import { createLogger } from '../observe/logger.js';
import { createNotifier, type Notifier } from '../observe/notify.js';
import { configFileOf } from './config-option.js';
import type { Io } from './io.js';
import { summaryLine } from './summary.js';
import { UsageError } from './usage-error.js';
import { packageVersion } from './version.js';

const STATUS_LINE_MS = 10_000;

export function runCommand(io: Io): Command {
  return new Command('run')
    .description('follow the log files and forward them, until SIGTERM')
    .action(async (_options: unknown, command: Command) => run(io, configFileOf(command)));
}

async function run(io: Io, file: string): Promise<void> {
  const config = await loadConfig(file, io.env);
  const logger = createLogger({ ...config.log, output: io.stdout, env: io.env });
  const notifier = createNotifier(io.env, logger.child('systemd'));
  try {
    const agent = await startAgent();
    logger.info('Started', { config: file, version: packageVersion() });
    const over = new AbortController();
    const kept = keepStateFile(config.journal.directory, () => agent.state(), systemClock, over.signal);
    notifier.ready(summaryLine(agent.state()));
    const told = keepStatusLine(agent, notifier, over.signal);
    const failure = await Promise.race([aborted(io.signal), agent.failed]);
    notifier.stopping('Stopping: what was sent is being acknowledged');
    await agent.stop(failure === undefined ? 'signal' : 'failure');
    over.abort();
    await Promise.all([kept, told]);
    logger.info('Stopped', { reason: failure === undefined ? 'signal' : reasonOf(failure) });
    if (failure !== undefined) throw failure;
  } finally {
    await notifier.settled();
    await logger.close();
  }

  async function startAgent(): Promise<Agent> {
    try {
      const dependencies = { clock: systemClock, random: Math.random, env: io.env, version: packageVersion() };
      return await Agent.start(config, { ...dependencies, report: logger });
    } catch (error) {
      if (!(error instanceof AgentError)) throw error;
      // Only the operator can change what keeps an agent from starting.
      throw new UsageError(error.message, { cause: error, ...(error.hint === undefined ? {} : { hint: error.hint }) });
    }
  }
}

async function keepStatusLine(agent: Agent, notifier: Notifier, stop: AbortSignal): Promise<void> {
  while (!stop.aborted) {
    notifier.status(summaryLine(agent.state()));
    await systemClock.sleep(STATUS_LINE_MS, stop);
  }
}

function aborted(signal: AbortSignal): Promise<undefined> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve(undefined);
    else signal.addEventListener('abort', () => resolve(undefined), { once: true });
  });
}
