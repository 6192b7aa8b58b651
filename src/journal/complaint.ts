/** A fault that lasts is told once, then at most every ten minutes with how often it was met meanwhile. */
import type { Clock } from '../lib/clock.js';
import { diskRemedy } from '../lib/disk-remedy.js';
import { reasonOf, systemCode } from '../lib/errors.js';
import type { Facts, Report } from '../model/report.js';

const AGAIN_MS = 600_000;

export class Complaint {
  #saidAtMs: number | undefined;
  #unsaid = 0;

  constructor(
    private readonly message: string,
    private readonly report: Report,
    private readonly clock: Clock,
  ) {}

  say(error: unknown, facts: Facts = {}): void {
    const now = this.clock.monotonicMs();
    if (this.#saidAtMs !== undefined && now - this.#saidAtMs < AGAIN_MS) {
      this.#unsaid += 1;
      return;
    }
    this.report.error(this.message, {
      ...facts,
      code: systemCode(error),
      reason: reasonOf(error),
      unsaid: this.#unsaid,
      remedy: diskRemedy(systemCode(error)),
    });
    this.#saidAtMs = now;
    this.#unsaid = 0;
  }

  /** The fault is gone: says so when it had been told, and tells the next one at once. */
  over(message: string): void {
    if (this.#saidAtMs !== undefined) this.report.notice(message);
    this.#saidAtMs = undefined;
    this.#unsaid = 0;
  }
}
