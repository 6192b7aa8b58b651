/**
 * One agent after another in the same process, when the configuration is read
 * again: the first is stopped in order and the next started with what is new,
 * or, where that cannot be used, with what was before. What the first had open
 * stays open until somebody reads on: a log file may have been deleted. Should
 * neither start (a journal that nobody can open just now, say), it is tried
 * until one does, or until the process is to end.
 */
import type { Config } from '../config/config.js';
import type { Clock } from '../lib/clock.js';
import { AgentError, reasonOf } from '../lib/errors.js';
import type { Report } from '../model/report.js';
import { Agent, type AgentDependencies } from './agent.js';
import type { Legacy } from './dependencies.js';

export interface Working {
  readonly agent: Agent;
  readonly config: Config;
}

const AGAIN_MS = 1_000;
const TOLD_AGAIN_MS = 600_000;

/** `stop`: the process is to end. Rejects only after that, when no agent could be started until then. */
export async function succeed(
  { agent, config: before }: Working,
  next: Config,
  dependencies: AgentDependencies,
  stop: AbortSignal,
): Promise<Working> {
  const { clock, report } = dependencies;
  const legacy = await agent.handOver('configuration');
  let toldAtMs: number | undefined;
  for (;;) {
    // Certificate files that cannot be used: then the new configuration as a whole is not taken.
    const wanted = await started(next, { ...dependencies, legacy: { ...legacy, credentials: undefined } });
    if (wanted instanceof Agent) {
      report.notice('The configuration was read again', { config: next.file });
      return { agent: wanted, config: next };
    }
    const asBefore = await started(before, { ...dependencies, legacy });
    if (asBefore instanceof Agent) {
      report.error('The new configuration cannot be used; going on with the one before', factsOf(wanted.cause));
      return { agent: asBefore, config: before };
    }
    if (stop.aborted) {
      await leave(legacy, report);
      throw asBefore.cause;
    }
    if (isDue(toldAtMs, clock)) {
      toldAtMs = clock.monotonicMs();
      report.error('The agent cannot go on after SIGHUP, nor as it was before; it is tried until it can', {
        ...factsOf(asBefore.cause),
        openFiles: legacy.files.length,
      });
    }
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

function isDue(toldAtMs: number | undefined, clock: Clock): boolean {
  return toldAtMs === undefined || clock.monotonicMs() - toldAtMs >= TOLD_AGAIN_MS;
}

function factsOf(error: unknown): { reason: string; remedy: string | undefined } {
  return { reason: reasonOf(error), remedy: error instanceof AgentError ? error.hint : undefined };
}

/** Nobody will read on: where the text is lost by that, the log at least says so. */
async function leave({ files }: Legacy, report: Report): Promise<void> {
  for (const { first, offset, unlinked, content } of files) {
    const { size = 0 } = (await content.stat().catch(() => undefined)) ?? {};
    if (unlinked && (content.compressed || size > offset)) {
      report.error('A deleted file is left unread: nothing else leads to its text', {
        file: first.path,
        source: first.source,
        from: offset,
        ...(content.compressed ? {} : { to: size }),
      });
    }
    await content.close().catch(() => undefined);
  }
}
