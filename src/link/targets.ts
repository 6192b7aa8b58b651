/**
 * Failover: decides which address to try next. The configured collectors come in
 * order of preference, each with all its addresses, and DNS is queried again at
 * every round. Addresses that failed recently come last, so that a dead first one
 * does not hold up the second; when the time is up the agent goes back to them.
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
 * One that accepts connections and acknowledges nothing is held off for twice as long each time, up to sixteen times:
 * trying it again costs an epoch, not just a connection.
 */
const MOST_DOUBLINGS = 4;

interface Failure {
  readonly atMs: number;
  /** Links in a row that ended without an acknowledgement. */
  readonly unacknowledged: number;
}

export class Targets {
  readonly #failures = new Map<string, Failure>();

  constructor(
    private readonly collectors: readonly CollectorAddress[],
    private readonly lookup: Network['lookup'],
    private readonly clock: Clock,
    private readonly holdOffMs = HOLD_OFF_MS,
  ) {}

  /** In the order in which to try them; `failures` are names that could not be resolved. `signal`: for a resolver that hangs. */
  async inOrder(signal?: AbortSignal): Promise<{ targets: readonly Target[]; failures: readonly LinkError[] }> {
    const good: Target[] = [];
    const failing: Target[] = [];
    const failures: LinkError[] = [];
    for (const collector of this.collectors) {
      try {
        for (const address of await this.#addresses(collector, signal)) {
          const target = { ...collector, address };
          (this.#failedRecently(target) ? failing : good).push(target);
        }
      } catch (error) {
        failures.push(LinkError.from(error, { ...collector, address: collector.host }));
      }
    }
    return { targets: [...good, ...failing], failures };
  }

  /** It could not be connected to. */
  failed(target: Target): void {
    this.#note(target, 0);
  }

  /** Its link ended without an acknowledgement. */
  unacknowledged(target: Target): void {
    this.#note(target, 1);
  }

  /** It has acknowledged. */
  acknowledged(target: Target): void {
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
      if (!this.#failedRecently(target)) return target;
    }
    return undefined;
  }

  async #addresses(collector: CollectorAddress, signal: AbortSignal | undefined): Promise<readonly string[]> {
    const { host } = collector;
    if (isIP(host)) return [host];
    const abandoned = LinkError.abandoned({ ...collector, address: host });
    return signal === undefined ? await this.lookup(host) : await unless(signal, abandoned, this.lookup(host));
  }

  #failedRecently(target: Target): boolean {
    const failure = this.#failures.get(keyOf(target));
    if (failure === undefined) return false;
    const doublings = Math.min(MOST_DOUBLINGS, Math.max(0, failure.unacknowledged - 1));
    return this.clock.monotonicMs() - failure.atMs < this.holdOffMs * 2 ** doublings;
  }

  #note(target: Target, more: 0 | 1): void {
    const key = keyOf(target);
    const unacknowledged = (this.#failures.get(key)?.unacknowledged ?? 0) + more;
    this.#failures.set(key, { atMs: this.clock.monotonicMs(), unacknowledged });
  }
}

function keyOf({ host, address, port }: Target): string {
  return `${host} ${address} ${port}`;
}

/** Rejects when `signal` aborts, although the work itself cannot be cancelled. */
function unless<T>(signal: AbortSignal, reason: Error, work: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const giveUp = () => reject(reason);
    if (signal.aborted) giveUp();
    signal.addEventListener('abort', giveUp, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', giveUp));
  });
}
