/**
 * What a collector stored, held against what was written: the oracle of the
 * delivery tests. It reads messages by patterns of its own and knows nothing
 * of the product's reader, encoder or journal.
 */
import { existsSync, readFileSync } from 'node:fs';
import { splitFrames } from './split-frames.js';

export interface Delivered {
  /** Numbers of lines that were written and are not there. */
  readonly lost: number[];
  /** Copies beyond the first of a line. */
  readonly repeated: number;
  /** Copies beyond the first of any message, the agent's own included. */
  readonly repeatedMessages: number;
  /** Names `run:seq` that were given to messages of different bytes. */
  readonly altered: string[];
  /** Numbers of lines that arrived under more than one name. */
  readonly renamed: number[];
  /** Messages that are no line of ours and none of the agent's own. */
  readonly foreign: number;
  /** Seqs missing between 1 and the last of a run. */
  readonly holes: string[];
  /** Lines whose first copy came before that of a line written earlier. */
  readonly disordered: number;
}

const NAME = /\[(?:audit|agent)@32473 (?:kind="[^"]*" )?run="([0-9a-f]{16})" seq="(\d+)"/;
const LINE = /\] line (\d+) /;

/** A line for a text log that says its own number; `width` octets long, at least. */
export function lineOf(number: number, width = 100): string {
  return `line ${number} of the audit trail `.padEnd(width, '.');
}

/** Lines 1 to `written` are expected. */
export function delivered(messages: readonly Buffer[], written: number): Delivered {
  const bytesOf = new Map<string, string>();
  const nameOf = new Map<number, string>();
  const seqsOf = new Map<string, Set<number>>();
  const altered = new Set<string>();
  const renamed = new Set<number>();
  let [repeated, repeatedMessages, foreign, disordered, last] = [0, 0, 0, 0, 0];
  for (const message of messages) {
    const text = message.toString('latin1');
    const [, run = '', seq = ''] = NAME.exec(text) ?? [];
    if (run === '') {
      foreign += 1;
      continue;
    }
    const name = `${run}:${seq}`;
    const known = bytesOf.get(name);
    if (known !== undefined) repeatedMessages += 1;
    if (known !== undefined && known !== text) altered.add(name);
    bytesOf.set(name, text);
    seqsOf.set(run, (seqsOf.get(run) ?? new Set()).add(Number(seq)));
    const line = Number(LINE.exec(text)?.[1] ?? 0);
    if (line === 0) continue;
    const named = nameOf.get(line);
    if (named === undefined) {
      nameOf.set(line, name);
      if (line < last) disordered += 1;
      last = line;
    } else {
      repeated += 1;
      if (named !== name) renamed.add(line);
    }
  }
  const lost = numbers(written).filter((line) => !nameOf.has(line));
  const holes = [...seqsOf].flatMap(([run, seqs]) =>
    numbers(largest(seqs))
      .filter((seq) => !seqs.has(seq))
      .map((seq) => `${run}:${seq}`),
  );
  return { lost, repeated, repeatedMessages, altered: [...altered], renamed: [...renamed], foreign, holes, disordered };
}

/** Of a file of frames, as a collector that may have been killed left it. */
export function storedIn(file: string): Buffer[] {
  return existsSync(file) ? splitFrames(readFileSync(file)).messages : [];
}

function largest(seqs: ReadonlySet<number>): number {
  let most = 0;
  for (const seq of seqs) most = Math.max(most, seq);
  return most;
}

function numbers(to: number): number[] {
  return Array.from({ length: to }, (_, index) => index + 1);
}
