/**
 * Failback: while a collector that is not the most preferred one is in use, the
 * better ones are tried now and then, beside the sending and never in its way.
 */
import type { Clock } from '../lib/clock.js';
import type { Dialled, Dialler } from '../link/dial.js';

export class Failback {
  #triedAtMs: number;
  #trying = false;
  #found: Dialled | undefined;

  /** `over`: no more is tried. */
  constructor(
    private readonly context: {
      readonly dialler: Pick<Dialler, 'dialPreferred'>;
      readonly clock: Clock;
      readonly times: { readonly preferredEveryMs: number };
    },
    private readonly over: AbortSignal,
  ) {
    this.#triedAtMs = context.clock.monotonicMs();
  }

  /** A link to a target that is preferred to `present`, when one has been found since this was last called. */
  take(present: Dialled): Dialled | undefined {
    const found = this.#found;
    this.#found = undefined;
    if (found?.link.alive) return found;
    // The collector has closed it meanwhile; our end of it is still there.
    found?.link.destroy();
    const { clock, times } = this.context;
    const due = clock.monotonicMs() - this.#triedAtMs >= times.preferredEveryMs;
    if (due && !this.#trying) void this.#try(present);
    return undefined;
  }

  /** Once `over` has aborted: a link that was not taken is closed. */
  close(): void {
    this.#found?.link.leave();
    this.#found = undefined;
  }

  async #try({ target }: Dialled): Promise<void> {
    this.#trying = true;
    const found = await this.context.dialler.dialPreferred(target, this.over);
    this.#trying = false;
    this.#triedAtMs = this.context.clock.monotonicMs();
    if (this.over.aborted) found?.link.leave();
    else this.#found = found;
  }
}
