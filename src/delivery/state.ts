/** The state of delivery, in numbers and words, for `status` and the metrics. */
import type { Clock } from '../lib/clock.js';
import type { Level } from '../link/acknowledge.js';
import type { Peer } from '../link/peer.js';

export type LinkState =
  | { readonly name: 'connecting'; readonly attempt: number }
  | { readonly name: 'connected'; readonly peer: Peer; readonly sinceMs: number }
  | { readonly name: 'waiting'; readonly attempt: number; readonly untilMs: number; readonly reason: string }
  /** The collector closed an idle link; the next message opens one. */
  | { readonly name: 'idle' }
  | { readonly name: 'stopped' };

/** Why a connection failed, or ended unacknowledged. */
export interface Failure {
  readonly atMs: number;
  readonly message: string;
  readonly hint: string;
  /** One side does not accept the other's certificate; that does not mend itself. */
  readonly refused: boolean;
}

export interface DeliveryState {
  link: LinkState;
  /**
   * There is no connection that stands: since when, and what failed first since then. A connection stands when it has
   * carried a message, or after a failure when it has lived for a second: so a collector that refuses us right after
   * each handshake is one outage. `undefined` while a connection stands, or an idle collector has closed it in order.
   */
  outage: { readonly sinceMs: number; readonly failure: Failure | undefined } | undefined;
  /** The collector that we are, or were last, connected to. */
  lastPeer: Peer | undefined;
  /** Messages handed to the kernel, repeats included. */
  sent: number;
  /** Messages whose epoch the collector has acknowledged. */
  acknowledged: number;
  /** Messages sent again after a failure. */
  repeated: number;
  epochs: number;
  /** Failed attempts and links that ended unacknowledged, by the code of their reason. */
  readonly failures: Map<string, number>;
  lastLevel: Level | undefined;
  lastAcknowledgedAtMs: number | undefined;
  lastFailure: Failure | undefined;
  /** One message that no connection survives: named, never skipped. */
  stuck: { readonly run: string; readonly seq: number; readonly path: string; readonly offset: number } | undefined;
}

export function newDeliveryState(): DeliveryState {
  return {
    link: { name: 'connecting', attempt: 0 },
    outage: undefined,
    lastPeer: undefined,
    sent: 0,
    acknowledged: 0,
    repeated: 0,
    epochs: 0,
    failures: new Map(),
    lastLevel: undefined,
    lastAcknowledgedAtMs: undefined,
    lastFailure: undefined,
    stuck: undefined,
  };
}

/**
 * How many connections have been made, in total and in the last 24 hours:
 * collectors count them, too, and may take each for a login.
 */
export interface ConnectionCounts {
  /** Since the start; a connection counts when both sides have finished the handshake. */
  readonly made: number;
  /** Since the start, or in the last 24 hours when the agent has run for longer. */
  readonly lastDay: number;
}

const QUARTER_MS = 15 * 60_000;
const QUARTERS_A_DAY = 96;

export class ConnectionCount {
  #made = 0;
  /** Oldest first, quarters of an hour without connections left out. */
  readonly #quarters: { readonly quarter: number; count: number }[] = [];

  constructor(private readonly clock: Pick<Clock, 'monotonicMs'>) {}

  add(): void {
    this.#made += 1;
    const quarter = this.#quarter();
    const present = this.#quarters.at(-1);
    if (present?.quarter === quarter) present.count += 1;
    else this.#quarters.push({ quarter, count: 1 });
    this.#forget(quarter);
  }

  get counts(): ConnectionCounts {
    this.#forget(this.#quarter());
    return { made: this.#made, lastDay: this.#quarters.reduce((sum, { count }) => sum + count, 0) };
  }

  #quarter(): number {
    return Math.floor(this.clock.monotonicMs() / QUARTER_MS);
  }

  #forget(present: number): void {
    while ((this.#quarters[0]?.quarter ?? present) <= present - QUARTERS_A_DAY) this.#quarters.shift();
  }
}
