/** A table in memory, followed into a file in memory, for one story. */
import { LOG_TRAIL } from '../../src/export/database/audit-tables.js';
import { Follower, type FollowerOptions } from '../../src/export/follow/follower.js';
import { Problems } from '../../src/lib/problems.js';
import type { Report } from '../../src/model/report.js';
import { FakeOpenemr } from './fake-openemr.js';
import { ManualClock } from './manual-clock.js';
import { Paper } from './paper.js';

export const SETTLE_MS = 30_000;
const EXAMINE_MS = 60_000;

export class Followed {
  readonly database = new FakeOpenemr();
  readonly paper = new Paper();
  readonly clock = new ManualClock();
  readonly told: string[] = [];
  readonly #changes: Partial<FollowerOptions>;
  follower: Follower;

  constructor(changes: Partial<FollowerOptions> = {}) {
    this.#changes = changes;
    this.follower = this.#start();
  }

  restart(): void {
    this.follower = this.#start();
  }

  /** Looks until there is nothing more to do at once, and returns how many looks that took. */
  async quiet(): Promise<void> {
    for (let turn = 0; turn < 100; turn += 1) if (!(await this.follower.step()).hasMore) return;
    throw new Error('a hundred looks, and still more to do');
  }

  /** Goes through the next comparison with the table, too. */
  async examined(): Promise<void> {
    await this.clock.advance(EXAMINE_MS);
    await this.quiet();
    await this.quiet();
  }

  write(rows: number): void {
    for (let row = 0; row < rows; row += 1) this.database.write();
  }

  ids(): unknown[] {
    return this.paper.rows().map(({ id }) => id);
  }

  events(): unknown[] {
    return this.paper.findings().map(({ event }) => event);
  }

  #start(): Follower {
    const { database, paper: log, clock } = this;
    const tell = (message: string) => {
      this.told.push(message);
    };
    const report: Report = { debug: tell, info: tell, notice: tell, warning: tell, error: tell };
    const options = { site: 'default', trail: LOG_TRAIL, settleMs: SETTLE_MS, examineMs: EXAMINE_MS };
    return new Follower(
      { ...options, startAt: { kind: 'beginning' }, ...this.#changes },
      { database, log, clock, report, problems: new Problems(clock).of(report) },
    );
  }
}
