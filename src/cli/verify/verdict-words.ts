/** What was acknowledged against what is stored, and the verdict, as an auditor reads them. */
import type { Findings } from '../../verify/completeness.js';
import type { Stretch } from '../../verify/receipt.js';
import type { Lost, ReceiptFindings, ReceiptSummary } from '../../verify/receipt-check.js';
import type { Objection } from '../../verify/verdict.js';
import { countText, plural } from '../voice.js';
import { rangeText, shortened } from './store-words.js';

export function receiptLines(findings: ReceiptFindings): string[] {
  const { receipts, earlier, since, until, messages, lost, same, differing, notRecomputed, damaged } = findings;
  if (since === undefined) return ['no receipt is kept here: nothing has been acknowledged yet'];
  const lines = [
    `read ${plural(receipts, 'receipt')}, ${since} to ${until}: ${plural(messages, 'message')} acknowledged`,
    ...shortened(lost.map(lostLine)),
  ];
  if (earlier > 0) lines.push(`  ${countText(earlier)} from before the beginning that was asked for: not judged`);
  if (same > 0) lines.push(`  ${countText(same)} computed anew from what is stored: the same bytes`);
  if (differing.count > 0) {
    const examples = shortened(differing.examples.map(summaryLine), differing.count);
    lines.push(`  ${countText(differing.count)} computed anew from what is stored: other bytes`, ...examples);
  }
  if (notRecomputed > 0)
    lines.push(`  ${countText(notRecomputed)} not computed anew: messages missing or far out of order`);
  if (damaged.count > 0) {
    const examples = damaged.examples.map(({ file, line }) => `    ${file}, line ${line}`);
    lines.push(
      `  ${plural(damaged.count, 'line')} that cannot be read, as a crash leaves one`,
      ...shortened(examples, damaged.count),
    );
  }
  return lines;
}

/** `run:1-20, run:1-5`. */
export function stretchesText(stretches: readonly Stretch[]): string {
  return stretches.map(({ run, first, last }) => rangeText(run, first, last)).join(', ');
}

/** The last word; each objection on a line of its own. */
export function verdictLines({ runs, messages }: Findings, objections: readonly Objection[]): string[] {
  if (objections.length > 0) return ['NOT COMPLETE', ...objections.map((objection) => `- ${objectionText(objection)}`)];
  const judged = runs.filter(({ predecessor }) => predecessor !== 'earlier');
  const different = judged.reduce((sum, run) => sum + run.messages, 0);
  const stored = different === messages ? '' : ` (stored ${countText(messages)} times)`;
  return [`COMPLETE: ${plural(different, 'message')}${stored} of ${plural(judged.length, 'run')}, none missing`];
}

function lostLine({ run, first, last, collector, address, level, from, to }: Lost): string {
  const when = from === to ? from : `${from} to ${to}`;
  const what = `${rangeText(run, first, last)} (${countText(last - first + 1)})`;
  return `    not stored: ${what}, acknowledged ${when} by ${collector} at ${address}, level ${level}`;
}

function summaryLine({ time, collector, address, level, stretches }: ReceiptSummary): string {
  return `    ${stretchesText(stretches)}, acknowledged ${time} by ${collector} at ${address}, level ${level}`;
}

function objectionText(objection: Objection): string {
  switch (objection.name) {
    case 'nothing':
      return 'no message of the agent is in these files';
    case 'missing':
      return `${missingText(objection.messages)}; the agent told of ${countText(objection.told)} of them`;
    case 'predecessor-missing': {
      const { run, follows } = objection;
      const advice = `if this store begins there, say so with --from-run ${run}`;
      return `run ${run} follows ${follows.run}:${follows.seq}, and nothing of run ${follows.run} is stored; ${advice}`;
    }
    case 'beginning-absent':
      return `nothing of run ${objection.run}, with which the store is said to begin, is stored`;
    case 'altered':
      return `${plural(objection.messages, 'repeat')} with other bytes than the first`;
    case 'told-losses':
      return `${plural(objection.losses, 'message')} of the agent itself telling of a loss`;
    case 'broken':
      return `${plural(objection.files, 'file')} of which the rest cannot be read`;
    case 'acknowledged-lost':
      return `${missingText(objection.messages)} although a collector acknowledged them`;
    case 'receipt-differs':
      return `${plural(objection.receipts, 'receipt')} of other bytes than are stored`;
    default:
      return objection satisfies never;
  }
}

function missingText(count: number): string {
  return `${plural(count, 'message')} ${count === 1 ? 'is' : 'are'} missing`;
}
