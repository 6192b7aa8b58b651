/**
 * Exports the audit tables of every site until it is told to stop. A database or a
 * disk that fails is a problem: the export waits, tries again, and goes on. A site
 * that waits holds up no other.
 */
import { join } from 'node:path';
import type { Context } from '../lib/context.js';
import { AgentError } from '../lib/errors.js';
import type { Files } from '../lib/files.js';
import { sleepInTurns } from '../lib/in-turns.js';
import { DISCLOSURE_TRAIL, LOG_TRAIL, type Trail } from './database/audit-tables.js';
import type { Database } from './database/database.js';
import { directoryFault } from './database/fault.js';
import { Allowance, AuditFile } from './file/audit-file.js';
import { Follower, type Step } from './follow/follower.js';
import { type ExportConfig, isLocal, type SiteOptions } from './options.js';

const FIRST_WAIT_MS = 1000;
const LONGEST_WAIT_MS = 30_000;
/** Each statement is given up after a minute, and a look takes a few. */
const STEP_MS = 10 * 60_000;
/** The agent's group may read, nobody else. */
const DIRECTORY_MODE = 0o750;

export interface ExportParts extends Pick<Context, 'clock' | 'files' | 'report' | 'problems'> {
  connect(site: SiteOptions): Database;
  /** Told after each look that found something. */
  onProgress?(site: string, table: string, step: Step): void;
  /** Called after each look with the error that it failed by; `undefined`: it succeeded. */
  onLook?(site: string, table: string, error: AgentError | undefined): void;
  /** A turn of this table's loop begins, and what it does may take `withinMs`. */
  turned?(site: string, table: string, withinMs?: number): void;
}

/**
 * With `once`, resolves when all that is in the tables is in the files, and
 * throws at the first fault; else resolves when the signal aborts.
 */
export async function runExport(
  config: ExportConfig,
  parts: ExportParts,
  { once, signal }: { readonly once: boolean; readonly signal: AbortSignal },
): Promise<void> {
  await prepareDirectory(config.directory, parts.files);
  for (const site of config.sites) {
    if (isLocal(site) || site.tls !== undefined) continue;
    parts.report.warning('Audit rows cross the network unencrypted on their way from the database', {
      site: site.name,
      host: site.host,
      remedy: 'name the authority of the database server in tls.ca of the site',
    });
  }
  const allowance = new Allowance(config.directory, config.maxBytes, parts.files);
  const trails = config.disclosures ? [LOG_TRAIL, DISCLOSURE_TRAIL] : [LOG_TRAIL];
  const stop = new AbortController();
  const either = AbortSignal.any([signal, stop.signal]);
  const sites = config.sites.map(async (site) => {
    const database = parts.connect(site);
    const waiting = new WaitingTables(site.name, parts);
    try {
      await Promise.all(
        trails.map((trail) =>
          followTrail(config, site, trail, { ...parts, database, waiting, allowance }, { once, signal: either }),
        ),
      );
    } catch (error) {
      // Once and no more: what one site's fault leaves undone, the others' rest would hide.
      stop.abort();
      throw error;
    } finally {
      await database.close();
    }
  });
  const results = await Promise.allSettled(sites);
  const failed = results.find((result) => result.status === 'rejected');
  if (failed !== undefined) throw failed.reason;
}

/** Where the lines of a trail go. */
export function pathOf(directory: string, site: string, trail: Trail): string {
  return join(directory, `${site}${trail.suffix}.log`);
}

/** Where the rows go that are read from dumps. */
export function dumpPathOf(directory: string, site: string): string {
  return join(directory, `${site}.dump.log`);
}

async function prepareDirectory(directory: string, files: Files): Promise<void> {
  try {
    await files.mkdir(directory, DIRECTORY_MODE);
  } catch (cause) {
    throw directoryFault(directory, cause);
  }
}

async function followTrail(
  config: ExportConfig,
  site: SiteOptions,
  trail: Trail,
  parts: ExportParts & { readonly database: Database; readonly waiting: WaitingTables; readonly allowance: Allowance },
  { once, signal }: { readonly once: boolean; readonly signal: AbortSignal },
): Promise<void> {
  const { database, waiting, clock, files, report, problems, allowance } = parts;
  const { rotateBytes, keepMs, startAt, settleMs, examineMs, pollMs } = config;
  const log = new AuditFile(
    { path: pathOf(config.directory, site.name, trail), rotateBytes, keepMs },
    { clock, files, allowance },
  );
  const follower = new Follower(
    { site: site.name, trail, startAt, settleMs, examineMs },
    { database, log, clock, report, problems },
  );
  const turning = { clock, turned: () => parts.turned?.(site.name, trail.table) };
  let waitMs = FIRST_WAIT_MS;
  try {
    while (!signal.aborted) {
      parts.turned?.(site.name, trail.table, STEP_MS);
      try {
        const step = await follower.step();
        waiting.goOn(trail.table);
        waitMs = FIRST_WAIT_MS;
        parts.onProgress?.(site.name, trail.table, step);
        parts.onLook?.(site.name, trail.table, undefined);
        if (once && !step.hasMore && step.unready === 0) return;
        if (!step.hasMore) await sleepInTurns(pollMs, turning, signal);
      } catch (error) {
        if (once || !(error instanceof AgentError)) throw error;
        waiting.wait(trail.table, error);
        parts.onLook?.(site.name, trail.table, error);
        await sleepInTurns(waitMs, turning, signal);
        waitMs = Math.min(2 * waitMs, LONGEST_WAIT_MS);
      }
    }
  } finally {
    await log.close();
  }
}

/** Makes problems of what the tables of a site wait for: one for each reason, over when no table waits for it any more. */
class WaitingTables {
  readonly #reasons = new Map<string, string>();

  constructor(
    private readonly site: string,
    private readonly parts: Pick<ExportParts, 'report' | 'problems'>,
  ) {}

  wait(table: string, { code, message: reason, hint: remedy }: AgentError): void {
    const before = this.#reasons.get(table);
    this.#reasons.set(table, reason);
    const facts = { site: this.site, table, code, reason };
    const message = 'The export waits; no row is lost';
    this.parts.problems.raise({ key: this.#key(reason), level: 'error', message, facts, remedy });
    if (before !== undefined) this.#endUnlessAwaited(before);
  }

  goOn(table: string): void {
    const reason = this.#reasons.get(table);
    if (reason === undefined) return;
    this.#reasons.delete(table);
    if (this.#endUnlessAwaited(reason)) this.parts.report.notice('The export goes on', { site: this.site, table });
  }

  #endUnlessAwaited(reason: string): boolean {
    if ([...this.#reasons.values()].includes(reason)) return false;
    this.parts.problems.clear(this.#key(reason));
    return true;
  }

  #key(reason: string): string {
    return `export ${this.site} ${reason}`;
  }
}
