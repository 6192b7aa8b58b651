/**
 * A seal: the agent's signature over the messages since the seal before. It is one of
 * the agent's own messages, `kind="seal"`, and says
 *
 *     first, last   the messages that it covers, all of one run, the seal before among them
 *     messages      how many
 *     before        `sha256` of the seal before; empty where a chain of seals begins
 *     sha256        SHA-256 over `before` (32 octets, or none) and the frames, MSG-LEN SP SYSLOG-MSG each
 *     time          when it was made, RFC 3339 in UTC
 *     key           SHA-256 of the certificate, in DER, that the signature is checked by
 *     signature     base64, over the text that `signedText` makes
 *
 * ECDSA with SHA-256 in DER, or RSA-PSS with SHA-256, MGF1 of the same and a salt of 32
 * octets. The first line of the text says what it is for, so that the signature is good
 * for nothing else. docs/seals.md has an example.
 */
import { constants, createHash, type KeyObject, sign, verify } from 'node:crypto';
import type { Run } from '../model/entry.js';
import type { Field } from '../model/record.js';

export interface Seal {
  readonly run: Run;
  readonly first: number;
  /** One less than `first` when nothing had been sent. */
  readonly last: number;
  /** Hex; empty where a chain begins. */
  readonly before: string;
  /** Hex. */
  readonly sha256: string;
  /** RFC 3339 in UTC. */
  readonly time: string;
  /** Hex. */
  readonly key: string;
}

const CONTEXT = 'seal of openemr-audit-forwarder, version 1';

/** What is signed: names and values a line, in this order, each line with its LF. */
export function signedText({ run, first, last, before, sha256, time, key }: Seal): string {
  const messages = last - first + 1;
  const lines = Object.entries({ run, first, last, messages, before, sha256, time, key });
  return [CONTEXT, ...lines.map(([name, value]) => `${name}=${value}`), ''].join('\n');
}

/** In front of the frames: the digest of the seal before, in octets. */
export function chained(before: string): Buffer {
  return Buffer.from(before, 'hex');
}

export function certificateId(der: Buffer): string {
  return createHash('sha256').update(der).digest('hex');
}

/** Can a key of this kind make seals? */
export function canSeal(key: KeyObject): boolean {
  return key.asymmetricKeyType === 'ec' || isRsa(key);
}

export function signSeal(seal: Seal, key: KeyObject): string {
  return sign('sha256', Buffer.from(signedText(seal), 'latin1'), { key, ...paddingOf(key) }).toString('base64');
}

export function isSignedBy(seal: Seal, signature: string, key: KeyObject): boolean {
  if (!canSeal(key)) return false;
  const text = Buffer.from(signedText(seal), 'latin1');
  try {
    return verify('sha256', text, { key, ...paddingOf(key) }, Buffer.from(signature, 'base64'));
  } catch {
    return false;
  }
}

/** The fields of the message, behind its name. */
export function sealFields(seal: Seal, signature: string): Field[] {
  const { first, last, before, sha256, time, key } = seal;
  return [
    ['first', String(first)],
    ['last', String(last)],
    ['messages', String(last - first + 1)],
    ['before', before],
    ['sha256', sha256],
    ['time', time],
    ['key', key],
    ['signature', signature],
  ];
}

/** `undefined` for fields that no agent of ours writes. */
export function readSeal(
  run: Run,
  fields: Readonly<Record<string, string>>,
): { readonly seal: Seal; readonly signature: string } | undefined {
  const { before = '', sha256 = '', time = '', key = '', signature = '' } = fields;
  const [first, last, messages] = [fields.first, fields.last, fields.messages].map(Number) as [number, number, number];
  const counts = [first, last, messages].every((count) => Number.isSafeInteger(count) && count >= 0);
  const hashes = (before === '' || HEX.test(before)) && HEX.test(sha256) && HEX.test(key);
  if (!counts || !hashes || first < 1 || messages !== last - first + 1 || messages < 0 || !TIME.test(time))
    return undefined;
  return { seal: { run, first, last, before, sha256, time, key }, signature };
}

const HEX = /^[0-9a-f]{64}$/;
const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;

/**
 * The certificates of a signer, as the trail carries them: kind="seal-certificate" with `key`, `part` `1/2` and
 * `chain`, a part of the certificates in DER and base64, the signer's own first, joined with dots. A part has at most
 * `room` octets.
 */
export function certificateFields(chain: readonly Buffer[], room: number): Field[][] {
  const text = chain.map((der) => der.toString('base64')).join('.');
  const key = certificateId(chain[0]!);
  const total = Math.ceil(text.length / room);
  return Array.from({ length: total }, (_, index): Field[] => [
    ['key', key],
    ['part', `${index + 1}/${total}`],
    ['chain', text.slice(index * room, (index + 1) * room)],
  ]);
}

/** Puts the parts together again, from messages in any order. */
export class CertificateParts {
  readonly #parts = new Map<string, string[]>();

  /** The chain in DER once all of it is there, the signer's own first. */
  add({ key = '', part = '', chain = '' }: Readonly<Record<string, string>>): readonly Buffer[] | undefined {
    const [number = 0, total = 0] = part.split('/').map(Number);
    if (!(number >= 1 && number <= total && total <= MAX_PARTS)) return undefined;
    const parts = this.#parts.get(`${key} ${total}`) ?? [];
    this.#parts.set(`${key} ${total}`, parts);
    parts[number - 1] = chain;
    if (parts.filter((each) => each !== undefined).length < total) return undefined;
    const ders = parts
      .join('')
      .split('.')
      .map((text) => Buffer.from(text, 'base64'));
    return certificateId(ders[0]!) === key ? ders : undefined;
  }
}

/** Of 1 KB at the least; no chain of certificates is as long. */
const MAX_PARTS = 64;

function isRsa(key: KeyObject): boolean {
  return key.asymmetricKeyType === 'rsa' || key.asymmetricKeyType === 'rsa-pss';
}

function paddingOf(key: KeyObject): { padding?: number; saltLength?: number } {
  return isRsa(key) ? { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 32 } : {};
}
