/** All time limits of delivery in one place, with their reasons; tests use shorter ones. */
import { type BackoffOptions, DEFAULT_BACKOFF } from '../lib/backoff.js';
import { LINK_TIMES, type LinkTimes } from '../link/link.js';
import { HOLD_OFF_MS } from '../link/targets.js';

/** For looking up a name: what the system's resolver may take with several servers and search domains that do not answer. */
export const RESOLVER_MS = 5 * 60_000;

export interface DeliveryTimes extends LinkTimes {
  /** For the handshake of the next link, before the present one is closed. */
  readonly nextLinkMs: number;
  /** For a collector that serves one connection at a time: its sign of life after the close. */
  readonly nextLinkAfterCloseMs: number;
  /** An answer to a close from a collector that has not answered any: after this, sending goes on while it is waited for. */
  readonly answerMs: number;
  /** The next link must live for so long: when a process dies, both of its links end within this time. */
  readonly signOfLifeMs: number;
  /** How often a better collector than the one in use is tried. */
  readonly preferredEveryMs: number;
  /** A link that an idle collector closed after at least this time was no failure. */
  readonly quietMs: number;
  /** How often a message that ends every connection is tried. */
  readonly stuckRetryMs: number;
  /** The same failure is reported again after this long. */
  readonly reportAgainMs: number;
  /** A target that failed is tried after all others for this long. */
  readonly holdOffMs: number;
  readonly backoff: BackoffOptions;
  /** A collector that hangs must not delay the agent's stop: what is not acknowledged by then stays in the journal. */
  readonly stopMs: number;
}

export const DELIVERY_TIMES: DeliveryTimes = {
  ...LINK_TIMES,
  nextLinkMs: 2_000,
  nextLinkAfterCloseMs: 5_000,
  answerMs: 2_000,
  signOfLifeMs: 200,
  preferredEveryMs: 60_000,
  quietMs: 1_000,
  stuckRetryMs: 5 * 60_000,
  reportAgainMs: 60 * 60_000,
  holdOffMs: HOLD_OFF_MS,
  backoff: DEFAULT_BACKOFF,
  stopMs: 20_000,
};
