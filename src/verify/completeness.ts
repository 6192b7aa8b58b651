/**
 * Checks whether everything that was sent is stored. It takes a store's messages one by
 * one, the files in any order, and finds what is missing, repeated, changed, or of
 * another sender. Memory: 8 bytes a message (see `seen-seqs.ts`), and a few hundred for
 * each run and each gap; no message is kept.
 */
import type { MessageName, Run } from '../model/entry.js';
import { type Beginning, type DeclaredLoss, judgeRuns, type RunFindings } from './chain.js';
import { type Counted, Counter } from './counter.js';
import type { Identified, Identify } from './identity.js';
import { RunLedger } from './run-ledger.js';
import type { StoredMessage } from './store.js';

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
  /** Asked for as a beginning, and not there. */
  readonly absent: readonly Run[];
  /** The latest. */
  readonly heartbeat: Heartbeat | undefined;
}

export class Completeness {
  readonly #identify: Identify;
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

  constructor(identify: Identify) {
    this.#identify = identify;
  }

  nextFile(file: string): void {
    this.#file = file;
    this.#files += 1;
    for (const ledger of this.#ledgers.values()) ledger.nextFile();
  }

  /** `onWhole` is called when it is one of ours and whole. */
  take({ bytes, offset, unfinished }: StoredMessage, onWhole: (name: MessageName, bytes: Buffer) => void): void {
    const site = { file: this.#file, offset };
    if (unfinished) this.#unfinished.add({ ...site, reason: 'no-end' });
    else if (bytes === undefined) this.#unreadable.add({ ...site, reason: 'too-long' });
    else this.#sort(this.#identify(bytes), bytes, site, onWhole);
  }

  /** The rest of the present file cannot be read. */
  broken(reason: string, offset: number): void {
    const site = { file: this.#file, offset, reason };
    if (reason === 'cut-off') this.#unfinished.add(site);
    else this.#broken.add(site);
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
      runs: judgeRuns(this.#ledgers, beginnings, this.#declared),
      absent: beginnings.map(({ run }) => run).filter((run) => !this.#ledgers.has(run)),
      heartbeat: this.#heartbeat,
    };
  }

  /** Are these numbers stored? Gives the holes. */
  missingOf(run: Run, first: number, last: number): { first: number; last: number }[] {
    return this.#ledgers.get(run)?.seqs.missing(first, last) ?? [{ first, last }];
  }

  #sort(
    identified: Identified,
    bytes: Buffer,
    site: Omit<Location, 'reason'>,
    onWhole: (name: MessageName, bytes: Buffer) => void,
  ): void {
    switch (identified.name) {
      case 'ours':
        this.#takeOurs(identified, bytes);
        onWhole(identified.message, bytes);
        return;
      case 'foreign':
        this.#foreign += 1;
        return;
      case 'unreadable':
        this.#takeUnreadable(identified, site);
        return;
      default:
        identified satisfies never;
    }
  }

  #takeOurs({ message, follows, own }: Extract<Identified, { name: 'ours' }>, bytes: Buffer): void {
    this.#messages += 1;
    if (!this.#ledgerOf(message.run).see(message.seq, bytes, follows, own) || own === undefined) return;
    for (const lost of own.lost) this.#declared.push({ ...lost, by: message });
    const { timeMs } = own;
    if (own.kind !== 'heartbeat' || timeMs === undefined) return;
    if (this.#heartbeat === undefined || this.#heartbeat.timeMs < timeMs) this.#heartbeat = { ...message, timeMs };
  }

  #takeUnreadable(
    { reason, claims }: Extract<Identified, { name: 'unreadable' }>,
    site: Omit<Location, 'reason'>,
  ): void {
    if (claims !== undefined) this.#ledgerOf(claims.run).claim(claims.seq);
    (claims === undefined ? this.#unreadable : this.#damaged).add({ ...site, reason });
  }

  #ledgerOf(run: Run): RunLedger {
    const known = this.#ledgers.get(run);
    if (known !== undefined) return known;
    const ledger = new RunLedger();
    this.#ledgers.set(run, ledger);
    return ledger;
  }
}
