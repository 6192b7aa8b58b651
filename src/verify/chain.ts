/**
 * Joins runs into chains and finds what is missing of each. A run's first message
 * names the last message of the run before it (`follows`). So a store is complete
 * when every run is there from 1 to the last seq that anything mentions, and so is the
 * run that it follows. A run that follows none begins a chain: there was no journal
 * before it.
 */
import type { MessageName, Run } from '../model/entry.js';
import type { LostNumbers } from './identity.js';
import type { Counted, RunLedger, ToldLoss } from './ledger.js';
import type { Range } from './seqs.js';

/** Where the store is said to begin; earlier messages of the chain are not asked for. */
export interface Beginning {
  readonly run: Run;
  /** `undefined`: at the first that is stored. */
  readonly seq: number | undefined;
}

export interface DeclaredLoss extends LostNumbers {
  /** The agent's message that says so. */
  readonly by: MessageName;
}

export interface Gap {
  readonly first: number;
  readonly last: number;
  /** The agent's own message that tells of it. */
  readonly declaredBy: MessageName | undefined;
}

export type Predecessor =
  /** Begins a chain: the agent had no journal before. */
  | 'none'
  | 'stored'
  /** It follows a run of which nothing is stored. */
  | 'missing'
  /** Its first message, which would name it, is missing. */
  | 'unknown'
  /** The store is said to begin with this run. */
  | 'not-asked'
  /** The run lies before the beginning and is not judged. */
  | 'earlier';

export interface RunFindings {
  readonly run: Run;
  readonly predecessor: Predecessor;
  readonly follows: MessageName | undefined;
  /** Of the messages stored. */
  readonly first: number;
  readonly last: number;
  /** How many different ones. */
  readonly messages: number;
  readonly gaps: readonly Gap[];
  /** Stored, and numbered beyond the last message that a run which follows this one names. */
  readonly beyond: readonly Range[];
  readonly repeats: number;
  readonly disordered: number;
  readonly altered: Counted<number>;
  readonly losses: Counted<ToldLoss>;
  /** Its last message says that the agent stopped. */
  readonly stopped: boolean;
}

/** The runs in the order of the chains, each from its beginning. */
export function judgeRuns(
  ledgers: ReadonlyMap<Run, RunLedger>,
  beginnings: readonly Beginning[],
  declared: readonly DeclaredLoss[],
): { runs: RunFindings[]; rings: Run[][] } {
  const earlier = ancestors(ledgers, beginnings);
  const wanted = followedTo(ledgers);
  const runs = inChainOrder(ledgers).map((run): RunFindings => {
    const ledger = ledgers.get(run)!;
    const predecessor = earlier.has(run) ? 'earlier' : predecessorOf(run, ledgers, beginnings);
    return {
      run,
      predecessor,
      follows: ledger.follows,
      first: ledger.seqs.count === 0 ? 0 : ledger.seqs.first,
      last: ledger.seqs.last,
      messages: ledger.seqs.count,
      gaps: predecessor === 'earlier' ? [] : gapsOf(run, ledger, wanted.get(run) ?? 0, beginnings, declared),
      beyond: predecessor === 'earlier' ? [] : beyondOf(ledger, wanted.get(run)),
      repeats: ledger.copies - ledger.altered.report().count,
      disordered: ledger.disordered,
      altered: ledger.altered.report(),
      losses: ledger.losses.report(),
      stopped: ledger.stopped,
    };
  });
  return { runs, rings: ringsOf(ledgers) };
}

/** A run ends where its follower says; of several the one that says most, for a machine may have been set back. */
function beyondOf({ seqs }: RunLedger, followedTo: number | undefined): Range[] {
  return followedTo === undefined || seqs.last <= followedTo ? [] : seqs.stored(followedTo + 1, seqs.last);
}

/** Each ring once. A run names one that was there before it, so that no agent makes any. */
function ringsOf(ledgers: ReadonlyMap<Run, RunLedger>): Run[][] {
  const rings: Run[][] = [];
  const done = new Set<Run>();
  for (const start of ledgers.keys()) {
    const trail = new Map<Run, number>();
    let run: Run | undefined = start;
    while (run !== undefined && !done.has(run) && !trail.has(run)) {
      trail.set(run, trail.size);
      run = ledgers.get(run)?.follows?.run;
    }
    const begins = run === undefined ? undefined : trail.get(run);
    if (begins !== undefined) rings.push([...trail.keys()].slice(begins));
    for (const each of trail.keys()) done.add(each);
  }
  return rings;
}

function predecessorOf(run: Run, ledgers: ReadonlyMap<Run, RunLedger>, beginnings: readonly Beginning[]): Predecessor {
  if (beginnings.some((beginning) => beginning.run === run)) return 'not-asked';
  const ledger = ledgers.get(run)!;
  if (ledger.follows !== undefined) return ledgers.has(ledger.follows.run) ? 'stored' : 'missing';
  return ledger.seqs.has(1) ? 'none' : 'unknown';
}

function gapsOf(
  run: Run,
  ledger: RunLedger,
  followedTo: number,
  beginnings: readonly Beginning[],
  declared: readonly DeclaredLoss[],
): Gap[] {
  const beginning = beginnings.find((each) => each.run === run);
  const from = beginning === undefined ? 1 : (beginning.seq ?? ledger.seqs.first);
  const own = declared.filter((loss) => loss.run === run).sort((one, other) => one.first - other.first);
  return ledger.seqs.missing(from, Math.max(ledger.lastClaimed, followedTo)).flatMap((hole) => divided(hole, own));
}

/** A hole cut where the agent's own word for it begins and ends. */
function divided(hole: { first: number; last: number }, declared: readonly DeclaredLoss[]): Gap[] {
  const gaps: Gap[] = [];
  let at = hole.first;
  for (const { first, last = hole.last, by } of declared) {
    const end = Math.min(last, hole.last);
    if (end < at || first > hole.last) continue;
    if (first > at) gaps.push({ first: at, last: first - 1, declaredBy: undefined });
    gaps.push({ first: Math.max(at, first), last: end, declaredBy: by });
    at = end + 1;
  }
  if (at <= hole.last) gaps.push({ first: at, last: hole.last, declaredBy: undefined });
  return gaps;
}

/** How far each run is known to have gone, because another follows it. */
function followedTo(ledgers: ReadonlyMap<Run, RunLedger>): Map<Run, number> {
  const lasts = new Map<Run, number>();
  for (const { follows } of ledgers.values()) {
    if (follows !== undefined) lasts.set(follows.run, Math.max(lasts.get(follows.run) ?? 0, follows.seq));
  }
  return lasts;
}

function ancestors(ledgers: ReadonlyMap<Run, RunLedger>, beginnings: readonly Beginning[]): Set<Run> {
  const found = new Set<Run>();
  for (const { run } of beginnings) {
    let before = ledgers.get(run)?.follows?.run;
    while (before !== undefined && !found.has(before) && before !== run) {
      found.add(before);
      before = ledgers.get(before)?.follows?.run;
    }
  }
  return found;
}

/** What follows stands behind what it follows; else as first seen. */
function inChainOrder(ledgers: ReadonlyMap<Run, RunLedger>): Run[] {
  const followers = new Map<Run, Run[]>();
  const waiting: Run[] = [];
  for (const [run, { follows }] of ledgers) {
    if (follows === undefined || !ledgers.has(follows.run)) waiting.push(run);
    else followers.set(follows.run, [...(followers.get(follows.run) ?? []), run]);
  }
  waiting.reverse();
  const ordered = new Set<Run>();
  // Rings come last, so that nothing is left unsaid.
  waiting.unshift(...[...ledgers.keys()].reverse());
  for (let run = waiting.pop(); run !== undefined; run = waiting.pop()) {
    if (ordered.has(run)) continue;
    ordered.add(run);
    waiting.push(...(followers.get(run) ?? []).toReversed());
  }
  return [...ordered];
}
