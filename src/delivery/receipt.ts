/** An acknowledged epoch as its receipt tells it: when which lines went, to whom, how well proven. No content. */
import type { Level } from '../link/acknowledge.js';
import type { Dialled } from '../link/dial.js';
import type { NewReceipt } from '../verify/receipt.js';
import type { Epoch } from './epoch.js';

export function receiptOf(epoch: Epoch, { link, target }: Dialled, level: Level): NewReceipt {
  return {
    collector: `${target.host}:${target.port}`,
    address: target.address,
    fingerprint: link.peer.fingerprint,
    level,
    messages: epoch.messages,
    stretches: epoch.stretches,
    sha256: epoch.digest(),
    tails: epoch.origins.map(({ tailId, path, from, to }) => ({ tail: tailId, path, from, to })),
  };
}
