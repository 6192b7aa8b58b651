/**
 * The way back to a better collector: asked now and then whether it takes us
 * again, beside the sending and never in its way.
 */
import type { Clock } from '../lib/clock.js';
import type { Dialled, Dialler } from '../link/dial.js';

export class Preference {
  #askedAtMs: number;
  #asking = false;
  #found: Dialled | undefined;
  readonly #over = new AbortController();

  constructor(
    private readonly dialler: Pick<Dialler, 'dialPreferred'>,
    private readonly clock: Clock,
    private readonly everyMs: number,
  ) {
    this.#askedAtMs = clock.monotonicMs();
  }

  /** A link to a target that is preferred to `present`, when one has been found since it was last asked for. */
  take(present: Dialled): Dialled | undefined {
    const found = this.#found;
    this.#found = undefined;
    if (found?.link.alive) return found;
    if (!this.#asking && this.clock.monotonicMs() - this.#askedAtMs >= this.everyMs) void this.#ask(present);
    return undefined;
  }

  /** A link that nobody has taken is given up. */
  close(): void {
    this.#over.abort();
    this.#found?.link.leave();
    this.#found = undefined;
  }

  async #ask({ target }: Dialled): Promise<void> {
    this.#asking = true;
    const found = await this.dialler.dialPreferred(target, this.#over.signal);
    this.#asking = false;
    this.#askedAtMs = this.clock.monotonicMs();
    if (this.#over.signal.aborted) found?.link.leave();
    else this.#found = found;
  }
}
