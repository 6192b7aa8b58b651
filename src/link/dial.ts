/** Opens links: to the first collector and address that can be had, or to one address again. */
import { connect, limited, type TlsMaterial, type TlsPolicy } from './connect.js';
import type { Link, LinkContext, LinkTimes } from './link.js';
import type { Target } from './peer.js';
import { LinkError } from './refusal.js';
import type { Targets } from './targets.js';

export interface Dialled {
  readonly link: Link;
  readonly target: Target;
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
    private readonly context: LinkContext & {
      /** A handshake is done: one connection more in the collector's books. */
      readonly connected?: () => void;
    },
    private readonly times?: LinkTimes,
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
      const link = await connect(target, await this.material(), this.policy, this.context, signal, this.times);
      this.context.connected?.();
      return link;
    } catch (error) {
      if (!signal.aborted) this.targets.failed(target);
      throw error;
    }
  }

  /** The same address once more, if it takes us in time; otherwise why not. */
  async dialWithin(target: Target, limitMs: number, signal: AbortSignal): Promise<Link | LinkError> {
    const late = LinkError.noHandshake(target, limitMs);
    try {
      const limits = { clock: this.context.clock, target, signal };
      return await limited(limitMs, late, limits, (over) => this.dialAgain(target, over));
    } catch (error) {
      return LinkError.from(error, target);
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
