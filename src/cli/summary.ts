/** The agent's state in one line, for `systemctl status` and for a tired person: the verdict first. */

import type { LinkState } from '../agent/delivery-state.js';
import type { AgentState } from '../agent/state.js';
import { countText, durationText } from './voice.js';

export type Verdict = 'OK' | 'WAITING' | 'PROBLEM';

/** WAITING: lines are kept, the collector is not to be had. PROBLEM: somebody must do something. */
export function verdictOf(state: AgentState): Verdict {
  const { delivery, journal, ownTails } = state;
  if (delivery.stuck !== undefined || journal.full || journal.failed !== undefined || ownTails.length > 0)
    return 'PROBLEM';
  if (state.delivery.link.name === 'waiting') return 'WAITING';
  return 'OK';
}

export function summaryLine(state: AgentState): string {
  const { delivery } = state;
  const counts = `sent ${countText(delivery.sent)}, acknowledged ${countText(delivery.acknowledged)}`;
  return `${verdictOf(state)}: ${linkText(delivery.link, state.writtenAtMs)}; ${counts}`;
}

export function linkText(link: LinkState, nowMs: number): string {
  switch (link.name) {
    case 'connecting':
      return 'connecting to the collector';
    case 'connected':
      return `connected to ${link.peer.host}:${link.peer.port} (${link.peer.protocol})`;
    case 'waiting':
      return `not connected, next try in ${durationText(Math.max(0, link.untilMs - nowMs))}: ${link.reason}`;
    case 'idle':
      return 'the collector closed the idle connection; the next message opens one';
    case 'stopped':
      return 'stopped';
    default:
      return link satisfies never;
  }
}
