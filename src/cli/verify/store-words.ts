/** What a store holds and what it lacks, as an auditor reads it. */
import { printable } from '../../collector/printable.js';
import type { Gap, RunFindings } from '../../verify/chain.js';
import type { Findings, Site } from '../../verify/completeness.js';
import type { Counted } from '../../verify/tally.js';
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
export function rangeText(run: string, first: number, last: number): string {
  return first === last ? `${run}:${first}` : `${run}:${first}-${last}`;
}

/** The first few lines, and how many more there are. */
export function shortened(lines: readonly string[], count = lines.length): string[] {
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
  const add = (sites: Counted<Site>, what: string) => {
    if (sites.count === 0) return;
    lines.push(`${countText(sites.count)} × ${what}`, ...shortened(sites.examples.map(siteLine), sites.count));
  };
  add(unreadable, 'a line that is no message and like none of ours');
  add(damaged, 'a message of ours that is no longer whole');
  add(unfinished, 'the end of a file inside a message, which is not counted');
  add(broken, 'a file of which the rest cannot be read');
  return lines;
}

function siteLine({ file, offset, reason }: Site): string {
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
