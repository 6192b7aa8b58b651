/**
 * Which address next: the configured collectors in order of preference, each
 * with all its addresses, asked of DNS anew at every round; those that failed
 * lately come last, so that a dead first address does not hold up the second
 * and a collector that is well again is gone back to.
 */
import { isIP } from 'node:net';
import type { Clock } from '../lib/clock.js';
import type { Network } from '../lib/network.js';
import type { Target } from './peer.js';
import { LinkError } from './refusal.js';

export interface CollectorAddress {
  readonly host: string;
  readonly port: number;
}

/** After a failure a target is tried after all others for this long. */
export const HOLD_OFF_MS = 60_000;
/**
 * One that takes connections and acknowledges nothing is held off for twice as long each time, up to sixteen times:
 * going back to it costs an epoch, not a look.
 */
const MOST_DOUBLINGS = 4;

interface Failure {
  readonly atMs: number;
  /** Links in a row that ended without an acknowledgement. */
  readonly fruitless: number;
}

export class Targets {
  readonly #failures = new Map<string, Failure>();

  constructor(
    private readonly collectors: readonly CollectorAddress[],
    private readonly lookup: Network['lookup'],
    private readonly clock: Clock,
    private readonly holdOffMs = HOLD_OFF_MS,
  ) {}

  /** In the order in which to try them; `failures` are names that could not be resolved. A resolver may hang: `signal`. */
  async inOrder(signal?: AbortSignal): Promise<{ targets: readonly Target[]; failures: readonly LinkError[] }> {
    const well: Target[] = [];
    const ill: Target[] = [];
    const failures: LinkError[] = [];
    for (const collector of this.collectors) {
      try {
        for (const address of await this.#addresses(collector, signal)) {
          const target = { ...collector, address };
          (this.#failedLately(target) ? ill : well).push(target);
        }
      } catch (error) {
        failures.push(LinkError.from(error, { ...collector, address: collector.host }));
      }
    }
    return { targets: [...well, ...ill], failures };
  }

  /** It could not be connected to. */
  failed(target: Target): void {
    this.#note(target, 0);
  }

  /** Its link ended without an acknowledgement. */
  fruitless(target: Target): void {
    this.#note(target, 1);
  }

  /** It has acknowledged. */
  succeeded(target: Target): void {
    this.#failures.delete(keyOf(target));
  }

  /** A target that is preferred to the one in use and has not failed lately, or the one in use when DNS still names it. */
  async preferredTo(present: Target, signal?: AbortSignal): Promise<Target | undefined> {
    const { targets, failures } = await this.inOrder(signal);
    if (failures.length > 0) return undefined;
    const presentKey = keyOf(present);
    for (const target of targets) {
      if (keyOf(target) === presentKey) return undefined;
      const sameCollector = target.host === present.host && target.port === present.port;
      const listed = targets.some((other) => keyOf(other) === presentKey);
      // Addresses of one name are equals: no reason to move while the present one is still among them.
      if (sameCollector && listed) continue;
      if (!this.#failedLately(target)) return target;
    }
    return undefined;
  }

  async #addresses(collector: CollectorAddress, signal: AbortSignal | undefined): Promise<readonly string[]> {
    const { host } = collector;
    if (isIP(host)) return [host];
    const abandoned = LinkError.abandoned({ ...collector, address: host });
    return signal === undefined ? await this.lookup(host) : await unless(signal, abandoned, this.lookup(host));
  }

  #failedLately(target: Target): boolean {
    const failure = this.#failures.get(keyOf(target));
    if (failure === undefined) return false;
    const doublings = Math.min(MOST_DOUBLINGS, Math.max(0, failure.fruitless - 1));
    return this.clock.monotonicMs() - failure.atMs < this.holdOffMs * 2 ** doublings;
  }

  #note(target: Target, more: 0 | 1): void {
    const key = keyOf(target);
    const fruitless = (this.#failures.get(key)?.fruitless ?? 0) + more;
    this.#failures.set(key, { atMs: this.clock.monotonicMs(), fruitless });
  }
}

function keyOf({ host, address, port }: Target): string {
  return `${host} ${address} ${port}`;
}

/** What cannot be called off can at least be turned away from. */
function unless<T>(signal: AbortSignal, reason: Error, work: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const turnAway = () => reject(reason);
    if (signal.aborted) turnAway();
    signal.addEventListener('abort', turnAway, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', turnAway));
  });
}
