/**
 * Seals what the agent sends: notes every entry on its way from the encoder to the
 * journal, and makes a seal over them when it is asked to. What is hashed is kept in
 * memory until its seal is made, at most a few thousand messages: so when the disk
 * fails and numbers go back, the sealer goes back with them.
 */
import { createHash, createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import type { NewEntry, Run } from '../model/entry.js';
import type { Field } from '../model/record.js';
import { canSeal, certificateFields, certificateId, chained, type Seal, sealFields, signSeal } from './seal.js';

/** What seals are signed with. */
export interface Signer {
  readonly key: KeyObject;
  /** In DER, that of the key first. */
  readonly chain: readonly Buffer[];
  /** `key` of its seals. */
  readonly id: string;
}

/** From PEM, the certificates with that of the key first; `undefined` when a key of this kind cannot seal. */
export function signerOf(cert: string, key: string): Signer | undefined {
  const chain = cert.match(CERTIFICATE)?.map((pem) => new X509Certificate(pem).raw) ?? [];
  const privateKey = createPrivateKey(key);
  const [own] = chain;
  return own === undefined || !canSeal(privateKey) ? undefined : { key: privateKey, chain, id: certificateId(own) };
}

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/g;

/** An encoder as ingest uses it. */
interface Encodes<Chunk, Position> {
  readonly nextSeq: number;
  encode(chunk: Chunk): NewEntry;
  encodeAgain(chunk: Chunk): NewEntry;
  own(kind: string, fields: readonly Field[], nowMs: number, severity: Level): NewEntry;
  reset(nextSeq: number, positions: readonly Position[]): void;
}

/** As RFC 5424 has them. */
type Level = 0 | 1 | 2 | 3 | 4 | 5 | 6 | 7;

export interface SealerOptions {
  readonly run: Run;
  /** What to sign with now; `undefined` while there is nothing. */
  readonly signer: () => Signer | undefined;
  /** `message.maxBytes` */
  readonly maxBytes: number;
  /** Puts an own message into the journal, through the encoder that `around` gave. */
  readonly say: (message: { kind: string; fields: readonly Field[]; severity: Level }) => void;
}

/** A seal is due at the latest after so many messages, and after so long. */
export const SEAL_EVERY_MESSAGES = 4096;
export const SEAL_EVERY_MS = 60_000;
/** Held for a seal. */
const MOST_BYTES = 8 * 1024 * 1024;
/** Of a message that carries a part of a certificate, for all but that part. */
const OTHER_OCTETS = 900;

/** What one seal covers. */
interface Stretch {
  readonly first: number;
  readonly before: string;
  entries: NewEntry[];
}

export class Sealer {
  #open: Stretch = { first: 1, before: '', entries: [] };
  /** Of the seal before, until the next: the disk may not have it yet. */
  #sealed: Stretch | undefined;
  #bytes = 0;
  #announced = '';
  /** The last signer, for a seal that has to be made again. */
  #signer: Signer | undefined;

  constructor(private readonly options: SealerOptions) {}

  /** The same encoder, whose entries are noted and whose seals are made here. */
  around<C, P>(encoder: Encodes<C, P>): Encodes<C, P> {
    return {
      get nextSeq() {
        return encoder.nextSeq;
      },
      encode: (chunk) => this.#note(encoder.encode(chunk)),
      encodeAgain: (chunk) => this.#note(encoder.encodeAgain(chunk)),
      own: (kind, fields, nowMs, severity) => {
        if (kind !== 'seal') return this.#note(encoder.own(kind, fields, nowMs, severity));
        const first = encoder.nextSeq;
        const { made, sha256 } = this.#make(first, nowMs);
        const entry = encoder.own(kind, made, nowMs, severity);
        this.#sealed = this.#open;
        this.#open = { first, before: sha256, entries: [] };
        this.#bytes = 0;
        return this.#note(entry);
      },
      reset: (nextSeq, positions) => {
        encoder.reset(nextSeq, positions);
        this.#goBack(nextSeq);
      },
    };
  }

  /** Seals when much is unsealed. */
  look(): void {
    const { entries, first } = this.#open;
    const last = entries.at(-1);
    const messages = last === undefined ? 0 : last.first.seq + last.count - first;
    if (messages >= SEAL_EVERY_MESSAGES || this.#bytes >= MOST_BYTES) this.seal();
  }

  /** Seals what has been sent since the last seal, if there is anything but that seal. */
  seal(): void {
    const signer = this.options.signer();
    if (signer === undefined) {
      this.#forget();
      return;
    }
    this.#signer = signer;
    this.announce(signer);
    const { entries, before } = this.#open;
    if (entries.length <= (before === '' ? 0 : 1)) return;
    this.options.say({ kind: 'seal', fields: [], severity: NOTICE });
  }

  /** Puts the certificates into the trail, once for each signer. */
  announce(signer = this.options.signer()): void {
    if (signer === undefined || signer.id === this.#announced) return;
    this.#announced = signer.id;
    for (const fields of certificateFields(signer.chain, this.options.maxBytes - OTHER_OCTETS))
      this.options.say({ kind: 'seal-certificate', fields, severity: NOTICE });
  }

  #note(entry: NewEntry): NewEntry {
    if (entry.count > 0) {
      this.#open.entries.push(entry);
      this.#bytes += entry.frames.length;
    }
    return entry;
  }

  #make(nextSeq: number, nowMs: number): { made: readonly Field[]; sha256: string } {
    const { first, before, entries } = this.#open;
    const hash = createHash('sha256').update(chained(before));
    for (const { frames } of entries) hash.update(frames);
    const sha256 = hash.digest('hex');
    const signer = this.options.signer() ?? this.#signer!;
    const time = new Date(nowMs).toISOString();
    const seal: Seal = { run: this.options.run, first, last: nextSeq - 1, before, sha256, time, key: signer.id };
    return { made: sealFields(seal, signSeal(seal, signer.key)), sha256 };
  }

  /** Messages from `nextSeq` on were not kept by the disk and are made anew. */
  #goBack(nextSeq: number): void {
    if (nextSeq < this.#open.first + 1 && this.#open.before !== '' && this.#sealed !== undefined) {
      this.#open = this.#sealed;
      this.#sealed = undefined;
    }
    if (nextSeq < this.#open.first) {
      // Further back than is remembered: a new chain begins, and its first seal says so.
      this.#open = { first: nextSeq, before: '', entries: [] };
    }
    this.#open.entries = this.#open.entries.filter(({ first, count }) => first.seq + count <= nextSeq);
    this.#bytes = this.#open.entries.reduce((sum, { frames }) => sum + frames.length, 0);
  }

  /** Nothing can be signed: what has been sent stays unsealed, and a new chain begins behind it. */
  #forget(): void {
    const last = this.#open.entries.at(-1);
    if (last === undefined || this.#bytes < MOST_BYTES) return;
    this.#open = { first: last.first.seq + last.count, before: '', entries: [] };
    this.#bytes = 0;
  }
}

const NOTICE: Level = 5;
