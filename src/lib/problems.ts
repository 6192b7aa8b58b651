/**
 * What is wrong now, and what was wrong and is over: one list, read by the log,
 * `status`, the page, the metrics and the exit status of `status`. A part
 * raises a problem whenever it meets it and clears it when the thing works
 * again; it keeps no memory of what it has said. The log gets a problem when it
 * begins, again every `repeatMs` while it lasts, and its end. Problems hold
 * facts (paths, sizes, codes), never content of the audit trail.
 */
import type { Facts, Report } from '../model/report.js';
import type { Clock } from './clock.js';

/** A problem as a part raises it. */
export interface Problem {
  /** What is wrong with what: `journal-write`, `file-blocked /var/log/a`. The same key is the same problem. */
  readonly key: string;
  /** `error`: somebody must act. `warning` (default): the agent goes on, but not as well as it should. */
  readonly level?: 'warning' | 'error';
  /** A constant sentence; what changes belongs into `facts`. */
  readonly message: string;
  readonly facts?: Facts;
  /** What to do about it, as a command where there is one. */
  readonly remedy?: string | undefined;
  /** A constant sentence for the log when it is over. */
  readonly over?: string;
  /** While it lasts the log says it again after this long; default: 10 minutes. */
  readonly repeatMs?: number;
  /** Called each time that the log gets it: for those who are to hear of it as often. */
  readonly logged?: () => void;
}

/** The kind of problem, without what it is about: the key `file-blocked /var/log/a` is of the class `file-blocked`. */
export function classOf(key: string): string {
  return key.split(' ', 1)[0] ?? key;
}

/** A problem as it is listed. */
export interface ListedProblem {
  readonly key: string;
  readonly level: 'warning' | 'error';
  readonly message: string;
  /** As last raised. */
  readonly facts: Facts;
  readonly remedy: string | undefined;
  /** When it began, wall clock. */
  readonly sinceMs: number;
  /** When it was raised last, wall clock. */
  readonly atMs: number;
  /** When it ended, wall clock; `undefined`: it lasts. */
  readonly overMs: number | undefined;
  /** How often it was raised since it began. */
  readonly times: number;
}

/** What a part does with problems; its own report gets them. */
export interface RaisesProblems {
  /** It is so now. */
  raise(problem: Problem): void;
  /** It is so no longer; does nothing when it was not so. Every key that begins with `key` and a blank ends, too; the same `over` is said once. */
  clear(key: string, facts?: Facts): void;
  /** It happened and is over, like a loss: it is listed as over, and logged; with `repeatMs` not more often than that. */
  happened(problem: Omit<Problem, 'over'>): void;
}

/** For what is only looked at, by a command that says itself what it found. */
export const ignoredProblems: RaisesProblems = {
  raise: () => undefined,
  clear: () => undefined,
  happened: () => undefined,
};

const REPEAT_MS = 600_000;
/** So many problems that are over stay listed. */
const OVER_KEPT = 10;
/** So many that last are listed: a thousand unreadable files are not a thousand lines of `status`. */
const PRESENT_LISTED = 100;

interface Present {
  readonly report: Report;
  readonly problem: Problem;
  readonly listed: ListedProblem;
  /** When the log was told last, monotonic. */
  readonly loggedMs: number;
  /** How often it was raised since then. */
  readonly unlogged: number;
}

export class Problems {
  /** In the order in which they began. */
  readonly #present = new Map<string, Present>();
  /** What happened and is not to be logged again too soon, by key. */
  readonly #happenings = new Map<string, Present>();
  #past: readonly ListedProblem[] = [];

  constructor(private readonly clock: Pick<Clock, 'nowMs' | 'monotonicMs'>) {}

  /** What is wrong now, the latest first; of very many only the latest. */
  get present(): readonly ListedProblem[] {
    const latest = [...this.#present.values()].slice(-PRESENT_LISTED);
    return latest.map(({ listed }) => listed).reverse();
  }

  /** How many things are wrong now. */
  get count(): number {
    return this.#present.size;
  }

  /** What was wrong and is over, the latest first. */
  get past(): readonly ListedProblem[] {
    return this.#past;
  }

  /** For a part: what it raises goes into the list and into its report. */
  of(report: Report): RaisesProblems {
    return {
      raise: (problem) => this.#raise(problem, report),
      clear: (key, facts) => this.#clear(key, facts ?? {}),
      happened: (problem) => this.#happened(problem, report),
    };
  }

  /** All are over, without a word in the log: the agent that raised them goes, and the next raises what it meets. */
  endAll(): void {
    for (const key of [...this.#present.keys()]) this.#end(key);
  }

  #raise(problem: Problem, report: Report): void {
    const known = this.#present.get(problem.key);
    this.#present.set(problem.key, this.#met(problem, report, known, problem.repeatMs ?? REPEAT_MS));
  }

  #happened(problem: Problem, report: Report): void {
    const { key, repeatMs = 0 } = problem;
    const met = this.#met(problem, report, this.#happenings.get(key), repeatMs);
    if (repeatMs > 0) this.#happenings.set(key, met);
    const before = this.#past.find((each) => each.key === key);
    const { sinceMs, times } = before ?? { sinceMs: met.listed.sinceMs, times: 0 };
    this.#list({ ...met.listed, sinceMs, times: times + 1 });
  }

  /** Logs the problem, unless it was logged a short while ago. */
  #met(problem: Problem, report: Report, known: Present | undefined, repeatMs: number): Present {
    const { key, level = 'warning', message, facts = {}, remedy } = problem;
    const nowMs = this.clock.nowMs();
    const monotonicMs = this.clock.monotonicMs();
    const listed: ListedProblem = {
      key,
      level,
      message,
      facts,
      remedy,
      sinceMs: known?.listed.sinceMs ?? nowMs,
      atMs: nowMs,
      overMs: undefined,
      times: (known?.listed.times ?? 0) + 1,
    };
    const due = known === undefined || known.listed.message !== message || monotonicMs - known.loggedMs >= repeatMs;
    const unlogged = due ? 0 : (known?.unlogged ?? 0) + 1;
    if (due) {
      const before = known?.unlogged ?? 0;
      const counted = before > 0 ? { ...facts, unsaid: before } : facts;
      report[level](message, remedy === undefined ? counted : { ...counted, remedy });
      problem.logged?.();
    }
    return { report, problem, listed, unlogged, loggedMs: due ? monotonicMs : known.loggedMs };
  }

  #clear(key: string, facts: Facts): void {
    const said = new Set<string>();
    for (const [name, { report, problem }] of this.#present) {
      if (name !== key && !name.startsWith(`${key} `)) continue;
      this.#end(name);
      if (problem.over === undefined || said.has(problem.over)) continue;
      said.add(problem.over);
      report.notice(problem.over, facts);
    }
  }

  #end(key: string): void {
    const ended = this.#present.get(key);
    this.#present.delete(key);
    if (ended !== undefined) this.#list(ended.listed);
  }

  /** As over. */
  #list(ended: ListedProblem): void {
    const others = this.#past.filter(({ key }) => key !== ended.key);
    this.#past = [{ ...ended, overMs: this.clock.nowMs() }, ...others].slice(0, OVER_KEPT);
  }
}
