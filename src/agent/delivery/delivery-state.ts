/** Where forwarding stands, in numbers and words, for `status` and the log. */
import type { Level } from '../../link/acknowledge.js';
import type { Peer } from '../../link/peer.js';

export type LinkState =
  | { readonly name: 'connecting'; readonly attempt: number }
  | { readonly name: 'connected'; readonly peer: Peer; readonly sinceMs: number }
  | { readonly name: 'waiting'; readonly attempt: number; readonly untilMs: number; readonly reason: string }
  /** The collector closed an idle link; the next message opens one. */
  | { readonly name: 'idle' }
  | { readonly name: 'stopped' };

export interface DeliveryState {
  link: LinkState;
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
  /** `refused`: for a certificate's sake, by them or by us; that does not mend itself. */
  lastFailure:
    | { readonly atMs: number; readonly message: string; readonly hint: string; readonly refused: boolean }
    | undefined;
  /** One message that no connection survives: named, never skipped. */
  stuck: { readonly run: string; readonly seq: number; readonly path: string; readonly offset: number } | undefined;
}

export function newDeliveryState(): DeliveryState {
  return {
    link: { name: 'connecting', attempt: 0 },
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
