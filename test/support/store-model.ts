/**
 * Stores made from a model: chains of runs, of which a collector loses, repeats,
 * alters and shuffles what it will, and what an honest count finds missing.
 */
import fc from 'fast-check';
import { auditMessage, runId } from './stored.js';

export interface ModelMessage {
  readonly run: string;
  readonly seq: number;
  readonly bytes: Buffer;
}

export interface ModelStore {
  readonly files: readonly (readonly ModelMessage[])[];
  /** Of the repeats, those with other bytes; by `run:seq`. */
  readonly altered: readonly string[];
  /** `run:seq` of what a reader can know to be missing, sorted. */
  readonly missing: readonly string[];
  /** Runs of which nothing is stored although a stored run follows them, sorted. */
  readonly absentRuns: readonly string[];
  /** Different messages stored. */
  readonly different: number;
}

const LOST_SHARE = [0, 0, 0.05, 0.3, 0.9] as const;

export const modelStores: fc.Arbitrary<ModelStore> = fc
  .record({
    lengths: fc.array(fc.integer({ min: 1, max: 30 }), { minLength: 1, maxLength: 5 }),
    lost: fc.constantFrom(...LOST_SHARE),
    repeated: fc.constantFrom(0, 0.2, 1),
    altered: fc.constantFrom(0, 0, 0.1),
    files: fc.integer({ min: 1, max: 4 }),
    dice: fc.infiniteStream(fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true })),
  })
  .map(({ lengths, lost, repeated, altered, files, dice }) => {
    const roll = () => dice.next().value as number;
    const sent = lengths.flatMap((length, index) => runOf(index, length, lengths[index - 1]));
    const kept = sent.filter(() => roll() >= lost);
    const again = kept.filter(() => roll() < repeated);
    const other = again.map((message) => (roll() < altered ? alteredCopy(message) : message));
    const shelves: ModelMessage[][] = Array.from({ length: files }, () => []);
    // First copies lie before their repeats, so that it is the repeat that is altered.
    for (const message of shuffled(kept, roll)) shelves[0]!.push(message);
    for (const message of other) shelves[Math.floor(roll() * files)]!.push(message);
    return {
      files: shelves,
      altered: other.filter((message, index) => message !== again[index]).map(nameOf),
      ...expectation(kept, lengths),
    };
  });

function runOf(index: number, length: number, before: number | undefined): ModelMessage[] {
  const run = runId(index + 1);
  return Array.from({ length }, (_, at) => {
    const follows = at === 0 && before !== undefined ? { follows: `${runId(index)}:${before}` } : {};
    return { run, seq: at + 1, bytes: auditMessage(run, at + 1, follows) };
  });
}

/** Counted with sets, by what the stored messages alone can tell. */
function expectation(kept: readonly ModelMessage[], lengths: readonly number[]) {
  const names = new Set(kept.map(nameOf));
  const missing: string[] = [];
  const absentRuns: string[] = [];
  for (const [index, length] of lengths.entries()) {
    const run = runId(index + 1);
    const seqs = kept.filter((message) => message.run === run).map(({ seq }) => seq);
    const followed = names.has(`${runId(index + 2)}:1`);
    if (seqs.length === 0 && followed) absentRuns.push(run);
    const last = seqs.length === 0 ? 0 : followed ? length : Math.max(...seqs);
    for (let seq = 1; seq <= last; seq++) if (!names.has(`${run}:${seq}`)) missing.push(`${run}:${seq}`);
  }
  return { missing: missing.sort(), absentRuns: absentRuns.sort(), different: names.size };
}

function alteredCopy({ run, seq }: ModelMessage): ModelMessage {
  return { run, seq, bytes: auditMessage(run, seq, { msg: 'not what was sent' }) };
}

function shuffled(messages: readonly ModelMessage[], roll: () => number): ModelMessage[] {
  if (roll() < 0.5) return [...messages];
  return messages
    .map((message) => ({ message, at: roll() }))
    .sort((a, b) => a.at - b.at)
    .map(({ message }) => message);
}

function nameOf({ run, seq }: { readonly run: string; readonly seq: number }): string {
  return `${run}:${seq}`;
}
