/** Of `status`: to whom messages go, since when, and what is proven of their arrival. */
import type { AgentState } from '../../agent/state.js';
import { countText, durationText } from '../voice.js';
import { momentText } from './moment.js';
import { linkText } from './summary.js';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

export function linkLines({ delivery, startedAtMs }: AgentState, nowMs: number): string[] {
  const { link, connections, sent, acknowledged, repeated, lastLevel, lastAcknowledgedAtMs, lastFailure, stuck } =
    delivery;
  const lines = [`link: ${linkText(link, nowMs)}`];
  if (link.name === 'connected') lines.push(`  at ${link.peer.address} since ${momentText(link.sinceMs, nowMs)}`);
  if (link.name === 'waiting' && lastFailure !== undefined && lastFailure.hint !== '') {
    lines.push(`  hint: ${lastFailure.hint}`);
  }
  lines.push(`  sent ${countText(sent)}, acknowledged ${countText(acknowledged)}, repeated ${countText(repeated)}`);
  lines.push(`  ${levelText(lastLevel)}`);
  if (lastAcknowledgedAtMs !== undefined) {
    lines.push(`  last acknowledgement ${durationText(Math.max(0, nowMs - lastAcknowledgedAtMs))} ago`);
  }
  lines.push(`  ${connectionsText(connections, nowMs - startedAtMs)}`);
  if (stuck !== undefined) {
    lines.push(
      `  PROBLEM: no connection survives message ${stuck.run}:${stuck.seq} (${stuck.path} from byte ${stuck.offset}); it is tried every 5 min`,
    );
  }
  return lines;
}

function levelText(level: AgentState['delivery']['lastLevel']): string {
  switch (level) {
    case 'close-notify':
      return 'acknowledgement: close-notify (the collector’s process says that it has read everything)';
    case 'fin':
      return 'acknowledgement: fin (the collector closes without close_notify; it has read everything unless it died just then)';
    case 'window':
      return 'acknowledgement: window (the collector never answers: delivery to it is NOT proven)';
    case undefined:
      return 'acknowledgement: none yet';
    default:
      return level satisfies never;
  }
}

/** A rate only once the short epochs in which a collector is learnt weigh nothing. */
function connectionsText({ lastDay }: AgentState['delivery']['connections'], runningMs: number): string {
  const made = `connections made: ${countText(lastDay)}`;
  if (runningMs >= DAY_MS) return `${made} in the last 24 h`;
  const rate = runningMs < HOUR_MS ? '' : `, about ${countText(Math.round((lastDay * DAY_MS) / runningMs))} a day`;
  return `${made} in ${durationText(runningMs)}${rate}`;
}
