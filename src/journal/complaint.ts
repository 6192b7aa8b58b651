/** A fault that lasts is told once, then at most every ten minutes with how often it was met meanwhile. */
import type { Clock } from '../lib/clock.js';
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
      remedy: remedyOf(systemCode(error)),
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

/** The agent tries again by itself: this is what it waits for. */
function remedyOf(code: string): string {
  switch (code) {
    case 'ENOSPC':
    case 'EDQUOT':
      return 'free space on this volume';
    case 'EROFS':
      return 'see in the kernel log why the volume is read-only; stop the agent, check the file system, mount it again';
    case 'EACCES':
    case 'EPERM':
      return 'give the directory and what is in it back to the user that the agent runs as';
    case 'ENOENT':
    case 'ENOTDIR':
      return 'put the directory back, or mount its volume; for a new journal restart the agent';
    case 'EMFILE':
    case 'ENFILE':
      return 'raise the number of open files that is allowed (LimitNOFILE= in the unit)';
    default:
      return 'see to the disk';
  }
}
