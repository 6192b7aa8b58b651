/**
 * The way back to a better collector: asked now and then whether it takes us
 * again, beside the sending and never in its way.
 */
import type { Clock } from '../lib/clock.js';
import type { Dialled, Dialler } from '../link/dial.js';

export interface PreferenceDependencies {
  readonly dialler: Pick<Dialler, 'dialPreferred'>;
  readonly clock: Clock;
  readonly times: { readonly preferredEveryMs: number };
}

export class Preference {
  #askedAtMs: number;
  #asking = false;
  #found: Dialled | undefined;
  readonly #over = new AbortController();

  constructor(private readonly dependencies: PreferenceDependencies) {
    this.#askedAtMs = dependencies.clock.monotonicMs();
  }

  /** A link to a target that is preferred to `present`, when one has been found since it was last asked for. */
  take(present: Dialled): Dialled | undefined {
    const found = this.#found;
    this.#found = undefined;
    if (found?.link.alive) return found;
    // The collector has closed it meanwhile; our end of it is still there.
    found?.link.destroy();
    const { clock, times } = this.dependencies;
    const due = clock.monotonicMs() - this.#askedAtMs >= times.preferredEveryMs;
    if (due && !this.#asking) void this.#ask(present);
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
    const found = await this.dependencies.dialler.dialPreferred(target, this.#over.signal);
    this.#asking = false;
    this.#askedAtMs = this.dependencies.clock.monotonicMs();
    if (this.#over.signal.aborted) found?.link.leave();
    else this.#found = found;
  }
}
