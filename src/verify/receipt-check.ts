/**
 * Compares a store with the agent's receipts: everything that a collector acknowledged
 * must be stored, byte for byte, and everything that is stored must have been
 * acknowledged, but for what is newer or older than the receipts. They are read before
 * the store, so that messages acknowledged later are not expected.
 */
import type { Run } from '../model/entry.js';
import type { Beginning, RunFindings } from './chain.js';
import type { Digests } from './digests.js';
import { type Counted, Counter } from './ledger.js';
import type { DamagedReceipt, Receipt, Stretch } from './receipt.js';
import { joined, lengthOf, type Range, without } from './seqs.js';

/** Acknowledged and not stored. */
export interface Lost {
  readonly run: Run;
  readonly first: number;
  readonly last: number;
  readonly collector: string;
  readonly address: string;
  readonly level: Receipt['level'];
  /** When it was acknowledged: the first receipt and the last. */
  readonly from: string;
  readonly to: string;
}

export type ReceiptSummary = Pick<Receipt, 'time' | 'collector' | 'address' | 'level' | 'stretches'>;

export interface ReceiptFindings {
  readonly receipts: number;
  /** Of them, those from before the beginning that was asked for. */
  readonly earlier: number;
  /** Time of the first receipt and of the last. */
  readonly since: string | undefined;
  readonly until: string | undefined;
  /** Messages acknowledged, by the receipts held against the store. */
  readonly messages: number;
  readonly lost: readonly Lost[];
  /** Receipts whose digest is that of the stored messages. */
  readonly same: number;
  readonly differing: Counted<ReceiptSummary>;
  /** Their messages are not all there. */
  readonly notRecomputed: number;
  /** Of them, those of which nothing that is asked for is missing: they reach back to before the beginning. */
  readonly halfAsked: number;
  /** Stored, and in no receipt although receipts of messages before and after tell of all. */
  readonly uncovered: Counted<Stretch>;
  /** Stored, and newer than the last receipt or older than the first: the receipts say nothing of them. */
  readonly beside: Counted<Stretch>;
  readonly damaged: Counted<DamagedReceipt>;
}

export type ReadReceipts = (onDamaged: (damaged: DamagedReceipt) => void) => AsyncIterable<Receipt>;

/** Says which of these numbers are not stored. */
export type MissingOf = (run: Run, first: number, last: number) => readonly Range[];

/** What is stored of a run. */
export type StoredOf = (run: Run, first: number, last: number) => readonly Range[];

export class ReceiptCheck {
  readonly #damaged = new Counter<DamagedReceipt>();
  /** What all receipts tell of, by run. */
  readonly #covered = new Map<Run, { first: number; last: number }[]>();
  #receipts = 0;
  /** Receipts before this one lie before the beginning. */
  #start: number | undefined;

  /** Reads the receipts once; `finish` does so again. Their digests are asked for under their ordinals. */
  static async open(read: ReadReceipts, beginnings: readonly Beginning[], digests: Digests): Promise<ReceiptCheck> {
    const check = new ReceiptCheck(read, beginnings, digests);
    for await (const receipt of read((damaged) => check.#damaged.add(damaged))) check.#expect(receipt);
    return check;
  }

  private constructor(
    private readonly read: ReadReceipts,
    private readonly beginnings: readonly Beginning[],
    private readonly digests: Digests,
  ) {}

  /** After all passes. `runs`: as judged by their numbers. */
  async finish(runs: readonly RunFindings[], missingOf: MissingOf, storedOf: StoredOf): Promise<ReceiptFindings> {
    const start = this.#start ?? 0;
    const lost: Lost[] = [];
    const differing = new Counter<ReceiptSummary>();
    let [ordinal, messages, same, notRecomputed, halfAsked] = [0, 0, 0, 0, 0];
    let since: string | undefined;
    let until: string | undefined;
    for await (const receipt of this.read(() => undefined)) {
      // The agent goes on writing: these came after the store was read.
      if (ordinal === this.#receipts) break;
      since ??= receipt.time;
      until = receipt.time;
      const result = this.digests.result(ordinal++);
      if (ordinal <= start) continue;
      messages += receipt.messages;
      if (result === 'same') same += 1;
      else if (result === 'differs') differing.add(summaryOf(receipt));
      else notRecomputed += 1;
      const before = lost.length;
      let holes = 0;
      for (const stretch of this.#wanted(receipt.stretches)) {
        for (const hole of missingOf(stretch.run, stretch.first, stretch.last)) {
          holes += 1;
          addLost(lost, receipt, stretch.run, hole);
        }
      }
      if (result === 'incomplete' && holes === 0 && lost.length === before) halfAsked += 1;
    }
    return {
      receipts: this.#receipts,
      earlier: start,
      ...{ since, until, messages, lost, same, notRecomputed, halfAsked },
      differing: differing.report(),
      ...this.#coverage(runs, storedOf),
      damaged: this.#damaged.report(),
    };
  }

  /** Of these ranges of a run, what no receipt tells of. */
  uncovered(run: Run, ranges: readonly Range[]): readonly Range[] {
    return without(ranges, joined(this.#covered.get(run) ?? []));
  }

  #expect(receipt: Receipt): void {
    this.digests.expect({ stretches: receipt.stretches, sha256: Buffer.from(receipt.sha256, 'hex') });
    const begins = receipt.stretches.some(({ run, last }) =>
      this.beginnings.some((beginning) => beginning.run === run && (beginning.seq ?? 1) <= last),
    );
    if (begins) this.#start ??= this.#receipts;
    this.#receipts += 1;
    for (const { run, first, last } of receipt.stretches) {
      const ranges = this.#covered.get(run);
      const before = ranges?.at(-1);
      if (before !== undefined && before.last + 1 === first) before.last = last;
      else if (ranges !== undefined) ranges.push({ first, last });
      else this.#covered.set(run, [{ first, last }]);
    }
  }

  /**
   * Messages are acknowledged in their order, run after run. So what was acknowledged last of a chain ends what the
   * receipts can tell of, and what was acknowledged first begins it; all that is stored in between must be in one.
   */
  #coverage(runs: readonly RunFindings[], storedOf: StoredOf): Pick<ReceiptFindings, 'uncovered' | 'beside'> {
    const uncovered = new Counter<Stretch>();
    const beside = new Counter<Stretch>();
    if (this.#receipts === 0) return { uncovered: uncovered.report(), beside: beside.report() };
    const { before, after } = this.#around(runs);
    for (const { run, predecessor, first, last, messages } of runs) {
      if (predecessor === 'earlier' || messages === 0) continue;
      const from = Math.max(first, this.beginnings.find((each) => each.run === run)?.seq ?? 1);
      const ranges = joined(this.#covered.get(run) ?? []);
      const [begin, end] = [ranges[0]?.first ?? 0, ranges.at(-1)?.last ?? 0];
      for (const range of this.uncovered(run, storedOf(run, from, last))) {
        const isBefore = ranges.length === 0 ? before.has(run) : range.last < begin && before.has(run);
        const isAfter = ranges.length === 0 ? after.has(run) : range.first > end && after.has(run);
        const counter = isBefore || isAfter ? beside : uncovered;
        counter.add({ run, ...range }, lengthOf([range]));
      }
    }
    return { uncovered: uncovered.report(), beside: beside.report() };
  }

  /** Runs that may hold messages older than the receipts of their chain, and those that may hold newer ones. */
  #around(runs: readonly RunFindings[]): { readonly before: ReadonlySet<Run>; readonly after: ReadonlySet<Run> } {
    const follows = new Map(runs.map((run) => [run.run, run.follows?.run]));
    /** Runs with a follower of which something was acknowledged. */
    const overtaken = new Set<Run>();
    const acknowledgedBefore = new Set<Run>();
    for (const run of this.#covered.keys()) {
      for (let each = follows.get(run); each !== undefined && !overtaken.has(each); each = follows.get(each)) {
        overtaken.add(each);
      }
    }
    // From the oldest run of each chain on: `runs` come in that order.
    for (const { run } of runs) {
      const older = follows.get(run);
      if (older !== undefined && (this.#covered.has(older) || acknowledgedBefore.has(older)))
        acknowledgedBefore.add(run);
    }
    const before = new Set<Run>();
    const after = new Set<Run>();
    for (const { run } of runs) {
      const own = this.#covered.has(run);
      if (!acknowledgedBefore.has(run) && (own || overtaken.has(run))) before.add(run);
      if (!overtaken.has(run) && (own || acknowledgedBefore.has(run))) after.add(run);
    }
    return { before, after };
  }

  /** Without what lies before a beginning. */
  #wanted(stretches: readonly Stretch[]): Stretch[] {
    return stretches.flatMap((stretch) => {
      const beginning = this.beginnings.find(({ run }) => run === stretch.run);
      const first = Math.max(stretch.first, beginning?.seq ?? 1);
      return first > stretch.last ? [] : [{ ...stretch, first }];
    });
  }
}

/** Joined with the one before it, where one collector lost what many receipts tell of. */
function addLost(lost: Lost[], receipt: Receipt, run: Run, { first, last }: Range): void {
  const { collector, address, level, time } = receipt;
  const before = lost.at(-1);
  const same = before?.collector === collector && before.address === address && before.level === level;
  if (before !== undefined && same && before.run === run && before.last === first - 1) {
    lost[lost.length - 1] = { ...before, last, to: time };
  } else {
    lost.push({ run, first, last, collector, address, level, from: time, to: time });
  }
}

function summaryOf({ time, collector, address, level, stretches }: Receipt): ReceiptSummary {
  return { time, collector, address, level, stretches };
}
