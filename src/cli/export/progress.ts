/** Shows how far an export has come: a bar on a terminal, a log line now and then elsewhere, one line for `systemctl status`. */
import type { Step } from '../../export/follow/follower.js';
import type { Clock } from '../../lib/clock.js';
import type { Report } from '../../model/report.js';
import type { Io } from '../io.js';
import { countText, durationText, plural } from '../voice.js';

const DRAW_MS = 200;
const SAY_MS = 10_000;
const BAR = 24;
/** Less than this behind, a table is being followed, not caught up with. */
const BACKLOG_ROWS = 2000;

interface Trail {
  readonly fromId: number;
  readonly startedMs: number;
  written: number;
  reached: number;
  newest: number;
}

export class Progress {
  readonly #io: Pick<Io, 'stderr' | 'isTerminal'>;
  readonly #clock: Clock;
  readonly #report: Report;
  readonly #trails = new Map<string, Trail>();
  #lastMs: number | undefined;
  #isDrawn = false;
  written = 0;

  constructor(io: Pick<Io, 'stderr' | 'isTerminal'>, clock: Clock, report: Report) {
    this.#io = io;
    this.#clock = clock;
    this.#report = report;
  }

  take(name: string, { written, reached, newest }: Step): void {
    if (written === 0) return;
    this.written += written;
    const nowMs = this.#clock.monotonicMs();
    const trail = this.#trails.get(name) ?? {
      fromId: reached - written,
      startedMs: nowMs,
      written: 0,
      reached,
      newest,
    };
    this.#trails.set(name, trail);
    trail.written += written;
    trail.reached = reached;
    trail.newest = newest;
    this.#show(name, trail, nowMs);
  }

  /** Leaves a clean line behind. */
  end(): void {
    if (this.#isDrawn) this.#io.stderr.write('\r\u001b[K');
    this.#isDrawn = false;
  }

  #show(name: string, trail: Trail, nowMs: number): void {
    const everyMs = this.#io.isTerminal ? DRAW_MS : SAY_MS;
    this.#lastMs ??= this.#io.isTerminal ? 0 : nowMs;
    if (trail.newest - trail.reached < BACKLOG_ROWS) {
      this.end();
      return;
    }
    if (nowMs - this.#lastMs < everyMs) return;
    this.#lastMs = nowMs;
    if (this.#io.isTerminal) {
      this.#io.stderr.write(`\r\u001b[K${barOf(name, trail, nowMs)}`);
      this.#isDrawn = true;
    } else {
      this.#report.info('Exporting the rows that are there already', {
        trail: name,
        rows: trail.written,
        reached: trail.reached,
        newest: trail.newest,
      });
    }
  }
}

/** `default log  [#########...............]  38 %  412,000 rows, 31,000 a second, 22 s left`. */
function barOf(name: string, { fromId, startedMs, written, reached, newest }: Trail, nowMs: number): string {
  const done = Math.min(1, (reached - fromId) / Math.max(1, newest - fromId));
  const full = Math.floor(done * BAR);
  const elapsedMs = Math.max(1, nowMs - startedMs);
  const left = done > 0 ? `, ${durationText((elapsedMs * (1 - done)) / done)} left` : '';
  const rate = Math.round((written * 1000) / elapsedMs);
  const bar = `${'#'.repeat(full)}${'.'.repeat(BAR - full)}`;
  return `${name}  [${bar}]  ${Math.floor(done * 100)} %  ${countText(written)} rows, ${countText(rate)} a second${left}`;
}

/* How the export is, in one line for `systemctl status`: OK, or WAITING and for what; then what it has done. */

export class Summary {
  readonly #trails = new Map<string, string | undefined>();

  /** `error`: why the table could not be read. */
  note(trail: string, error: { readonly message: string } | undefined): void {
    this.#trails.set(trail, error?.message);
  }

  line(rows: number): string {
    const counts = `${plural(this.#trails.size, 'table')} followed, ${countText(rows)} rows written since the start`;
    const waiting = [...this.#trails].filter(([, reason]) => reason !== undefined);
    if (this.#trails.size === 0) return 'WAITING: no table has been read yet';
    if (waiting.length === 0) return `OK: ${counts}`;
    return `WAITING: ${waiting.map(([trail, reason]) => `${trail}: ${reason}`).join('; ')}; ${counts}`;
  }
}
