/** Words the result of `verify` for an auditor: what the store holds and lacks, how it compares with the receipts, the verdict. */
import { printable } from '../../lib/printable.js';
import type { Gap, RunFindings } from '../../verify/chain.js';
import type { Findings, Location } from '../../verify/completeness.js';
import type { Counted } from '../../verify/ledger.js';
import type { Stretch } from '../../verify/receipt.js';
import type { Lost, ReceiptFindings, ReceiptSummary } from '../../verify/receipt-check.js';
import type { SealFindings } from '../../verify/seal-check.js';
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
  if (run.repeats > 0) lines.push(`  ${plural(run.repeats, 'repeat')} with the same bytes`);
  if (run.disordered > 0) lines.push(`  ${plural(run.disordered, 'message')} stored out of order`);
  for (const { first, last } of run.beyond.slice(0, SHOWN))
    lines.push(`    beyond the end of the run: ${rangeText(run.run, first, last)} (${countText(last - first + 1)})`);
  if (run.altered.count > 0)
    lines.push(`  ${plural(run.altered.count, 'repeat')} with other bytes: ${alteredText(run)}`);
  lines.push(...lossLines(run));
  if (run.stopped) lines.push("  ends with the agent's stop message");
  return lines;
}

function originText({ run, first, predecessor, follows }: RunFindings): string {
  const after = follows === undefined ? '' : `${follows.run}:${follows.seq}`;
  switch (predecessor) {
    case 'none':
      return 'the first run of its agent';
    case 'stored':
      return `follows ${after}`;
    case 'missing':
      return `follows ${after}, but nothing of that run is stored`;
    case 'unknown':
      return `first message missing; if the store begins here, add --from-run ${run}:${first}`;
    case 'not-asked':
      return 'the store begins with this run (--from-run)';
    case 'earlier':
      return 'before the start given with --from-run: not checked';
    default:
      return predecessor satisfies never;
  }
}

function presenceText({ messages, first, last, gaps }: RunFindings): string {
  if (messages === 0) return 'no complete message';
  const missing = gaps.reduce((sum, gap) => sum + gap.last - gap.first + 1, 0);
  const stored = `${plural(messages, 'message')}, ${first} to ${last}`;
  return missing === 0 ? `${stored}: none missing` : `${stored}: ${countText(missing)} missing`;
}

function gapLine(run: string, { first, last, declaredBy }: Gap): string {
  const told =
    declaredBy === undefined
      ? 'not reported by the agent'
      : `reported by the agent in ${declaredBy.run}:${declaredBy.seq}`;
  return `    missing ${rangeText(run, first, last)} (${countText(last - first + 1)}), ${told}`;
}

function alteredText({ altered }: RunFindings): string {
  const more = altered.count > altered.examples.length ? ' …' : '';
  return altered.examples.slice(0, SHOWN).join(', ') + more;
}

function lossLines({ run, losses }: RunFindings): string[] {
  const lines = losses.examples.map(({ seq, kind, facts }) => {
    const told = Object.entries(facts).map(([name, value]) => `${name} ${printable(value)}`);
    return `    lost, reported by the agent in ${run}:${seq} (${[kind, ...told].join(', ')})`;
  });
  return shortened(lines, losses.count);
}

function oddLines({ foreign, unreadable, damaged, unfinished, broken }: Findings): string[] {
  const lines: string[] = [];
  if (foreign > 0) lines.push(`${plural(foreign, 'message')} from other senders`);
  const add = (sites: Counted<Location>, what: string) => {
    if (sites.count === 0) return;
    lines.push(`${countText(sites.count)} × ${what}`, ...shortened(sites.examples.map(siteLine), sites.count));
  };
  add(unreadable, 'a line that is not a message');
  add(damaged, 'a damaged message of the agent');
  add(unfinished, 'a file that ends inside a message (not counted)');
  add(broken, 'a file that cannot be read to its end');
  return lines;
}

function siteLine({ file, offset, reason }: Location): string {
  return `    ${file}, byte ${offset}: ${REASONS.get(reason) ?? `not RFC 5424 (${reason})`}`;
}

/** Whatever else is wrong with a message is the rule of RFC 5424 that it breaks. */
const REASONS: ReadonlyMap<string, string> = new Map([
  ['no-end', 'a line without a newline'],
  ['too-long', 'longer than any message'],
  ['cut-off', 'an incomplete frame'],
  ['bad-msg-len', 'a frame does not begin with its length'],
  ['bad-gzip', 'the compressed file is damaged or truncated'],
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
  if (since === undefined) return ['there are no receipts: nothing has been acknowledged yet'];
  const lines = [
    `read ${plural(receipts, 'receipt')}, ${since} to ${until}: ${plural(messages, 'message')} acknowledged`,
    ...shortened(lost.map(lostLine)),
  ];
  if (earlier > 0) lines.push(`  ${countText(earlier)} before the start given with --from-run: not checked`);
  if (same > 0) lines.push(`  ${countText(same)} with the same SHA-256 as the stored messages`);
  if (differing.count > 0) {
    const examples = shortened(differing.examples.map(summaryLine), differing.count);
    lines.push(`  ${countText(differing.count)} with another SHA-256 than the stored messages`, ...examples);
  }
  if (notRecomputed > 0) lines.push(`  ${countText(notRecomputed)} not compared: messages missing`);
  for (const [{ count, examples }, what] of [
    [findings.uncovered, 'stored, but in no receipt'],
    [findings.beside, 'newer or older than the receipts: they say nothing of it'],
  ] as const) {
    if (count === 0) continue;
    const ranges = examples.map(
      ({ run, first, last }) => `    ${rangeText(run, first, last)} (${countText(last - first + 1)})`,
    );
    lines.push(`  ${plural(count, 'message')} ${what}`, ...shortened(ranges));
  }
  if (damaged.count > 0) {
    const examples = damaged.examples.map(({ file, line }) => `    ${file}, line ${line}`);
    lines.push(
      `  ${plural(damaged.count, 'unreadable line')} (a crash leaves one)`,
      ...shortened(examples, damaged.count),
    );
  }
  return lines;
}

/** `run:1-20, run:1-5`. */
export function stretchesText(stretches: readonly Stretch[]): string {
  return stretches.map(({ run, first, last }) => rangeText(run, first, last)).join(', ');
}

/** Who sealed which messages, and what no good seal covers. */
export function sealLines({ seals, sealed, bad, incomplete, unsealed, tail }: SealFindings): string[] {
  const lines = [`found ${plural(seals, 'seal')}`];
  const by = sealed.map(
    ({ run, first, last, subject, since, until }) =>
      `  sealed ${rangeText(run, first, last)} by ${printable(subject)}, ${since} to ${until}, certificate valid then`,
  );
  lines.push(...shortened(by));
  const wrong = bad.examples.map(
    ({ run, seq, first, last, reason }) => `    seal ${run}:${seq} over ${first}-${last}: ${printable(reason)}`,
  );
  if (bad.count > 0)
    lines.push(
      `  ${plural(bad.count, 'seal')} that ${bad.count === 1 ? 'does' : 'do'} not hold`,
      ...shortened(wrong, bad.count),
    );
  if (incomplete > 0) lines.push(`  ${plural(incomplete, 'seal')} not compared: messages missing`);
  for (const [{ count, examples }, what] of [
    [unsealed, 'that no seal covers'],
    [
      tail,
      'behind the last seal of a run: an agent that was killed, or is running, leaves them; not proven, not forged as far as their numbers tell',
    ],
  ] as const) {
    const ranges = examples.map(
      ({ run, first, last }) => `    ${rangeText(run, first, last)} (${countText(last - first + 1)})`,
    );
    if (count > 0) lines.push(`  ${plural(count, 'message')} ${what}`, ...shortened(ranges));
  }
  return lines;
}

/** The last word; each objection on a line of its own. */
export function verdictLines(
  { runs, messages }: Findings,
  objections: readonly Objection[],
  seals?: SealFindings,
): string[] {
  if (objections.length > 0) return ['NOT COMPLETE', ...objections.map((objection) => `- ${objectionText(objection)}`)];
  const judged = runs.filter(({ predecessor }) => predecessor !== 'earlier');
  const different = judged.reduce((sum, run) => sum + run.messages, 0);
  const stored = different === messages ? '' : ` (stored ${countText(messages)} times)`;
  const complete = `COMPLETE: ${plural(different, 'message')}${stored} of ${plural(judged.length, 'run')}, none missing`;
  if (seals === undefined) return [complete];
  const open = seals.tail.count === 0 ? 'all of them' : `all but the last ${countText(seals.tail.count)}`;
  return [
    complete,
    `SEALED: ${open}, by ${[...new Set(seals.sealed.map(({ subject }) => printable(subject)))].join('; ')}`,
  ];
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
      return 'these files hold no message of the agent';
    case 'missing':
      return `${missingText(objection.messages)}; the agent reported ${countText(objection.told)} of them`;
    case 'predecessor-missing': {
      const { run, follows } = objection;
      const advice = `if the store begins with run ${run}, add --from-run ${run}`;
      return `run ${run} follows ${follows.run}:${follows.seq}, but nothing of run ${follows.run} is stored; ${advice}`;
    }
    case 'beginning-absent':
      return `nothing of run ${objection.run}, named by --from-run, is stored`;
    case 'altered':
      return `${plural(objection.messages, 'repeat')} with other bytes than the first`;
    case 'told-losses':
      return `${plural(objection.losses, 'message')} of the agent ${objection.losses === 1 ? 'reports' : 'report'} a loss`;
    case 'broken':
      return `${plural(objection.files, 'file')} that cannot be read to its end`;
    case 'acknowledged-lost':
      return `${missingText(objection.messages)} although a collector acknowledged them`;
    case 'receipt-differs':
      return `${plural(objection.receipts, 'receipt')} with another SHA-256 than the stored messages`;
    case 'receipt-not-compared':
      return `${plural(objection.receipts, 'receipt')} ${objection.receipts === 1 ? 'reaches' : 'reach'} back before --from-run and cannot be compared; begin with the first message of a receipt`;
    case 'not-acknowledged':
      return `${plural(objection.messages, 'message')} that no receipt covers: forged, or of an agent whose receipts were not given (--receipts once for each)`;
    case 'beyond-end':
      return `${plural(objection.messages, 'message')} of run ${objection.run} beyond its last, ${objection.end}, which the run after it names: forged, or sent before the machine was set back`;
    case 'seal-bad':
      return `${plural(objection.seals, 'seal')} that ${objection.seals === 1 ? 'does' : 'do'} not hold: the store was changed, or the seal is not the agent's`;
    case 'unsealed':
      return `${plural(objection.messages, 'message')} that no seal covers: added, or of an agent that does not seal; if the store begins inside a run, begin behind a seal with --from-run`;
    case 'ring':
      return `runs that follow each other in a ring, which no agent makes: ${objection.runs.join(', ')}`;
    default:
      return objection satisfies never;
  }
}

function missingText(count: number): string {
  return `${plural(count, 'message')} ${count === 1 ? 'is' : 'are'} missing`;
}
