/** `export`: OpenEMR's audit tables to log files, one JSON line per row, until SIGTERM. */
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { Command } from 'commander';
import { Watchdog } from '../../agent/watchdog.js';
import { connectSite } from '../../export/database/connect.js';
import { directoryFault } from '../../export/database/fault.js';
import { grantsFor } from '../../export/database/grants.js';
import { runExport } from '../../export/exporter.js';
import type { ExportConfig } from '../../export/options.js';
import { type Lock, takeLock } from '../../journal/disk/lock.js';
import { systemClock } from '../../lib/clock.js';
import { AgentError } from '../../lib/errors.js';
import { systemFiles } from '../../lib/files.js';
import { makeDirectory } from '../../lib/make-directory.js';
import { Problems } from '../../lib/problems.js';
import { readStartAt } from '../../lib/start-at.js';
import { createLogger, type LoggerOptions } from '../../observe/logger.js';
import { createNotifier } from '../../observe/notify.js';
import { checkExport } from '../check/export.js';
import { printResult } from '../check/result.js';
import { configFileOf } from '../config-option.js';
import type { Io } from '../io.js';
import { keepTold } from '../run/keep-told.js';
import { UsageError } from '../usage-error.js';
import { countText } from '../voice.js';
import { balance } from './balance.js';
import { fromDumps } from './from-dump.js';
import { Progress, Summary } from './progress.js';

export interface ExportSettings {
  readonly export: ExportConfig;
  readonly log: Pick<LoggerOptions, 'level' | 'format'>;
}

/** Reads the configuration file's `export`; throws an AgentError `configuration` when there is none. */
export type LoadExport = (file: string, env: NodeJS.ProcessEnv) => Promise<ExportSettings>;

interface Options {
  readonly once?: true;
  readonly grants?: true;
  readonly startAt?: string;
  readonly reconcile?: true;
  readonly from?: string;
  readonly to?: string;
  readonly agent?: string;
  readonly withoutAgent?: true;
  readonly json?: true;
  readonly fromDump?: readonly string[];
  readonly site?: string;
  readonly check?: true;
}

const EXAMPLES = `
Each row is written whole and once, even if the export is killed at any time;
the log files themselves record how far it has come. They also hold lines of the
export's own, with an event that begins with audit-trail-, for rows that were
deleted or edited after they were exported, and for replaced tables.`;

export function exportCommand(io: Io, load: LoadExport): Command {
  return new Command('export')
    .description("write OpenEMR's audit tables to log files, one JSON line per row, until SIGTERM")
    .option('--once', 'stop when all present rows are written')
    .option('--grants', 'print the SQL statements that create the database account, and exit')
    .option('--start-at <where>', 'where the first run begins: beginning, end, a date (2026-11-23) or a row id')
    .option('--reconcile', 'compare database and files day by day; exit status 1 if any day differs')
    .option('--from <day>', 'with --reconcile: first day (2026-11-23)')
    .option('--to <day>', 'with --reconcile: last day')
    .option('--agent <file>', "with --reconcile: the agent's configuration, if it is in another file")
    .option('--without-agent', 'with --reconcile: compare only database and files')
    .option('--json', 'with --reconcile: print the result as JSON')
    .option('--check', 'check database, account, tables and audit settings; exit status 1 if a check failed')
    .option(
      '--from-dump <file...>',
      'write the rows that the files lack from dumps of "Eventlog backup" (.sql, .sql.gz)',
    )
    .option('--site <name>', 'with --from-dump: the site of the dumps, if there are several')
    .addHelpText('after', EXAMPLES)
    .action(async (options: Options, command: Command) => {
      const settings = await load(configFileOf(command), io.env);
      if (options.grants) io.stdout.write(settings.export.sites.map(grantsFor).join('\n'));
      else if (options.reconcile) await balance(io, settings.export, { agent: configFileOf(command), ...options });
      else if (options.check) await check(io, settings.export);
      else if (options.fromDump) await restore(io, settings.export, options.fromDump, options.site);
      else await run(io, settings, options);
    });
}

async function run(io: Io, { export: configured, log }: ExportSettings, options: Options): Promise<void> {
  const config = { ...configured, startAt: startAtOf(options) ?? configured.startAt };
  const lock = await lockDirectory(config.directory);
  const logger = createLogger({ ...log, output: io.stderr, env: io.env });
  const progress = new Progress(io, systemClock, logger);
  const summary = new Summary();
  const problems = new Problems(systemClock);
  const watchdog = new Watchdog({ clock: systemClock, problems: problems.of(logger.child('watchdog')) });
  const notifier = createNotifier(io.env, logger.child('systemd'));
  const over = new AbortController();
  const line = () => summary.line(progress.written);
  notifier.ready(line());
  const stopping = () => notifier.stopping('Stopping: finishing the current write');
  io.signal.addEventListener('abort', stopping);
  const told = keepTold(notifier, { line, stuck: () => watchdog.stuck }, systemClock, over.signal);
  logger.info('Exporting', { sites: config.sites.map(({ name }) => name).join(' '), directory: config.directory });
  const watched = watchdog.watch(() => undefined, over.signal);
  try {
    await runExport(
      config,
      {
        connect: (site) => connectSite(site, systemFiles, io.env.CREDENTIALS_DIRECTORY),
        clock: systemClock,
        files: systemFiles,
        report: logger,
        problems: problems.of(logger),
        onProgress: (site, table, step) => progress.take(`${site} ${table}`, step),
        onLook: (site, table, error) => summary.note(`${site} ${table}`, error),
        turned: (site, table, withinMs) => watchdog.turned(`${site} ${table}`, withinMs),
      },
      { once: options.once === true, signal: io.signal },
    );
  } finally {
    progress.end();
    over.abort();
    await Promise.all([told, watched]);
    await notifier.settled();
    await logger.close();
    await lock.release();
  }
  if (options.once) io.stderr.write(`${countText(progress.written)} rows written to ${config.directory}\n`);
}

function startAtOf({ startAt }: Options): ExportConfig['startAt'] | undefined {
  if (startAt === undefined) return undefined;
  const read = readStartAt(startAt);
  if (read !== undefined) return read;
  throw new UsageError(`--start-at ${startAt} is not a valid start`, {
    hint: 'give beginning, end, a date such as 2026-11-23, or the id of a row',
  });
}

async function check(io: Io, config: ExportConfig): Promise<void> {
  for await (const result of checkExport(config, io.env)) {
    if (result.verdict === 'bad') io.setExitStatus(1);
    printResult(result, io);
  }
}

/** Beside a running export; another restoration would write the same rows. */
async function restore(
  io: Io,
  config: ExportConfig,
  dumps: readonly string[],
  site: string | undefined,
): Promise<void> {
  const lock = await lockDirectory(config.directory, '.dump-lock');
  try {
    await fromDumps(io, config, { dumps, site });
  } finally {
    await lock.release();
  }
}

/** Two exports into the same files would write every row twice. */
async function lockDirectory(directory: string, name = '.lock'): Promise<Lock> {
  const path = join(directory, name);
  try {
    await makeDirectory(directory, 0o750);
    await makeDirectory(path, 0o700);
    return await takeLock(path, { clock: systemClock, random: randomBytes });
  } catch (cause) {
    if (cause instanceof AgentError && cause.code === 'journal-locked') {
      throw new AgentError('export-locked', `another export writes to ${directory}`, {
        cause,
        hint: 'stop it first (systemctl stop openemr-audit-export), or give this one its own export.directory',
      });
    }
    if (cause instanceof AgentError) throw cause;
    throw directoryFault(directory, cause);
  }
}
