/** How long forwarding waits for what, in one place: with what reason, and so that a test can have it in miniature. */

import { type BackoffOptions, DEFAULT_BACKOFF } from '../lib/backoff.js';
import { LINK_TIMES, type LinkTimes } from '../link/link.js';
import { HOLD_OFF_MS } from '../link/targets.js';

/** Looking up a name: what the system's resolver may take, with several servers and search domains that are all silent. */
export const RESOLVER_MS = 5 * 60_000;

export interface DeliveryTimes extends LinkTimes {
  /** For the handshake of the next link, before the present one is closed. */
  readonly nextLinkMs: number;
  /** For a collector that serves one connection at a time: its sign of life after the close. */
  readonly nextLinkAfterCloseMs: number;
  /** A process that dies takes the next link along with the old one within this. */
  readonly signOfLifeMs: number;
  /** How often a collector that is preferred to the one in use is tried. */
  readonly preferredEveryMs: number;
  /** A link that lived this long before the collector closed it idle was no failure. */
  readonly quietMs: number;
  /** How often a message that no link survives is tried. */
  readonly stuckRetryMs: number;
  /** The same failure is reported again after this long. */
  readonly reportAgainMs: number;
  /** A target that failed is tried after all others for this long. */
  readonly holdOffMs: number;
  readonly backoff: BackoffOptions;
  /** A collector that hangs must not hold up the end of the agent: what is not acknowledged by then stays in the journal. */
  readonly stopMs: number;
}

export const DELIVERY_TIMES: DeliveryTimes = {
  ...LINK_TIMES,
  nextLinkMs: 2_000,
  nextLinkAfterCloseMs: 5_000,
  signOfLifeMs: 200,
  preferredEveryMs: 60_000,
  quietMs: 1_000,
  stuckRetryMs: 5 * 60_000,
  reportAgainMs: 60 * 60_000,
  holdOffMs: HOLD_OFF_MS,
  backoff: DEFAULT_BACKOFF,
  stopMs: 20_000,
};
