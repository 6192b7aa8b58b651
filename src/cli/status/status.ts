/** `status`: what the agent is doing, or was doing when it was last seen, from what it leaves on disk. */
import { access, constants, realpath } from 'node:fs/promises';
import { isAbsolute, resolve } from 'node:path';
import { Command } from 'commander';
import { readStateFile } from '../../agent/state.js';
import { loadConfig } from '../../config/load.js';
import { systemClock } from '../../lib/clock.js';
import { AgentError, systemCode } from '../../lib/errors.js';
import { configFileOf } from '../config-option.js';
import type { ExitStatus, Io } from '../io.js';
import { COMMAND } from '../voice.js';
import { type Place, type Presence, presenceOf } from './presence.js';
import { drawn } from './screen.js';
import { reportOf } from './status-report.js';
import { statusText } from './status-text.js';
import type { Verdict } from './verdict.js';

const WATCH_MS = 1_000;

const EXIT_STATUS: Readonly<Record<Verdict, ExitStatus>> = { OK: 0, WAITING: 1, PROBLEM: 2 };

const HELP = `
The first line says all, for monitoring as well. Exit status, as Nagios and
Icinga take it: 0 OK; 1 WAITING: something is awaited, and lines are kept; 2
PROBLEM: somebody must do something, or the agent does not run, or the
configuration is wrong.`;

export function statusCommand(io: Io): Command {
  return new Command('status')
    .description('show what is followed, what waits, and whether the collector has acknowledged')
    .option('--json', 'print the state as JSON')
    .option('--watch', 'print it again every second, until interrupted')
    .addHelpText('after', HELP)
    .action(async ({ json, watch }: { json?: true; watch?: true }, command: Command) => {
      const file = configFileOf(command);
      const { journal, status } = await loadConfig(file, io.env).catch((error: unknown) => {
        if (!json && error instanceof AgentError) io.stdout.write(withoutConfiguration(error));
        throw error;
      });
      const place = { directory: journal.directory, listen: status.listen, file };
      for (let first = true; ; first = false) {
        const { text, verdict } = await seen(place, json === true);
        const screen = watch && !json ? io.screen() : undefined;
        if (screen === undefined) io.stdout.write(first || json ? text : `\n${text}`);
        else io.stdout.write((first ? CLEAR : '') + drawn(text, screen));
        io.setExitStatus(EXIT_STATUS[verdict]);
        if (!watch || io.signal.aborted) return;
        await systemClock.sleep(WATCH_MS, io.signal);
        if (io.signal.aborted) return;
      }
    });
}

/** Monitoring shows the first line of standard output; all faults follow on standard error. */
function withoutConfiguration({ message }: AgentError): string {
  const [first = ''] = message.split('\n');
  return `PROBLEM: ${first}; an agent that runs goes on with the one that it has read\n`;
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

async function seen(place: Asked, json: boolean): Promise<Seen> {
  const state = await readStateFile(place.directory);
  const nowMs = systemClock.nowMs();
  const presence = await presenceOf(place, state, nowMs);
  if (state === undefined) return noState(place, presence, json);
  if (!(await isSameFile(state.config, place.file))) return another(place, state.config, json);
  const report = reportOf(state, presence);
  return { text: json ? `${JSON.stringify(report)}\n` : statusText(report, nowMs), verdict: report.verdict };
}

async function noState({ directory }: Place, presence: Presence, json: boolean): Promise<Seen> {
  return unseen('no-state', await stateless(directory, presence), json);
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

async function stateless(directory: string, presence: Presence): Promise<Unseen> {
  if (presence.name === 'silent') {
    const { verdict, pid, reason, remedy } = presence;
    const who = pid === undefined ? 'an agent runs' : `the agent runs as process ${pid}`;
    return { verdict, message: `${who}, but has left no state in ${directory}: ${reason}`, hint: remedy };
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
