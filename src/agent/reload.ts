/**
 * Replaces the agent by another in the same process when the configuration is read
 * again: the old one is stopped in order and the next started with the new
 * configuration, or, where that cannot be used, with the old one. Log files that the
 * old agent had open stay open until the next reads on: a file may have been deleted.
 * If neither starts (the journal cannot be opened just now, say), both are tried
 * again until one does, or until the process is to end.
 */
import type { Config } from '../config/config.js';
import { AgentError, reasonOf } from '../lib/errors.js';
import type { Problem } from '../lib/problems.js';
import type { Report } from '../model/report.js';
import { Agent } from './agent.js';
import type { AgentDependencies, Legacy } from './assemble.js';

export interface Working {
  readonly agent: Agent;
  readonly config: Config;
}

const AGAIN_MS = 1_000;
const REPEAT_MS = 24 * 60 * 60_000;

/** `stop`: the process is to end. Rejects only after that, when no agent could be started until then. */
export async function succeed(
  { agent, config: before }: Working,
  next: Config,
  dependencies: AgentDependencies,
  stop: AbortSignal,
): Promise<Working> {
  const { clock, report } = dependencies;
  const problems = dependencies.problems.of(report);
  const legacy = await agent.handOver('configuration');
  dependencies.problems.endAll();
  for (;;) {
    // Certificate files that cannot be used: then the new configuration as a whole is not taken.
    const wanted = await started(next, { ...dependencies, legacy: { ...legacy, credentials: undefined } });
    if (wanted instanceof Agent) {
      problems.clear('reload');
      report.notice('The configuration was read again', { config: next.file });
      return { agent: wanted, config: next };
    }
    const asBefore = await started(before, { ...dependencies, legacy });
    if (asBefore instanceof Agent) {
      problems.raise({
        key: 'reload',
        level: 'error',
        message: 'The new configuration cannot be used; the agent goes on with the old one',
        ...reasonAndRemedy(wanted.cause),
        repeatMs: REPEAT_MS,
      });
      return { agent: asBefore, config: before };
    }
    if (stop.aborted) {
      await leave(legacy, report);
      throw asBefore.cause;
    }
    const { facts, remedy } = reasonAndRemedy(asBefore.cause);
    problems.raise({
      key: 'reload',
      level: 'error',
      message: 'The agent cannot start again after SIGHUP, nor with the old configuration; it keeps trying',
      facts: { ...facts, openFiles: legacy.files.length },
      remedy,
    });
    await clock.sleep(AGAIN_MS, stop);
  }
}

async function started(config: Config, dependencies: AgentDependencies): Promise<Agent | { readonly cause: unknown }> {
  try {
    return await Agent.start(config, dependencies);
  } catch (cause) {
    return { cause };
  }
}

function reasonAndRemedy(error: unknown): Pick<Problem, 'facts' | 'remedy'> {
  return { facts: { reason: reasonOf(error) }, remedy: error instanceof AgentError ? error.hint : undefined };
}

/** Closes the log files. A deleted file with unread text is lost by that; the log at least says so. */
async function leave({ files }: Legacy, report: Report): Promise<void> {
  for (const { first, offset, unlinked, content } of files) {
    const { size = 0 } = (await content.stat().catch(() => undefined)) ?? {};
    if (unlinked && (content.compressed || size > offset)) {
      report.error('A deleted log file is lost unread: no name leads to it any more', {
        file: first.path,
        source: first.source,
        from: offset,
        ...(content.compressed ? {} : { to: size }),
      });
    }
    await content.close().catch(() => undefined);
  }
}
