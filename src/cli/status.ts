/** `status`: what the agent is doing, or was doing when it was last seen, from what it leaves on disk. */
import { Command } from 'commander';
import { readStateFile } from '../agent/state-file.js';
import { loadConfig } from '../config/load.js';
import { systemClock } from '../lib/clock.js';
import { AgentError } from '../lib/errors.js';
import { configFileOf } from './config-option.js';
import type { Io } from './io.js';
import type { StatusReport } from './status-report.js';
import { statusText } from './status-text.js';
import { verdictOf } from './summary.js';

const WATCH_MS = 1_000;
/** The agent writes its state every two seconds; a busy machine may take longer. */
const STALE_MS = 30_000;

export function statusCommand(io: Io): Command {
  return new Command('status')
    .description('show what is followed, what waits, and whether the collector has acknowledged')
    .option('--json', 'print the state as JSON')
    .option('--watch', 'print it again every second, until interrupted')
    .addHelpText('after', '\nExit status: 0 OK, 1 PROBLEM or not running, 2 the configuration is wrong.')
    .action(async ({ json, watch }: { json?: true; watch?: true }, command: Command) => {
      const { journal } = await loadConfig(configFileOf(command), io.env);
      for (;;) {
        const report = await reportOf(journal.directory);
        io.stdout.write(
          json ? `${JSON.stringify(report)}\n` : `${watch && io.isTerminal ? CLEAR : ''}${statusText(report)}`,
        );
        io.setExitStatus(report.running && report.verdict !== 'PROBLEM' ? 0 : 1);
        if (!watch || io.signal.aborted) return;
        await systemClock.sleep(WATCH_MS, io.signal);
        if (io.signal.aborted) return;
      }
    });
}

const CLEAR = '\u001b[H\u001b[2J';

async function reportOf(directory: string): Promise<StatusReport> {
  const state = await readStateFile(directory);
  if (state === undefined) {
    throw new AgentError('no-state', `no agent has run with the journal ${directory}, or this user may not read it`, {
      hint: 'start the agent: systemctl start openemr-audit-forwarder; or ask as root',
    });
  }
  const running =
    state.delivery.link.name !== 'stopped' && isAlive(state.pid) && systemClock.nowMs() - state.writtenAtMs < STALE_MS;
  return { ...state, running, verdict: running ? verdictOf(state) : 'PROBLEM' };
}

/** Signal 0 asks only whether there is such a process; EPERM is a yes. */
function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
