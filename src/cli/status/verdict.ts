/**
 * Judges the agent's state and says it in one line. PROBLEM: somebody must do
 * something. WAITING: something is awaited that may well come without help, and lines
 * are kept meanwhile. OK: neither. Pure.
 */
import type { AgentState } from '../../agent/state.js';
import type { LinkState } from '../../delivery/state.js';
import { printable } from '../../lib/printable.js';
import { classOf, type ListedProblem } from '../../lib/problems.js';
import { countText, durationText, plural } from '../voice.js';

export type Verdict = 'OK' | 'WAITING' | 'PROBLEM';

export interface Assessment {
  readonly verdict: Verdict;
  /** Why it is not OK, the most important first. */
  readonly reasons: readonly string[];
}

/** From here on a new certificate cannot wait any longer. */
const LAST_DAYS = 7;
/** Longer than the longest `delivery.window`, in which nothing can be acknowledged. */
const UNACKNOWLEDGED_MS = 15 * 60_000;
/** A start takes less, unless packets are dropped on the way. */
const CONNECTING_MS = 10_000;

const RENEW = ': renew it (openemr-audit-forwarder cert renew --help)';

/** What a full journal waits for. */
export const ROOM: Readonly<Record<NonNullable<AgentState['journal']['limit']>, string>> = {
  maxBytes: 'the collector has taken what is there (journal.maxBytes)',
  keepFree: 'there is more space on its volume (journal.keepFree)',
  disk: 'there is space on its volume again',
};

/** Problems that the state shows in fields of its own, and so in words of its own. */
const SHOWN_BY_FIELDS = ['stuck-loop', 'journal-write', 'journal-full', 'free-space', 'forward', 'feedback-loop'];

export function assess(state: AgentState): Assessment {
  const problems = [...problemsOf(state)];
  const reasons = [...problems, ...awaited(state)];
  if (problems.length > 0) return { verdict: 'PROBLEM', reasons };
  return { verdict: reasons.length > 0 ? 'WAITING' : 'OK', reasons };
}

/** The verdict, why, and the counts in one line: for `systemctl status` and /healthz. */
export function summaryLine(state: AgentState): string {
  const { verdict, reasons } = assess(state);
  return `${verdict}: ${whyText(state, reasons)}; ${countsText(state)}`;
}

/** What is not as it should be; if there is nothing, what is. */
export function whyText({ delivery, writtenAtMs }: AgentState, reasons: readonly string[]): string {
  return reasons.length === 0 ? linkText(delivery.link, writtenAtMs) : reasons.join('; ');
}

/** `sent 12, acknowledged 10, waiting 2`. */
export function countsText({ delivery, journal }: AgentState): string {
  return [
    `sent ${countText(delivery.sent)}`,
    `acknowledged ${countText(delivery.acknowledged)}`,
    `waiting ${countText(journal.messagesWaiting)}`,
  ].join(', ');
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
      return 'idle; the collector closed the connection, the next message opens one';
    case 'stopped':
      return 'stopped';
    default:
      return link satisfies never;
  }
}

function* problemsOf(state: AgentState): Iterable<string> {
  const { delivery, journal, ownTails, stuckLoops, problems } = state;
  for (const loop of stuckLoops) yield `the ${loop} loop hangs; restart the agent`;
  if (journal.failed !== undefined) yield journal.failed;
  if (journal.limit !== undefined) yield `the journal is full: log files are not read until ${ROOM[journal.limit]}`;
  if (delivery.stuck !== undefined) yield stuckText(delivery.stuck);
  const refusal = refusalOf(delivery);
  if (refusal !== undefined) yield refusal;
  yield* certificateProblems(state);
  for (const path of ownTails) yield `${path} fills with our own messages; exclude it (sources[].exclude)`;
  yield* unreadable(state);
  yield* others(problems);
}

/** A message that ends every connection. */
export function stuckText({ run, seq, path, offset }: NonNullable<AgentState['delivery']['stuck']>): string {
  return `every connection fails at message ${run}:${seq} (${path} from byte ${offset}); retried every 5 min`;
}

/** One side does not accept the other's certificate: that does not pass without help, also while it is tried again. */
function refusalOf({ link, outage, lastFailure }: AgentState['delivery']): string | undefined {
  if (outage?.failure === undefined && link.name !== 'waiting') return undefined;
  return [lastFailure, outage?.failure].find((failure) => failure?.refused)?.message;
}

function* certificateProblems({ certificate, revocationList }: AgentState): Iterable<string> {
  if (certificate === undefined) yield 'our certificate cannot be used: see openemr-audit-forwarder check';
  else if (certificate.chainDaysLeft < 0) yield `our certificate, or a CA of its chain, has expired${RENEW}`;
  else if (certificate.chainDaysLeft <= LAST_DAYS) {
    yield `our certificate, or a CA of its chain, expires in ${plural(certificate.chainDaysLeft, 'day')}${RENEW}`;
  }
  if (revocationList !== undefined && revocationList.daysLeft < 0) {
    yield 'the revocation list (tls.crl) has expired: every collector is refused until there is a new one';
  }
}

function* unreadable({ files }: AgentState): Iterable<string> {
  const [first, ...more] = files.filter(({ code }) => code !== undefined);
  if (first === undefined) return;
  const andMore = more.length === 0 ? '' : `, and ${countText(more.length)} more`;
  yield `cannot read ${printable(first.path)} (${first.code})${andMore}; what to do: openemr-audit-forwarder check`;
}

/** Whatever else is listed and needs somebody. */
function* others(problems: readonly ListedProblem[]): Iterable<string> {
  for (const { key, level, overMs, message, facts } of problems) {
    if (level !== 'error' || overMs !== undefined || SHOWN_BY_FIELDS.includes(classOf(key))) continue;
    const sentence = message.charAt(0).toLowerCase() + message.slice(1);
    yield facts.reason === undefined ? sentence : `${sentence}: ${facts.reason}`;
  }
}

function* awaited({ delivery, journal, sources, writtenAtMs }: AgentState): Iterable<string> {
  const away = unconnectedText(delivery, writtenAtMs);
  if (away !== undefined && refusalOf(delivery) === undefined) yield away;
  const { oldestUnacknowledgedAtMs } = journal;
  const unacknowledgedMs = oldestUnacknowledgedAtMs === undefined ? 0 : writtenAtMs - oldestUnacknowledgedAtMs;
  if (away === undefined && unacknowledgedMs > UNACKNOWLEDGED_MS) {
    yield `the collector has not acknowledged a message for ${durationText(unacknowledgedMs)}`;
  }
  const empty = sources.filter(({ files, unreadable: blocked }) => files + blocked === 0).map(({ name }) => name);
  if (empty.length > 0) yield `no file matches yet: source ${empty.join(', ')}`;
}

/** From the first failure on until a connection stands: that it is being tried again just now is no connection. */
function unconnectedText({ link, outage, lastFailure }: AgentState['delivery'], nowMs: number): string | undefined {
  if (link.name === 'waiting') return `the collector is not available: ${link.reason}`;
  if (outage?.failure !== undefined)
    return `the collector is not available: ${(lastFailure ?? outage.failure).message}`;
  if (outage === undefined || link.name === 'stopped' || nowMs - outage.sinceMs < CONNECTING_MS) return undefined;
  return `the collector is not available: no answer for ${durationText(nowMs - outage.sinceMs)}`;
}
