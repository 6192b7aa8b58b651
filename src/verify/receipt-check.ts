/**
 * Compares a store with the agent's receipts: everything that a collector acknowledged
 * must be stored, byte for byte. The receipts are read before the store, so that
 * messages acknowledged later are not expected.
 */
import type { MessageName, Run } from '../model/entry.js';
import type { Beginning } from './chain.js';
import { type Counted, Counter } from './counter.js';
import { DigestCheck } from './digest-check.js';
import type { Receipt, Stretch } from './receipt.js';
import type { DamagedReceipt } from './receipt-reader.js';

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
  /** Their messages are not all there, or in another order. */
  readonly notRecomputed: number;
  readonly damaged: Counted<DamagedReceipt>;
}

export type ReadReceipts = (onDamaged: (damaged: DamagedReceipt) => void) => AsyncIterable<Receipt>;

/** Says which of these numbers are not stored. */
export type MissingOf = (run: Run, first: number, last: number) => readonly { first: number; last: number }[];

export class ReceiptCheck {
  readonly #read: ReadReceipts;
  readonly #beginnings: readonly Beginning[];
  readonly #digests = new DigestCheck();
  readonly #damaged = new Counter<DamagedReceipt>();
  #receipts = 0;
  /** Receipts before this one lie before the beginning. */
  #start: number | undefined;

  /** Reads the receipts once; `finish` does so again. */
  static async open(read: ReadReceipts, beginnings: readonly Beginning[]): Promise<ReceiptCheck> {
    const check = new ReceiptCheck(read, beginnings);
    for await (const receipt of read((damaged) => check.#damaged.add(damaged))) check.#expect(receipt);
    return check;
  }

  private constructor(read: ReadReceipts, beginnings: readonly Beginning[]) {
    this.#read = read;
    this.#beginnings = beginnings;
  }

  /** A message of ours, as stored. */
  take(name: MessageName, bytes: Buffer): void {
    this.#digests.take(name, bytes);
  }

  async finish(missingOf: MissingOf): Promise<ReceiptFindings> {
    const start = this.#start ?? 0;
    const lost: Lost[] = [];
    const differing = new Counter<ReceiptSummary>();
    let [ordinal, messages, same, notRecomputed] = [0, 0, 0, 0];
    let since: string | undefined;
    let until: string | undefined;
    for await (const receipt of this.#read(() => undefined)) {
      // The agent goes on writing: these came after the store was read.
      if (ordinal === this.#receipts) break;
      since ??= receipt.time;
      until = receipt.time;
      const result = this.#digests.result(ordinal++);
      if (ordinal <= start) continue;
      messages += receipt.messages;
      if (result === 'same') same += 1;
      else if (result === 'differs') differing.add(summaryOf(receipt));
      else notRecomputed += 1;
      for (const stretch of this.#wanted(receipt.stretches)) {
        for (const hole of missingOf(stretch.run, stretch.first, stretch.last))
          addLost(lost, receipt, stretch.run, hole);
      }
    }
    return {
      receipts: this.#receipts,
      earlier: start,
      ...{ since, until, messages, lost, same, notRecomputed },
      differing: differing.report(),
      damaged: this.#damaged.report(),
    };
  }

  #expect(receipt: Receipt): void {
    this.#digests.expect(receipt);
    const begins = receipt.stretches.some(({ run, last }) =>
      this.#beginnings.some((beginning) => beginning.run === run && (beginning.seq ?? 1) <= last),
    );
    if (begins) this.#start ??= this.#receipts;
    this.#receipts += 1;
  }

  /** Without what lies before a beginning. */
  #wanted(stretches: readonly Stretch[]): Stretch[] {
    return stretches.flatMap((stretch) => {
      const beginning = this.#beginnings.find(({ run }) => run === stretch.run);
      const first = Math.max(stretch.first, beginning?.seq ?? 1);
      return first > stretch.last ? [] : [{ ...stretch, first }];
    });
  }
}

/** Joined with the one before it, where one collector lost what many receipts tell of. */
function addLost(lost: Lost[], receipt: Receipt, run: Run, { first, last }: { first: number; last: number }): void {
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
