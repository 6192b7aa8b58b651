/**
 * Checks whether everything that was sent is stored. It takes a store's messages one by
 * one, the files in any order, and finds what is missing, repeated, or of another
 * sender. Memory: a bit a message (see `seqs.ts`), and a few hundred bytes for each run
 * and each gap; no message is kept. Whether repeats are the same takes another pass.
 */
import { hash } from 'node:crypto';
import type { MessageName, Run } from '../model/entry.js';
import { type Beginning, type DeclaredLoss, judgeRuns, type RunFindings } from './chain.js';
import { restored } from './frame-hash.js';
import type { Identified, OwnMessage } from './identity.js';
import { type Counted, Counter, RunLedger } from './ledger.js';
import { PAGE, type Range } from './seqs.js';

/** Where in the store, and what is wrong there. */
export interface Location {
  readonly file: string;
  readonly offset: number;
  readonly reason: string;
}

export interface Heartbeat extends MessageName {
  readonly timeMs: number;
}

export interface Findings {
  readonly files: number;
  /** Of ours, repeats included. */
  readonly messages: number;
  readonly foreign: number;
  /** Not RFC 5424, and not like anything of ours. */
  readonly unreadable: Counted<Location>;
  /** Of ours, but cut or changed so that they cannot be read; what of them is not there whole is missing. */
  readonly damaged: Counted<Location>;
  /** Last lines without an end, not counted: perhaps they are being written. */
  readonly unfinished: Counted<Location>;
  /** Files of which the rest cannot be read. */
  readonly broken: Counted<Location>;
  readonly runs: readonly RunFindings[];
  /** Runs that follow each other in a ring, which no agent makes. */
  readonly rings: readonly (readonly Run[])[];
  /** Asked for as a beginning, and not there. */
  readonly absent: readonly Run[];
  /** The latest. */
  readonly heartbeat: Heartbeat | undefined;
}

export class Completeness {
  readonly #ledgers = new Map<Run, RunLedger>();
  readonly #declared: DeclaredLoss[] = [];
  readonly #unreadable = new Counter<Location>();
  readonly #damaged = new Counter<Location>();
  readonly #unfinished = new Counter<Location>();
  readonly #broken = new Counter<Location>();
  #file = '';
  #files = 0;
  #messages = 0;
  #foreign = 0;
  #heartbeat: Heartbeat | undefined;

  nextFile(file: string): void {
    this.#file = file;
    this.#files += 1;
  }

  /** A message of ours. `said`: what it says beside its name, if anything. */
  take(run: Run, seq: number, said: Extract<Identified, { name: 'ours' }> | undefined): void {
    this.#messages += 1;
    const ledger = this.#ledgerOf(run);
    if (!ledger.seqs.add(seq)) {
      ledger.copies += 1;
      return;
    }
    if (seq > ledger.lastClaimed) ledger.lastClaimed = seq;
    // Order is a matter of one file: the files may come in any.
    if (ledger.file !== this.#files) {
      ledger.file = this.#files;
      ledger.highestOfFile = 0;
    }
    if (seq < ledger.highestOfFile) ledger.disordered += 1;
    else ledger.highestOfFile = seq;
    if (said === undefined) return;
    ledger.follows ??= said.follows;
    if (said.own !== undefined) this.#takeOwn(ledger, { run, seq }, said.own);
  }

  takeOther(identified: Exclude<Identified, { name: 'ours' }>, offset: number): void {
    if (identified.name === 'foreign') {
      this.#foreign += 1;
      return;
    }
    const { reason, claims } = identified;
    if (claims !== undefined) {
      const ledger = this.#ledgerOf(claims.run);
      ledger.lastClaimed = Math.max(ledger.lastClaimed, claims.seq);
    }
    (claims === undefined ? this.#unreadable : this.#damaged).add({ file: this.#file, offset, reason });
  }

  unfinished(reason: string, offset: number): void {
    this.#unfinished.add({ file: this.#file, offset, reason });
  }

  /** The rest of the present file cannot be read. */
  broken(reason: string, offset: number): void {
    this.#broken.add({ file: this.#file, offset, reason });
  }

  get ledgers(): ReadonlyMap<Run, RunLedger> {
    return this.#ledgers;
  }

  finish(beginnings: readonly Beginning[]): Findings {
    return {
      files: this.#files,
      messages: this.#messages,
      foreign: this.#foreign,
      unreadable: this.#unreadable.report(),
      damaged: this.#damaged.report(),
      unfinished: this.#unfinished.report(),
      broken: this.#broken.report(),
      ...judgeRuns(this.#ledgers, beginnings, this.#declared),
      absent: beginnings.map(({ run }) => run).filter((run) => !this.#ledgers.has(run)),
      heartbeat: this.#heartbeat,
    };
  }

  /** Are these numbers stored? Gives the holes. */
  missingOf(run: Run, first: number, last: number): readonly Range[] {
    return this.#ledgers.get(run)?.seqs.missing(first, last) ?? [{ first, last }];
  }

  #takeOwn(ledger: RunLedger, name: MessageName, { kind, facts, lost, timeMs }: OwnMessage): void {
    const { seq } = name;
    if (kind === 'seal') {
      if (seq > ledger.sealedTo) ledger.sealedTo = seq;
      return;
    }
    if (kind === 'gap' || kind === 'dropped') ledger.losses.add({ seq, kind, facts });
    if (ledger.lastOwn === undefined || ledger.lastOwn.seq < seq) ledger.lastOwn = { seq, kind };
    for (const numbers of lost) this.#declared.push({ ...numbers, by: name });
    if (kind !== 'heartbeat' || timeMs === undefined) return;
    if (this.#heartbeat === undefined || this.#heartbeat.timeMs < timeMs) this.#heartbeat = { ...name, timeMs };
  }

  #ledgerOf(run: Run): RunLedger {
    const known = this.#ledgers.get(run);
    if (known !== undefined) return known;
    const ledger = new RunLedger();
    this.#ledgers.set(run, ledger);
    return ledger;
  }
}

/**
 * Compares what is stored more than once with its first copy, by 64 bits of a digest, in
 * as many passes as the memory makes necessary: a page of numbers in which something is
 * repeated takes 32 KB.
 */
export class RepeatCheck {
  readonly #left: { readonly run: Run; readonly page: number }[];
  #pages = new Map<Run, Map<number, Uint32Array>>();

  constructor(private readonly ledgers: ReadonlyMap<Run, RunLedger>) {
    this.#left = [...ledgers].flatMap(([run, { seqs }]) => seqs.repeatedPages().map((page) => ({ run, page })));
  }

  /** Before a further pass; false when none is needed. */
  plan(memoryBytes: number): boolean {
    this.#pages = new Map();
    const most = Math.max(1, Math.floor(memoryBytes / (8 * PAGE)));
    for (const { run, page } of this.#left.splice(0, most)) {
      const pages = this.#pages.get(run) ?? new Map<number, Uint32Array>();
      this.#pages.set(run, pages.set(page, new Uint32Array(2 * PAGE)));
    }
    return this.#pages.size > 0;
  }

  note(run: Run, seq: number, message: () => Buffer): void {
    const index = seq % PAGE;
    const digests = this.#pages.get(run)?.get((seq - index) / PAGE);
    if (digests === undefined) return;
    const ledger = this.ledgers.get(run)!;
    if (!ledger.seqs.isRepeated(seq)) return;
    const digest = hash('sha256', restored(message()), 'buffer');
    // 0 stands for a message that has not come.
    const [high, low] = [digest.readUInt32LE(0) || 1, digest.readUInt32LE(4)];
    if (digests[2 * index] === 0) {
      digests[2 * index] = high;
      digests[2 * index + 1] = low;
    } else if (digests[2 * index] !== high || digests[2 * index + 1] !== low) {
      ledger.altered.add(seq);
    }
  }
}
