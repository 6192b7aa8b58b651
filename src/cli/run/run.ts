/** `run`: the agent, until SIGTERM or SIGINT; SIGHUP reads the configuration again. */
import { setFlagsFromString } from 'node:v8';
import { Command } from 'commander';
import { Agent } from '../../agent/agent.js';
import type { AgentDependencies } from '../../agent/assemble.js';
import { askClock } from '../../agent/periodic.js';
import { succeed, type Working } from '../../agent/reload.js';
import { keepStateFile } from '../../agent/state.js';
import type { Config } from '../../config/config.js';
import type { Listen } from '../../config/listen.js';
import { loadConfig } from '../../config/load.js';
import { systemClock } from '../../lib/clock.js';
import { systemWorld } from '../../lib/context.js';
import { diskRemedy } from '../../lib/disk-remedy.js';
import { AgentError, reasonOf, systemCode } from '../../lib/errors.js';
import { type Problem, Problems } from '../../lib/problems.js';
import { Signal } from '../../lib/signal.js';
import { createLogger, type Dropped, type Logger } from '../../observe/logger.js';
import { createNotifier, type Notifier } from '../../observe/notify.js';
import { configFileOf } from '../config-option.js';
import type { Io } from '../io.js';
import type { listenForStatus } from '../status/listen.js';
import { summaryLine } from '../status/verdict.js';
import { UsageError } from '../usage-error.js';
import { packageVersion } from '../version.js';
import { keepTold } from './keep-told.js';
import { type FileRead, fileRead, readAgain, watchConfiguration } from './reload.js';

/**
 * The agent's objects are few, and the buffers beside them large: by V8's own measure memory was full, and all of it
 * collected, some hundred times in a million lines, at a third of the CPU time. It may grow to four times what the
 * last collection left, which at its peak is less than 0.1.0 took.
 */
const ROOM_FOR_BUFFERS = '--heap-growing-percent=300';

export function runCommand(io: Io): Command {
  return new Command('run')
    .description('follow the log files and forward them, until SIGTERM')
    .addHelpText(
      'after',
      '\nSIGTERM stops in order. SIGHUP reads the configuration and the certificates again,\nand connects at once; if they have a fault, nothing changes.',
    )
    .action(async (_options: unknown, command: Command) => {
      setFlagsFromString(ROOM_FOR_BUFFERS);
      const hangup = new Signal(systemClock);
      io.onHangup(() => hangup.notify());
      const read = await fileRead(configFileOf(command), systemClock);
      const config = await loadConfig(read.file, io.env);
      // Whatever becomes of the log's reader or volume, forwarding goes on.
      io.onUnwritable(() => undefined);
      const problems = new Problems(systemClock);
      const logger: Logger = createLogger({
        ...config.log,
        output: io.stdout,
        env: io.env,
        dropped: (dropped) => {
          if (dropped === undefined) problems.of(logger).clear('own-log');
          else problems.of(logger).raise(ownLogProblem(dropped));
        },
      });
      const notifier = createNotifier(io.env, logger.child('systemd'));
      try {
        await run(io, hangup, { config, read }, { logger, problems, notifier });
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

interface Given {
  readonly config: Config;
  readonly read: FileRead;
}

interface Outlets {
  readonly logger: Logger;
  readonly problems: Problems;
  readonly notifier: Notifier;
}

function ownLogProblem({ lines, error }: Dropped): Problem {
  return {
    key: 'own-log',
    message: 'The log of the agent cannot be written: its lines are dropped; forwarding goes on',
    facts: { lines, reason: reasonOf(error) },
    remedy: diskRemedy(systemCode(error), 'restart the agent together with the program that reads its log'),
    over: 'The log of the agent can be written again',
    // The log itself cannot take it.
    repeatMs: Number.POSITIVE_INFINITY,
  };
}

async function run(
  io: Io,
  hangup: Signal,
  { config, read: first }: Given,
  { logger, problems, notifier }: Outlets,
): Promise<void> {
  let used = first;
  const dependencies: AgentDependencies = {
    ...systemWorld,
    report: logger,
    problems,
    version: packageVersion(),
    credentialsDirectory: io.env.CREDENTIALS_DIRECTORY,
    askClock: () => askClock(io.env),
    stop: io.signal,
  };
  const status = logger.child('status');
  const context = { ...systemWorld, report: status, problems: problems.of(status) };
  let working: Working = { agent: await startFirst(config, dependencies), config };
  const state = () => working.agent.state();
  const over = new AbortController();
  const kept = keepStateFile(config.journal.directory, state, context, over.signal);
  logger.info('Started', { config: config.file, version: dependencies.version });
  const line = () => summaryLine(state());
  notifier.ready(line());
  const told = keepTold(notifier, { line, stuck: () => working.agent.stuck }, systemClock, over.signal);
  const watched = watchConfiguration(() => used, { clock: systemClock, problems: problems.of(logger) }, over.signal);
  const { listen } = config.status;
  const listened = listen && served(listen, config.message.hostname, { ...context, state }, over.signal);
  let end: End;
  try {
    for (;;) {
      end = await Promise.race([failureOf(working.agent), wishOf(hangup, io.signal)]);
      if (end.how !== 'hangup') break;
      notifier.reloading();
      const read = await fileRead(config.file, systemClock);
      const next = await readAgain(working.config, io.env, problems.of(logger));
      if (next !== undefined) {
        working = await succeed(working, next, dependencies, io.signal);
        if (working.config === next) used = read;
      }
      logger.talk(working.config.log);
      notifier.ready(line());
    }
    notifier.stopping('Stopping: waiting for the acknowledgement of what was sent');
    await working.agent.stop(end.how);
  } finally {
    over.abort();
    await Promise.all([kept, told, watched, listened]);
  }
  if (end.how === 'failure') throw end.error;
  logger.info('Stopped');
}

/** The status page; what serves it is loaded when systemd has been told that the agent is ready. */
async function served(
  listen: Listen,
  hostname: string,
  dependencies: Omit<Parameters<typeof listenForStatus>[1], 'names'>,
  stop: AbortSignal,
): Promise<void> {
  const { listenForStatus, machineNames } = await import('../status/listen.js');
  await listenForStatus(listen, { ...dependencies, names: machineNames(hostname) }, stop);
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

/** A SIGHUP during start-up or reload is remembered; several count as one. */
async function wishOf(hangup: Signal, stop: AbortSignal): Promise<End> {
  await hangup.wait(stop);
  return { how: stop.aborted ? 'signal' : 'hangup' };
}

function failureOf(agent: Agent): Promise<End> {
  return agent.failed.then((error) => ({ how: 'failure', error }));
}
