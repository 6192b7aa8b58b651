/**
 * The last problems that the agent has told of, each with its time and what
 * to do: for `status`, so that nobody has to look for them in the log. They
 * hold what the log holds, and so no content of the trail.
 */
import type { Clock } from '../lib/clock.js';
import type { Facts, Report } from '../model/report.js';

export interface Problem {
  /** When it was told last. */
  readonly atMs: number;
  readonly level: 'warning' | 'error';
  /** A constant sentence; what it is about stands in `facts`. */
  readonly message: string;
  readonly facts: Facts;
  readonly remedy: string | undefined;
  /** How often, since it came. */
  readonly times: number;
}

/** A log whose lines can bear the name of a part. */
export type PartedReport = Report & { child(part: string): Report };

const KEPT = 3;

export class Problems {
  #last: readonly Problem[] = [];

  constructor(private readonly clock: Pick<Clock, 'nowMs'>) {}

  /** The latest first. */
  get last(): readonly Problem[] {
    return this.#last;
  }

  /** The same report; what it is told of is kept here, too. */
  through(report: PartedReport): PartedReport {
    return { ...this.#keeping(report), child: (part) => this.#keeping(report.child(part)) };
  }

  #keeping({ debug, info, notice, warning, error }: Report): Report {
    const keep =
      (level: Problem['level'], say: Report['warning']): Report['warning'] =>
      (message, facts = {}) => {
        this.#keep(level, message, facts);
        say(message, facts);
      };
    return { debug, info, notice, warning: keep('warning', warning), error: keep('error', error) };
  }

  #keep(level: Problem['level'], message: string, { remedy, hint, ...facts }: Facts): void {
    const known = this.#last.find((each) => each.message === message && sameMatter(each.facts, facts));
    const told = remedy ?? hint;
    const problem = {
      atMs: this.clock.nowMs(),
      level,
      message,
      facts,
      remedy: told === undefined ? undefined : String(told),
      times: (known?.times ?? 0) + 1,
    };
    this.#last = [problem, ...this.#last.filter((each) => each !== known)].slice(0, KEPT);
  }
}

/** Numbers change from one time to the next: what it is about are the words. */
function sameMatter(one: Facts, other: Facts): boolean {
  const words = (facts: Facts) => Object.values(facts).filter((value) => typeof value === 'string');
  return words(one).join('\n') === words(other).join('\n');
}
