/** Opens links: to the first collector and address that accepts one, or to a given address again. */
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
    /** Read for each connection: a renewed certificate is used from the next one on. */
    private readonly material: () => Promise<TlsMaterial>,
    private readonly policy: TlsPolicy,
    private readonly context: LinkContext & {
      /** A handshake is done: the collector counts one connection more. */
      readonly connected?: () => void;
    },
    private readonly times?: LinkTimes,
  ) {}

  /** Tries every collector and address once, in order of preference, and calls `trying` before each; throws DialFailed. */
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

  /** A link to the same address within the limit, or why there is none. */
  async dialWithin(target: Target, limitMs: number, signal: AbortSignal): Promise<Link | LinkError> {
    const late = LinkError.noHandshake(target, limitMs);
    try {
      const limits = { clock: this.context.clock, target, signal };
      return await limited(limitMs, late, limits, (over) => this.dialAgain(target, over));
    } catch (error) {
      return LinkError.from(error, target);
    }
  }

  /** A link to a better target than the one in use, when there is one that accepts it. */
  async dialPreferred(present: Target, signal: AbortSignal): Promise<Dialled | undefined> {
    const target = await this.targets.preferredTo(present, signal);
    if (target === undefined) return undefined;
    const link = await this.dialAgain(target, signal).catch(() => undefined);
    return link === undefined ? undefined : { link, target };
  }

  /** Its epoch was acknowledged. */
  acknowledged(target: Target): void {
    this.targets.acknowledged(target);
  }

  /** Its link ended without an acknowledgement. */
  unacknowledged(target: Target): void {
    this.targets.unacknowledged(target);
  }
}
