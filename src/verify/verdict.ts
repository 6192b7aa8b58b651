/** Lists the objections to the word "complete". Without any, every message from the beginning on is stored as it was sent. */
import type { MessageName, Run } from '../model/entry.js';
import type { Findings } from './completeness.js';
import type { ReceiptFindings, StoredOf } from './receipt-check.js';
import type { SealFindings } from './seal-check.js';
import { lengthOf } from './seqs.js';

export type Objection =
  /** None of the messages is the agent's. */
  | { readonly name: 'nothing' }
  /** `told`: how many of them the agent itself told of. */
  | { readonly name: 'missing'; readonly messages: number; readonly told: number }
  | { readonly name: 'predecessor-missing'; readonly run: Run; readonly follows: MessageName }
  /** `--from-run` names it. */
  | { readonly name: 'beginning-absent'; readonly run: Run }
  /** Messages stored more than once, not with the same bytes. */
  | { readonly name: 'altered'; readonly messages: number }
  /** The agent's own messages that tell of lost lines or numbers. */
  | { readonly name: 'told-losses'; readonly losses: number }
  | { readonly name: 'broken'; readonly files: number }
  /** Acknowledged, and not stored. */
  | { readonly name: 'acknowledged-lost'; readonly messages: number }
  | { readonly name: 'receipt-differs'; readonly receipts: number }
  /** Receipts that reach back to before the beginning, so that nothing proves the part that is asked for. */
  | { readonly name: 'receipt-not-compared'; readonly receipts: number }
  /** Stored, and in no receipt although it should be. */
  | { readonly name: 'not-acknowledged'; readonly messages: number }
  /** Stored beyond the message with which a run ends, as its follower says. */
  | { readonly name: 'beyond-end'; readonly run: Run; readonly end: number; readonly messages: number }
  | { readonly name: 'ring'; readonly runs: readonly Run[] }
  /** Seals that do not hold: forged, or what they cover was changed. */
  | { readonly name: 'seal-bad'; readonly seals: number }
  /** Stored, and under no seal although it should be. */
  | { readonly name: 'unsealed'; readonly messages: number };

/** `unproven`: which of these numbers of a run neither a receipt nor a seal proves. */
export function objections(
  findings: Findings,
  { receipts, seals }: { receipts?: ReceiptFindings | undefined; seals?: SealFindings | undefined } = {},
  unproven: StoredOf = (_, first, last) => [{ first, last }],
): Objection[] {
  return [
    ...againstStore(findings, unproven),
    ...(receipts === undefined ? [] : againstReceipts(receipts)),
    ...(seals === undefined ? [] : againstSeals(seals)),
  ];
}

function againstSeals({ bad, unsealed }: SealFindings): Objection[] {
  const found: Objection[] = [];
  if (bad.count > 0) found.push({ name: 'seal-bad', seals: bad.count });
  if (unsealed.count > 0) found.push({ name: 'unsealed', messages: unsealed.count });
  return found;
}

function againstStore({ messages, runs, rings, absent, broken }: Findings, unproven: StoredOf): Objection[] {
  const judged = runs.filter(({ predecessor }) => predecessor !== 'earlier');
  const gaps = judged.flatMap((run) => run.gaps);
  const told = gaps.filter(({ declaredBy }) => declaredBy !== undefined);
  const found: Objection[] = [];
  if (messages === 0) found.push({ name: 'nothing' });
  if (gaps.length > 0) found.push({ name: 'missing', messages: lengthOf(gaps), told: lengthOf(told) });
  for (const { run, predecessor, follows } of judged) {
    if (predecessor === 'missing' && follows !== undefined) found.push({ name: 'predecessor-missing', run, follows });
  }
  for (const run of absent) found.push({ name: 'beginning-absent', run });
  const altered = judged.reduce((sum, run) => sum + run.altered.count, 0);
  if (altered > 0) found.push({ name: 'altered', messages: altered });
  const losses = judged.reduce((sum, run) => sum + run.losses.count, 0);
  if (losses > 0) found.push({ name: 'told-losses', losses });
  if (broken.count > 0) found.push({ name: 'broken', files: broken.count });
  for (const { run, beyond } of judged) {
    const left = beyond.flatMap(({ first, last }) => unproven(run, first, last));
    if (left.length > 0) found.push({ name: 'beyond-end', run, end: beyond[0]!.first - 1, messages: lengthOf(left) });
  }
  for (const ring of rings) found.push({ name: 'ring', runs: ring });
  return found;
}

function againstReceipts({ lost, differing, halfAsked, uncovered }: ReceiptFindings): Objection[] {
  const found: Objection[] = [];
  if (lost.length > 0) found.push({ name: 'acknowledged-lost', messages: lengthOf(lost) });
  if (differing.count > 0) found.push({ name: 'receipt-differs', receipts: differing.count });
  if (halfAsked > 0) found.push({ name: 'receipt-not-compared', receipts: halfAsked });
  if (uncovered.count > 0) found.push({ name: 'not-acknowledged', messages: uncovered.count });
  return found;
}
