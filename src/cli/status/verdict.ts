/**
 * What a tired person wants to know first. PROBLEM: somebody must do
 * something. WAITING: something is awaited that may well come by itself, and
 * lines are kept meanwhile. OK: neither. Pure.
 */
import type { AgentState } from '../../agent/state.js';
import { countText, durationText, plural } from '../voice.js';

export type Verdict = 'OK' | 'WAITING' | 'PROBLEM';

export interface Assessment {
  readonly verdict: Verdict;
  /** Why it is not OK, the weightiest first. */
  readonly reasons: readonly string[];
}

/** From here on nobody may wait any longer for a new certificate. */
const LAST_DAYS = 7;
/** Longer than the longest `delivery.window`, in which nothing can be acknowledged. */
const UNACKNOWLEDGED_MS = 15 * 60_000;

const RENEW = ': renew it (openemr-audit-forwarder cert renew --help)';

/** What a full journal waits for. */
export const ROOM: Readonly<Record<NonNullable<AgentState['journal']['limit']>, string>> = {
  maxBytes: 'the collector has taken what is there (journal.maxBytes)',
  keepFree: 'there is more space on its volume (journal.keepFree)',
  disk: 'there is space on its volume again',
};

export function assess(state: AgentState): Assessment {
  const problems = [...problemsOf(state)];
  const reasons = [...problems, ...awaited(state)];
  if (problems.length > 0) return { verdict: 'PROBLEM', reasons };
  return { verdict: reasons.length > 0 ? 'WAITING' : 'OK', reasons };
}

function* problemsOf(state: AgentState): Iterable<string> {
  const { delivery, journal, ownTails, stuckLoops } = state;
  for (const loop of stuckLoops) yield `the loop ${loop} hangs; restart the agent`;
  if (journal.failed !== undefined) yield journal.failed;
  if (journal.limit !== undefined) yield `the journal is full: log files are not read until ${ROOM[journal.limit]}`;
  if (delivery.stuck !== undefined) {
    const { run, seq, path, offset } = delivery.stuck;
    yield `no connection survives message ${run}:${seq} (${path} from byte ${offset}); it is tried every 5 min`;
  }
  if (delivery.link.name === 'waiting' && delivery.lastFailure?.refused) yield delivery.lastFailure.message;
  yield* certificateProblems(state);
  for (const path of ownTails) yield `${path} fills with our own messages; leave it out (sources[].exclude)`;
  yield* unreadable(state);
}

function* certificateProblems({ certificate, revocationList }: AgentState): Iterable<string> {
  if (certificate === undefined) yield 'our certificate cannot be used: see openemr-audit-forwarder check';
  else if (certificate.chainDaysLeft < 0) yield `our certificate, or an authority of its chain, has expired${RENEW}`;
  else if (certificate.chainDaysLeft <= LAST_DAYS) {
    yield `our certificate, or an authority of its chain, ends in ${plural(certificate.chainDaysLeft, 'day')}${RENEW}`;
  }
  if (revocationList !== undefined && revocationList.daysLeft < 0) {
    yield 'the revocation list (tls.crl) has ended: every collector is refused until there is a new one';
  }
}

function* unreadable({ files }: AgentState): Iterable<string> {
  const [first, ...others] = files.filter(({ code }) => code !== undefined);
  if (first === undefined) return;
  const more = others.length === 0 ? '' : `, and ${countText(others.length)} more`;
  yield `cannot read ${first.path} (${first.code})${more}; openemr-audit-forwarder check says what helps`;
}

function* awaited({ delivery, journal, sources, writtenAtMs }: AgentState): Iterable<string> {
  const { link, lastFailure } = delivery;
  if (link.name === 'waiting' && !lastFailure?.refused) yield `the collector is not available: ${link.reason}`;
  const { oldestUnacknowledgedAtMs } = journal;
  const unacknowledgedMs = oldestUnacknowledgedAtMs === undefined ? 0 : writtenAtMs - oldestUnacknowledgedAtMs;
  if (link.name !== 'waiting' && unacknowledgedMs > UNACKNOWLEDGED_MS) {
    yield `the collector has not acknowledged a message for ${durationText(unacknowledgedMs)}`;
  }
  const empty = sources.filter(({ files, unreadable: blocked }) => files + blocked === 0).map(({ name }) => name);
  if (empty.length > 0) yield `no file matches yet: source ${empty.join(', ')}`;
}
