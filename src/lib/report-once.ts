/** Remembers which failures the log has been told of. */

import type { Report } from '../model/report.js';
import type { Clock } from './clock.js';
import type { AgentError } from './errors.js';

/**
 * Which failures the log has been told of: each kind once an hour, so that two
 * kinds that take turns fill no log, until forwarding works again.
 */
export class ToldFailures {
  /** When each was told last, in the order in which they were told first. */
  readonly #toldAtMs = new Map<string, number>();

  constructor(
    private readonly clock: Pick<Clock, 'monotonicMs'>,
    private readonly againMs: number,
  ) {}

  /** Whether this kind is to be told now; it counts as told then. */
  isDue(code: string): boolean {
    const nowMs = this.clock.monotonicMs();
    const toldAtMs = this.#toldAtMs.get(code);
    if (toldAtMs !== undefined && nowMs - toldAtMs < this.againMs) return false;
    this.#toldAtMs.set(code, nowMs);
    return true;
  }

  /** It works again: which kinds were told since it last did. */
  over(): readonly string[] {
    const codes = [...this.#toldAtMs.keys()];
    this.#toldAtMs.clear();
    return codes;
  }
}

/*
 * What keeps the tables of a site waiting, told once: a database that is away
 * keeps all of them, and is one trouble. Its end is told when it is over for
 * the last of them.
 */

/** What keeps an export waiting, and what to do about it. */
export type Trouble = Pick<AgentError, 'code' | 'message' | 'hint'>;

export class Troubles {
  /** By table. */
  readonly #reasons = new Map<string, string>();

  constructor(
    private readonly site: string,
    private readonly report: Report,
  ) {}

  met(table: string, { code, message: reason, hint: remedy }: Trouble): void {
    const isTold = this.#keeps(reason);
    this.#reasons.set(table, reason);
    if (isTold) return;
    this.report.error('The export waits; no row is lost', { site: this.site, table, code, reason, remedy });
  }

  over(table: string): void {
    const reason = this.#reasons.get(table);
    this.#reasons.delete(table);
    if (reason === undefined || this.#keeps(reason)) return;
    this.report.notice('The export goes on', { site: this.site, table });
  }

  #keeps(reason: string): boolean {
    return [...this.#reasons.values()].includes(reason);
  }
}
