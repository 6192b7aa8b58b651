/** The agent's state in one line: the verdict, why, and the counts. For `systemctl status`, for Nagios, and first of all in `status`. */
import type { AgentState } from '../../agent/state.js';
import type { LinkState } from '../../delivery/state.js';
import { countText, durationText } from '../voice.js';
import { assess } from './verdict.js';

export function summaryLine(state: AgentState): string {
  const { verdict, reasons } = assess(state);
  const { delivery, journal } = state;
  const counts = [
    `sent ${countText(delivery.sent)}`,
    `acknowledged ${countText(delivery.acknowledged)}`,
    `waiting ${countText(journal.messagesWaiting)}`,
  ].join(', ');
  const why = reasons.length === 0 ? linkText(delivery.link, state.writtenAtMs) : reasons.join('; ');
  return `${verdict}: ${why}; ${counts}`;
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
