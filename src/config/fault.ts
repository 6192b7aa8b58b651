/** Errors in a configuration. All are reported at once, each with its line, its value and what was expected. */
import { AgentError } from '../lib/errors.js';

export interface Fault {
  /** Path of the key, `sources[1].paths`; empty when the file as a whole is meant. */
  readonly key: string;
  readonly problem: string;
  /** Counted from 1; `undefined` when the fault is not in the file. */
  readonly line?: number | undefined;
  /** The environment variable that the value came from. */
  readonly variable?: string | undefined;
}

export class ConfigError extends AgentError {
  constructor(
    readonly file: string,
    readonly faults: readonly Fault[],
    /** The command that reads the file and does nothing else. */
    look = 'check --offline',
  ) {
    const count = faults.length === 1 ? 'a fault' : `${faults.length} faults`;
    super('configuration', [`${file}: ${count} in the configuration`, ...faults.map(sentence)].join('\n  '), {
      hint: `correct it, then run: openemr-audit-forwarder ${look} --config ${file}`,
    });
  }
}

function sentence({ key, problem, line, variable }: Fault): string {
  if (variable !== undefined) return `${variable}: ${problem}`;
  const place = line === undefined ? '' : `line ${line}: `;
  return key === '' ? `${place}${problem}` : `${place}${key}: ${problem}`;
}

/** In the order of the file; faults without a line come last. */
export function byLine(one: Fault, other: Fault): number {
  return (one.line ?? Number.MAX_SAFE_INTEGER) - (other.line ?? Number.MAX_SAFE_INTEGER);
}

/* For "did you mean …?". */

/** The nearest of `words`, if it differs from `typed` by no more than a third of its letters. */
export function nearest(typed: string, words: Iterable<string>): string | undefined {
  let best: string | undefined;
  let bestDistance = Math.max(2, Math.floor(typed.length / 3)) + 1;
  for (const word of words) {
    const distance = editDistance(typed.toLowerCase(), word.toLowerCase());
    // With half of its letters changed a short word is another word.
    if (distance >= bestDistance || distance * 2 > word.length) continue;
    best = word;
    bestDistance = distance;
  }
  return best;
}

/** The number of letters to add, remove or change to turn one word into the other (Levenshtein). */
function editDistance(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, column) => column);
  for (let index = 0; index < from.length; index++) {
    const next = [index + 1];
    for (let column = 1; column <= to.length; column++) {
      const change = row[column - 1]! + (from[index] === to[column - 1] ? 0 : 1);
      next.push(Math.min(change, row[column]! + 1, next[column - 1]! + 1));
    }
    row = next;
  }
  return row[to.length]!;
}
