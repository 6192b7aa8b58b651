/** `status`: what the agent is doing, or was doing when it was last seen, from what it leaves on disk. */
import { access, constants, realpath } from 'node:fs/promises';
import { isAbsolute, resolve } from 'node:path';
import { Command } from 'commander';
import { readStateFile } from '../../agent/state.js';
import { likelyPlace, loadConfig } from '../../config/load.js';
import { systemClock } from '../../lib/clock.js';
import { AgentError, systemCode } from '../../lib/errors.js';
import { ignoredProblems } from '../../lib/problems.js';
import { configFileOf } from '../config-option.js';
import type { ExitStatus, Io } from '../io.js';
import { COMMAND } from '../voice.js';
import { askedState, isLate, obstacleIn, type Place, type Presence, presenceOf } from './presence.js';
import { drawn } from './screen.js';
import { reportOf, type StatusReport } from './status-report.js';
import { statusText } from './status-text.js';
import type { Verdict } from './verdict.js';

const WATCH_MS = 1_000;

const EXIT_STATUS: Readonly<Record<Verdict, ExitStatus>> = { OK: 0, WAITING: 1, PROBLEM: 2 };

const HELP = `
The first line is the summary. Exit status, as Nagios and Icinga expect it:
  0 OK
  1 WAITING: something is awaited, such as the collector; lines are kept
  2 PROBLEM: somebody must act; also when the agent does not run or the
    configuration has a fault`;

export function statusCommand(io: Io): Command {
  return new Command('status')
    .description('show whether the audit trail flows, and what to do if it does not')
    .option('--json', 'print the state as JSON')
    .option('--watch', 'print it again every second, until Ctrl-C')
    .addHelpText('after', HELP)
    .action(async ({ json, watch }: { json?: true; watch?: true }, command: Command) => {
      const file = configFileOf(command);
      const { place, fault } = await askedPlace(file, io.env);
      // A program that asks for JSON gets none that it could take for an answer.
      if (fault !== undefined && json) throw fault;
      for (let first = true; ; first = false) {
        const { text, verdict } = await seen(place, json === true, fault);
        const screen = watch && !json ? io.screen() : undefined;
        if (screen === undefined) io.stdout.write(first || json ? text : `\n${text}`);
        else io.stdout.write((first ? CLEAR : '') + drawn(text, screen));
        // All faults follow on standard error.
        if (fault !== undefined) throw fault;
        io.setExitStatus(EXIT_STATUS[verdict]);
        if (!watch || io.signal.aborted) return;
        await systemClock.sleep(WATCH_MS, io.signal);
        if (io.signal.aborted) return;
      }
    });
}

/** Where an agent with this configuration is; where the file has a fault, as far as it can be read. */
async function askedPlace(file: string, env: NodeJS.ProcessEnv): Promise<{ place: Asked; fault?: AgentError }> {
  try {
    const { journal, status } = await loadConfig(file, env);
    return { place: { directory: journal.directory, listen: status.listen, file } };
  } catch (error) {
    if (!(error instanceof AgentError)) throw error;
    return { place: { ...(await likelyPlace(file, env)), file }, fault: error };
  }
}

const CLEAR = '\u001b[H\u001b[2J';

/** Where to look, and by whose configuration. */
interface Asked extends Place {
  readonly file: string;
}

interface Seen {
  readonly text: string;
  readonly verdict: Verdict;
}

async function seen(place: Asked, json: boolean, fault: AgentError | undefined): Promise<Seen> {
  let damaged = false;
  const happened = () => {
    damaged = true;
  };
  const left = await readStateFile(place.directory, { ...ignoredProblems, happened });
  const nowMs = systemClock.nowMs();
  const live = isLate(left, nowMs) ? await askedState(place) : undefined;
  const own = live !== undefined && (await isSameFile(live.config, place.file)) ? live : undefined;
  const presence: Presence = own === undefined ? await presenceOf(place, left, nowMs) : { name: 'present' };
  const state = own ?? left;
  if (state === undefined) return unseen('no-state', withFault(await stateless(place, presence, damaged), fault), json);
  if (!(await isSameFile(state.config, place.file))) return another(place, state.config, json);
  // The agent has only the system's word for it: "no space left on device" is said of inodes, too.
  const obstacle = own === undefined ? undefined : await obstacleIn(place.directory);
  const report = withConfigurationFault(withObstacle(reportOf(state, presence), obstacle?.reason), fault);
  return { text: json ? `${JSON.stringify(report)}\n` : statusText(report, nowMs), verdict: report.verdict };
}

function withObstacle(report: StatusReport, reason: string | undefined): StatusReport {
  if (reason === undefined) return report;
  return { ...report, verdict: 'PROBLEM', reasons: [reason, ...report.reasons] };
}

/** The first line says whether the agent runs; that it cannot read its configuration again is said behind that. */
function withConfigurationFault(report: StatusReport, fault: AgentError | undefined): StatusReport {
  if (fault === undefined) return report;
  const runs = report.running && report.stale === undefined;
  return {
    ...report,
    verdict: 'PROBLEM',
    reasons: runs ? ['the agent runs, but its configuration file has a fault now', ...report.reasons] : report.reasons,
    configurationFault: fault.message.split('\n  ').slice(0, 2).join(': '),
  };
}

function withFault(unseen: Unseen, fault: AgentError | undefined): Unseen {
  if (fault === undefined) return unseen;
  const [first = ''] = fault.message.split('\n');
  return { ...unseen, verdict: 'PROBLEM', message: `${unseen.message}; ${first}`, hint: fault.hint ?? unseen.hint };
}

/** A second agent whose configuration does not name its journal: what lies here is the first one's, well or not. */
function another({ directory, file }: Asked, config: string, json: boolean): Seen {
  const message = `the journal ${directory} is that of the agent of ${config}, not of ${file}`;
  const hint = `set journal.directory in ${file}: for openemr-audit-forwarder@NAME.service it is /var/lib/openemr-audit-forwarder-NAME`;
  return unseen('other-agent', { verdict: 'PROBLEM', message, hint }, json);
}

interface Unseen {
  readonly verdict: Verdict;
  readonly message: string;
  readonly hint: string;
}

function unseen(code: string, { verdict, message, hint }: Unseen, json: boolean): Seen {
  if (json) throw new AgentError(code, message, { hint });
  return { text: `${verdict}: ${message}\nhint: ${hint}\n`, verdict };
}

/** A relative path says nothing without the agent's working directory. */
async function isSameFile(agents: string, asked: string): Promise<boolean> {
  if (!isAbsolute(agents)) return true;
  const [one, other] = await Promise.all([agents, asked].map((path) => realpath(path).catch(() => resolve(path))));
  return one === other;
}

async function stateless({ directory }: Place, presence: Presence, damaged: boolean): Promise<Unseen> {
  if (presence.name === 'silent') {
    const { verdict, pid, reason, remedy } = presence;
    const who = pid === undefined ? 'an agent runs' : `the agent runs as process ${pid}`;
    return { verdict, message: `${who}, but has left no state in ${directory}: ${reason}`, hint: remedy };
  }
  if (damaged) {
    const message = `the agent does not run, and the state that it left in ${directory}/status.json is damaged`;
    return { verdict: 'PROBLEM', message, hint: `start the agent, which writes it anew: systemctl start ${COMMAND}` };
  }
  if (await isClosed(directory)) {
    const hint = `ask as root: sudo ${COMMAND} status`;
    return { verdict: 'PROBLEM', message: `this user may not read the journal ${directory}`, hint };
  }
  return {
    verdict: 'PROBLEM',
    message: `no agent has run with the journal ${directory}`,
    hint: `start the agent: systemctl start ${COMMAND}`,
  };
}

async function isClosed(directory: string): Promise<boolean> {
  const code = await access(directory, constants.R_OK | constants.X_OK).then(() => '', systemCode);
  return code === 'EACCES';
}
