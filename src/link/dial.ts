/** Opens links: to the first collector and address that can be had, or to one address again. */
import { type ConnectDependencies, connect, type DialTimes, type TlsMaterial, type TlsPolicy } from './connect.js';
import type { Link } from './link.js';
import type { Target } from './peer.js';
import { LinkError } from './refusal.js';
import type { Targets } from './targets.js';

export interface Dialled {
  readonly link: Link;
  readonly target: Target;
}

export interface DialDependencies extends ConnectDependencies {
  /** A handshake is done: one connection more in the collector's books. */
  readonly connected?: () => void;
}

export class DialFailed extends Error {
  /** `refusals` has one for each address tried and each name not resolved, at least one. */
  constructor(readonly refusals: readonly LinkError[]) {
    super(refusals.map((refusal) => refusal.message).join('; '));
  }
}

export class Dialler {
  constructor(
    private readonly targets: Targets,
    /** Read anew for each connection: a renewed certificate counts from the next one on. */
    private readonly material: () => Promise<TlsMaterial>,
    private readonly policy: TlsPolicy,
    private readonly dependencies: DialDependencies,
    private readonly times?: DialTimes,
  ) {}

  /** Tries every collector and address once, in order of preference, each told of by `trying`; throws DialFailed. */
  async dial(signal: AbortSignal, trying?: () => void): Promise<Dialled> {
    const { targets, failures } = await this.targets.inOrder(signal);
    const refusals = [...failures];
    for (const target of targets) {
      trying?.();
      try {
        return { link: await this.dialAgain(target, signal), target };
      } catch (error) {
        refusals.push(LinkError.from(error, target));
        if (signal.aborted) break;
      }
    }
    throw new DialFailed(refusals);
  }

  /** The same address once more; throws LinkError. */
  async dialAgain(target: Target, signal: AbortSignal): Promise<Link> {
    try {
      const link = await connect(target, await this.material(), this.policy, this.dependencies, signal, this.times);
      this.dependencies.connected?.();
      return link;
    } catch (error) {
      if (!signal.aborted) this.targets.failed(target);
      throw error;
    }
  }

  /** The same address once more, if it takes us in time; otherwise why not. */
  async dialWithin(target: Target, limitMs: number): Promise<Link | LinkError> {
    const limit = new AbortController();
    const late = this.dependencies.clock.sleep(limitMs, limit.signal).then(() => limit.abort());
    try {
      return await this.dialAgain(target, limit.signal);
    } catch (error) {
      return limit.signal.aborted ? LinkError.noHandshake(target, limitMs) : LinkError.from(error, target);
    } finally {
      limit.abort();
      await late;
    }
  }

  /** A link to a better target than the one in use, when there is one and it takes us. */
  async dialPreferred(present: Target, signal: AbortSignal): Promise<Dialled | undefined> {
    const target = await this.targets.preferredTo(present, signal);
    if (target === undefined) return undefined;
    const link = await this.dialAgain(target, signal).catch(() => undefined);
    return link === undefined ? undefined : { link, target };
  }

  /** Its epoch was acknowledged. */
  wasWell(target: Target): void {
    this.targets.succeeded(target);
  }

  /** Its link ended without an acknowledgement. */
  wasIll(target: Target): void {
    this.targets.fruitless(target);
  }
}
