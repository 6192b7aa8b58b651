/**
 * Hinted paths, and when each is to be looked at: at once, but no sooner than
 * a rest after the last look. A log that is written to all the time is so read
 * in pieces worth reading. Pure.
 */

/** Twenty looks a second: a wait that nobody notices, and a cost likewise. */
const REST_MS = 50;

interface Rest {
  readonly untilMs: number;
  hinted: boolean;
}

export class Hinted {
  readonly #fresh = new Set<string>();
  /** The one whose rest ends first comes first. */
  readonly #resting = new Map<string, Rest>();

  add(path: string): void {
    const rest = this.#resting.get(path);
    if (rest === undefined) this.#fresh.add(path);
    else rest.hinted = true;
  }

  /** The paths to be looked at now; they rest afterwards. */
  take(nowMs: number): readonly string[] {
    for (const [path, { untilMs, hinted }] of this.#resting) {
      if (untilMs > nowMs) break;
      this.#resting.delete(path);
      if (hinted) this.#fresh.add(path);
    }
    const due = [...this.#fresh];
    this.#fresh.clear();
    for (const path of due) this.#resting.set(path, { untilMs: nowMs + REST_MS, hinted: false });
    return due;
  }

  /** When to ask again; `Infinity` when nothing is hinted or rests. */
  get nextMs(): number {
    if (this.#fresh.size > 0) return 0;
    const [first] = this.#resting.values();
    return first?.untilMs ?? Number.POSITIVE_INFINITY;
  }
}
