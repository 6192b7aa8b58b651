/**
 * Checks the agent's seals against a store: who signed which messages, whether they are
 * as they were sealed, and what no seal covers. A seal whose messages are stored in
 * their order is computed while the store is read; the others in further passes.
 */
import { X509Certificate } from 'node:crypto';
import type { Run } from '../model/entry.js';
import { CertificateParts, chained, isSignedBy, readSeal, type Seal } from '../seal/seal.js';
import { type Distrust, subjectOf } from '../seal/trust.js';
import type { RunFindings } from './chain.js';
import type { Digests } from './digests.js';
import { FrameHash } from './frame-hash.js';
import type { OwnMessage } from './identity.js';
import { type Counted, Counter } from './ledger.js';
import type { Stretch } from './receipt.js';
import type { StoredOf } from './receipt-check.js';
import { joined, lengthOf, type Range, without } from './seqs.js';

/** Messages that are as one signer sealed them. */
export interface Sealed extends Stretch {
  /** Of the certificate. */
  readonly subject: string;
  /** SHA-256 of the certificate, in hex. */
  readonly key: string;
  /** When the first and the last of the seals were made. */
  readonly since: string;
  readonly until: string;
}

export interface BadSeal {
  /** The seal's own name. */
  readonly run: Run;
  readonly seq: number;
  /** What it covers. */
  readonly first: number;
  readonly last: number;
  readonly reason: string;
}

export interface SealFindings {
  readonly seals: number;
  readonly sealed: readonly Sealed[];
  readonly bad: Counted<BadSeal>;
  /** Seals of which messages are missing: the rest of what they cover is not proven. */
  readonly incomplete: number;
  /** Stored, and under no good seal although it should be. */
  readonly unsealed: Counted<Stretch>;
  /** Behind the last seal of a run, as a killed agent or one that runs leaves them. */
  readonly tail: Counted<Stretch>;
}

/** One read of a file may become so many messages before the next seal. */
const MOST_BEHIND_SEAL = 4096 + 131_072;

/** An agent seals its start before it reads a line. Killed in between it leaves its start and its certificates. */
const MOST_BEFORE_SEAL = 8;

interface Known {
  readonly seq: number;
  readonly seal: Seal;
  readonly signature: string;
  /** Of `Digests`, or what was found at once. */
  digest: number | 'same' | 'differs';
}

/** How far a run's messages have come in their order since the last seal. */
interface Going {
  hash: FrameHash | undefined;
  next: number;
  first: number;
  before: string;
  readonly seals: Map<number, Known>;
}

export class SealCheck {
  readonly #runs = new Map<Run, Going>();
  readonly #parts = new CertificateParts();
  readonly #chains = new Map<string, readonly Buffer[]>();
  readonly #malformed = new Counter<BadSeal>();
  /** Computed in further passes. */
  readonly #later: Known[] = [];

  constructor(
    private readonly distrust: Distrust,
    private readonly digests: Digests,
  ) {}

  /** A message in the first pass. */
  take(
    run: Run,
    seq: number,
    own: OwnMessage | undefined,
    bytes: Buffer,
    start: number,
    end: number,
    hashSign: boolean,
  ): void {
    const going = this.#goingOf(run, seq);
    if (own?.kind === 'seal-certificate') this.#takeCertificate(own);
    if (own?.kind === 'seal' && !going.seals.has(seq)) this.#takeSeal(going, run, seq, own);
    if (seq !== going.next) {
      if (seq > going.next) going.hash = undefined;
      return;
    }
    going.hash?.add(bytes, start, end, hashSign);
    going.next += 1;
  }

  /** After the first pass: what was not in order. */
  expectLater(): void {
    for (const known of this.#later) {
      const { run, first, last, before, sha256 } = known.seal;
      const stretches = first > last ? [] : [{ run, first, last }];
      known.digest = this.digests.expect({ stretches, sha256: Buffer.from(sha256, 'hex'), prefix: chained(before) });
    }
  }

  /** After all passes. */
  finish(runs: readonly RunFindings[], storedOf: StoredOf): SealFindings {
    const bad = this.#malformed;
    const sealed: Sealed[] = [];
    const unsealed = new Counter<Stretch>();
    const tail = new Counter<Stretch>();
    const covered = new Map<Run, readonly Range[]>();
    let seals = 0;
    let incomplete = 0;
    for (const [run, going] of this.#runs) {
      const ranges: Range[] = [];
      for (const known of [...going.seals.values()].sort((one, other) => one.seq - other.seq)) {
        seals += 1;
        const { seq, seal } = known;
        const reason = this.#faultOf(known);
        if (reason === 'incomplete') incomplete += 1;
        else if (reason !== undefined) bad.add({ run, seq, first: seal.first, last: seal.last, reason });
        else {
          ranges.push({ first: seal.first, last: seq });
          addSealed(sealed, seq, seal, this.#subjectOf(seal.key));
        }
      }
      covered.set(run, joined(ranges));
    }
    const followed = followedBySealed(runs, covered);
    for (const { run, predecessor, first, last, messages } of runs) {
      if (predecessor === 'earlier' || messages === 0) continue;
      const ranges = covered.get(run) ?? [];
      const end = ranges.at(-1)?.last ?? 0;
      for (const range of without(storedOf(run, first, last), ranges)) {
        const begun = range.last <= Math.min(followed.get(run) ?? 0, MOST_BEFORE_SEAL);
        const excused = end > 0 ? range.first > end && lengthOf([range]) <= MOST_BEHIND_SEAL : begun;
        (excused ? tail : unsealed).add({ run, ...range }, lengthOf([range]));
      }
    }
    this.#covered = covered;
    return { seals, sealed, bad: bad.report(), incomplete, unsealed: unsealed.report(), tail: tail.report() };
  }

  #covered: ReadonlyMap<Run, readonly Range[]> = new Map();

  /** Of these ranges of a run, what no good seal covers. After `finish`. */
  unsealed(run: Run, ranges: readonly Range[]): readonly Range[] {
    return without(ranges, this.#covered.get(run) ?? []);
  }

  #goingOf(run: Run, seq: number): Going {
    const known = this.#runs.get(run);
    if (known !== undefined) return known;
    const hash = seq === 1 ? new FrameHash() : undefined;
    const going: Going = { hash, next: seq, first: seq, before: '', seals: new Map() };
    this.#runs.set(run, going);
    return going;
  }

  #takeCertificate({ facts }: OwnMessage): void {
    const chain = this.#parts.add(facts);
    if (chain !== undefined) this.#chains.set(facts.key ?? '', chain);
  }

  /** The seal itself is the first message of the next one. */
  #takeSeal(going: Going, run: Run, seq: number, { facts }: OwnMessage): void {
    const read = readSeal(run, facts);
    if (read === undefined) {
      this.#malformed.add({ run, seq, first: seq, last: seq, reason: 'it is no seal of an agent' });
      return;
    }
    const { seal, signature } = read;
    const known: Known = { seq, seal, signature, digest: 'differs' };
    going.seals.set(seq, known);
    const inTurn =
      going.hash !== undefined && going.next === seq && going.first === seal.first && going.before === seal.before;
    if (inTurn) known.digest = going.hash!.matches(Buffer.from(seal.sha256, 'hex')) ? 'same' : 'differs';
    else this.#later.push(known);
    if (seq < going.next) return;
    going.hash = new FrameHash(chained(seal.sha256));
    going.next = seq;
    going.first = seq;
    going.before = seal.sha256;
  }

  #faultOf({ seq, seal, signature, digest }: Known): string | undefined {
    const chain = this.#chains.get(seal.key);
    if (chain === undefined) return 'the certificate of its key is not in the store';
    const distrusted = this.#judge(chain, seal.time);
    if (distrusted !== undefined) return distrusted;
    if (!isSignedBy(seal, signature, new X509Certificate(chain[0]!).publicKey))
      return 'its signature is not that of its certificate';
    if (seal.last !== seq - 1) return 'it stands where it was not made';
    if (seal.before === '' ? false : !this.#continues(seal)) return 'it does not continue the seal before it';
    const result = typeof digest === 'number' ? this.digests.result(digest) : digest;
    if (result === 'incomplete') return result;
    return result === 'same' ? undefined : 'the messages that it covers are not as they were sealed';
  }

  #continues({ run, first, before }: Seal): boolean {
    const earlier = this.#runs.get(run)?.seals.get(first);
    // If that seal is missing, so is one of the messages that this one covers.
    return earlier === undefined || earlier.seal.sha256 === before;
  }

  readonly #subjects = new Map<string, string>();

  #judge(chain: readonly Buffer[], time: string): string | undefined {
    try {
      return this.distrust(chain, Date.parse(time));
    } catch {
      return 'its certificate cannot be read';
    }
  }

  #subjectOf(key: string): string {
    const known = this.#subjects.get(key) ?? subjectOf(new X509Certificate(this.#chains.get(key)![0]!));
    this.#subjects.set(key, known);
    return known;
  }
}

/** Runs that a sealed message names as the one before, and up to which number. */
function followedBySealed(runs: readonly RunFindings[], covered: ReadonlyMap<Run, readonly Range[]>): Map<Run, number> {
  const followed = new Map<Run, number>();
  for (const { run, follows } of runs) {
    if (follows === undefined || covered.get(run)?.[0]?.first !== 1) continue;
    followed.set(follows.run, Math.max(followed.get(follows.run) ?? 0, follows.seq));
  }
  return followed;
}

/** Joined with the one before it, where one signer sealed on. */
function addSealed(sealed: Sealed[], seq: number, { run, first, time, key }: Seal, subject: string): void {
  const before = sealed.at(-1);
  if (before?.run === run && before.key === key && before.last >= first - 1 && before.last < seq) {
    sealed[sealed.length - 1] = { ...before, last: seq, until: time };
  } else sealed.push({ run, first, last: seq, subject, key, since: time, until: time });
}
