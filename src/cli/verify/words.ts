/** What a store holds and what it lacks, as an auditor reads it. */
import { printable } from '../../lib/printable.js';
import type { Gap, RunFindings } from '../../verify/chain.js';
import type { Findings, Location } from '../../verify/completeness.js';
import type { Counted } from '../../verify/counter.js';
import type { Stretch } from '../../verify/receipt.js';
import type { Lost, ReceiptFindings, ReceiptSummary } from '../../verify/receipt-check.js';
import type { Objection } from '../../verify/verdict.js';
import { countText, durationText, plural } from '../voice.js';

/** A list longer than this goes on in `--json`. */
const SHOWN = 10;

/** Every run, then what is not a whole message of ours, then the last heartbeat; a line each. */
export function storeLines(findings: Findings, nowMs: number): string[] {
  return [
    `read ${plural(findings.files, 'file')}: ${plural(findings.messages, 'message')} of the agent`,
    ...findings.runs.flatMap(runLines),
    ...oddLines(findings),
    heartbeatLine(findings, nowMs),
  ];
}

/** `run:seq`, or `run:first-last`. */
function rangeText(run: string, first: number, last: number): string {
  return first === last ? `${run}:${first}` : `${run}:${first}-${last}`;
}

/** The first few lines, and how many more there are. */
function shortened(lines: readonly string[], count = lines.length): string[] {
  const shown = lines.slice(0, SHOWN);
  return count > shown.length ? [...shown, `    and ${countText(count - shown.length)} more`] : shown;
}

function runLines(run: RunFindings): string[] {
  const head = `run ${run.run}, ${originText(run)}`;
  if (run.predecessor === 'earlier') return [head];
  const lines = [head, `  ${presenceText(run)}`, ...shortened(run.gaps.map((gap) => gapLine(run.run, gap)))];
  if (run.repeats > 0) lines.push(`  ${plural(run.repeats, 'repeat')}, each with the same bytes`);
  if (run.disordered > 0) lines.push(`  ${plural(run.disordered, 'message')} stored behind a later one`);
  if (run.altered.count > 0)
    lines.push(`  ${plural(run.altered.count, 'repeat')} with other bytes: ${alteredText(run)}`);
  lines.push(...lossLines(run));
  if (run.stopped) lines.push('  ends with the word of the agent that it stopped');
  return lines;
}

function originText({ run, first, predecessor, follows }: RunFindings): string {
  const after = follows === undefined ? '' : `${follows.run}:${follows.seq}`;
  switch (predecessor) {
    case 'none':
      return 'which begins a chain: its agent knew of no earlier message';
    case 'stored':
      return `which follows ${after}`;
    case 'missing':
      return `which follows ${after}, of which nothing is stored`;
    case 'unknown':
      return `whose first message is missing; if this store begins there, say so with --from-run ${run}:${first}`;
    case 'not-asked':
      return 'with which this store is said to begin';
    case 'earlier':
      return 'from before the beginning that was asked for: not judged';
    default:
      return predecessor satisfies never;
  }
}

function presenceText({ messages, first, last, gaps }: RunFindings): string {
  if (messages === 0) return 'no message of it is whole';
  const missing = gaps.reduce((sum, gap) => sum + gap.last - gap.first + 1, 0);
  const stored = `${plural(messages, 'message')}, ${first} to ${last}`;
  return missing === 0 ? `${stored}: all there` : `${stored}: ${countText(missing)} missing`;
}

function gapLine(run: string, { first, last, declaredBy }: Gap): string {
  const told =
    declaredBy === undefined
      ? 'and the agent has not told of it'
      : `as the agent told in ${declaredBy.run}:${declaredBy.seq}`;
  return `    missing ${rangeText(run, first, last)} (${countText(last - first + 1)}), ${told}`;
}

function alteredText({ altered }: RunFindings): string {
  const more = altered.count > altered.examples.length ? ' …' : '';
  return altered.examples.slice(0, SHOWN).join(', ') + more;
}

function lossLines({ run, losses }: RunFindings): string[] {
  const lines = losses.examples.map(({ seq, kind, facts }) => {
    const told = Object.entries(facts).map(([name, value]) => `${name} ${printable(value)}`);
    return `    lost, as the agent told in ${run}:${seq} (${[kind, ...told].join(', ')})`;
  });
  return shortened(lines, losses.count);
}

function oddLines({ foreign, unreadable, damaged, unfinished, broken }: Findings): string[] {
  const lines: string[] = [];
  if (foreign > 0) lines.push(`${plural(foreign, 'message')} of others`);
  const add = (sites: Counted<Location>, what: string) => {
    if (sites.count === 0) return;
    lines.push(`${countText(sites.count)} × ${what}`, ...shortened(sites.examples.map(siteLine), sites.count));
  };
  add(unreadable, 'a line that is no message and like none of ours');
  add(damaged, 'a message of ours that is no longer whole');
  add(unfinished, 'the end of a file inside a message, which is not counted');
  add(broken, 'a file of which the rest cannot be read');
  return lines;
}

function siteLine({ file, offset, reason }: Location): string {
  return `    ${file}, byte ${offset}: ${REASONS.get(reason) ?? `not RFC 5424 (${reason})`}`;
}

/** Whatever else is wrong with a message is the rule of RFC 5424 that it breaks. */
const REASONS: ReadonlyMap<string, string> = new Map([
  ['no-end', 'a line without its end'],
  ['too-long', 'longer than any message'],
  ['cut-off', 'a frame that is not whole'],
  ['bad-msg-len', 'no length where a frame should begin'],
  ['bad-gzip', 'the compressed file is damaged or not whole'],
]);

function heartbeatLine({ heartbeat }: Findings, nowMs: number): string {
  if (heartbeat === undefined) return 'no heartbeat of the agent is stored';
  const { run, seq, timeMs } = heartbeat;
  const age = durationText(Math.max(0, nowMs - timeMs));
  return `last heartbeat ${new Date(timeMs).toISOString()}, ${age} ago (${run}:${seq})`;
}

/* What was acknowledged against what is stored, and the verdict, as an auditor reads them. */

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
