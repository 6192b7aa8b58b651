/**
 * What keeps the tables of a site waiting, told once: a database that is away
 * keeps all of them, and is one trouble. Its end is told when it is over for
 * the last of them.
 */
import type { Report } from '../model/report.js';
import type { AgentError } from './errors.js';

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
