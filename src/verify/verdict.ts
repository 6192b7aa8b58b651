/** Lists the objections to the word "complete". Without any, every message from the beginning on is stored as it was sent. */
import type { MessageName, Run } from '../model/entry.js';
import type { Findings } from './completeness.js';
import type { ReceiptFindings } from './receipt-check.js';

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
  | { readonly name: 'receipt-differs'; readonly receipts: number };

export function objections(findings: Findings, receipts: ReceiptFindings | undefined): Objection[] {
  return [...againstStore(findings), ...(receipts === undefined ? [] : againstReceipts(receipts))];
}

function againstStore({ messages, runs, absent, broken }: Findings): Objection[] {
  const judged = runs.filter(({ predecessor }) => predecessor !== 'earlier');
  const gaps = judged.flatMap((run) => run.gaps);
  const told = gaps.filter(({ declaredBy }) => declaredBy !== undefined);
  const found: Objection[] = [];
  if (messages === 0) found.push({ name: 'nothing' });
  if (gaps.length > 0) found.push({ name: 'missing', messages: total(gaps), told: total(told) });
  for (const { run, predecessor, follows } of judged) {
    if (predecessor === 'missing' && follows !== undefined) found.push({ name: 'predecessor-missing', run, follows });
  }
  for (const run of absent) found.push({ name: 'beginning-absent', run });
  const altered = judged.reduce((sum, run) => sum + run.altered.count, 0);
  if (altered > 0) found.push({ name: 'altered', messages: altered });
  const losses = judged.reduce((sum, run) => sum + run.losses.count, 0);
  if (losses > 0) found.push({ name: 'told-losses', losses });
  if (broken.count > 0) found.push({ name: 'broken', files: broken.count });
  return found;
}

function againstReceipts({ lost, differing }: ReceiptFindings): Objection[] {
  const found: Objection[] = [];
  if (lost.length > 0) found.push({ name: 'acknowledged-lost', messages: total(lost) });
  if (differing.count > 0) found.push({ name: 'receipt-differs', receipts: differing.count });
  return found;
}

function total(ranges: readonly { readonly first: number; readonly last: number }[]): number {
  return ranges.reduce((sum, { first, last }) => sum + last - first + 1, 0);
}
