/**
 * Reads DER (ITU-T X.690) one level at a time: tag, length, content, no
 * recursion, nothing outside the bytes given. For what node:crypto does not
 * show of a certificate it has accepted, and for the formats that it does not
 * read at all: requests, revocation lists, PKCS#7 and PKCS#12.
 */

/** One value: `tag` is the whole first octet (class, constructed bit, number). */
export interface Der {
  readonly tag: number;
  readonly content: Buffer;
  /** Tag, length and content: what is signed or hashed. */
  readonly raw: Buffer;
}

export class DerError extends Error {
  override readonly name = 'DerError';

  /** `at`: the bytes that begin where the fault is, if that is known. */
  constructor(
    message: string,
    private readonly at?: Buffer,
  ) {
    super(message);
  }

  /** Where in `bytes` the fault is; `undefined` when that is not known, or elsewhere (in a decrypted part). */
  offsetIn(bytes: Buffer): number | undefined {
    if (this.at === undefined || this.at.buffer !== bytes.buffer) return undefined;
    const offset = this.at.byteOffset - bytes.byteOffset;
    return offset >= 0 && offset <= bytes.length ? offset : undefined;
  }
}

export const TAG = {
  boolean: 0x01,
  integer: 0x02,
  bits: 0x03,
  octets: 0x04,
  oid: 0x06,
  utcTime: 0x17,
  generalizedTime: 0x18,
  sequence: 0x30,
  set: 0x31,
} as const;

/** The only value in `bytes`; anything behind it is an error. */
export function readDer(bytes: Buffer): Der {
  const value = readFirst(bytes, 0);
  const rest = bytes.subarray(value.raw.length);
  if (rest.length > 0) throw new DerError(`${rest.length} bytes too many`, rest);
  return value;
}

/** The values that a constructed one holds. */
export function childrenOf({ content }: Der): Der[] {
  const children: Der[] = [];
  for (let at = 0; at < content.length; ) {
    const child = readFirst(content, at);
    children.push(child);
    at += child.raw.length;
  }
  return children;
}

/** `value` itself when it is there and has this tag. */
export function expect(value: Der | undefined, tag: number, what: string): Der {
  if (value?.tag !== tag) throw new DerError(`${what} expected`, value?.raw);
  return value;
}

/** Longer than any that was ever given out; the arithmetic below grows with the square of it. */
const LONGEST_OID = 128;

export function oidOf(value: Der | undefined): string {
  const { content } = expect(value, TAG.oid, 'object identifier');
  if (content.length > LONGEST_OID) throw new DerError('object identifier too long', content);
  const arcs: bigint[] = [];
  let arc = 0n;
  for (const byte of content) {
    arc = arc * 128n + BigInt(byte & 0x7f);
    if (byte >= 0x80) continue;
    arcs.push(arc);
    arc = 0n;
  }
  const first = arcs.shift();
  if (first === undefined) throw new DerError('empty object identifier', content);
  const root = first < 80n ? first / 40n : 2n;
  return [root, first - root * 40n, ...arcs].join('.');
}

export function numberOf(value: Der | undefined): number {
  const { content } = expect(value, TAG.integer, 'integer');
  if (content.length === 0 || content.length > 6) throw new DerError('integer out of range', content);
  return content.readIntBE(0, content.length);
}

/** UTCTime (two-digit years below 50 are 20xx, RFC 5280 section 4.1.2.5.1) or GeneralizedTime. */
export function timeOf(value: Der | undefined): Date {
  const text = value?.content.toString('latin1') ?? '';
  const digits = value?.tag === TAG.utcTime ? `${Number(text.slice(0, 2)) < 50 ? '20' : '19'}${text}` : text;
  const parts = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z$/.exec(digits);
  const isTime = value?.tag === TAG.utcTime || value?.tag === TAG.generalizedTime;
  if (!parts || !isTime) throw new DerError('time expected', value?.raw);
  const [year, month, day, hour, minute, second] = parts.slice(1);
  const date = new Date(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
  if (Number.isNaN(date.getTime())) throw new DerError(`no such time: ${text}`, value.raw);
  return date;
}

/** The octets of a BIT STRING of whole octets. */
export function bitsOf(value: Der | undefined): Buffer {
  const { content } = expect(value, TAG.bits, 'bit string');
  if (content[0] !== 0) throw new DerError('bit string of whole octets expected', content);
  return content.subarray(1);
}

/** The positions of the bits that are set. */
export function namedBitsOf(value: Der | undefined): number[] {
  const octets = expect(value, TAG.bits, 'bit string').content.subarray(1);
  const positions: number[] = [];
  for (let at = 0; at < octets.length * 8; at += 1) {
    if ((octets[at >> 3]! & (0x80 >> (at & 7))) !== 0) positions.push(at);
  }
  return positions;
}

/** Text of a directory string by its tag: BMPString is UTF-16, T61String taken as Latin-1, all others UTF-8. */
export function textOf({ tag, content }: Der): string {
  const number = tag & 0x1f;
  if (number === 30 && content.length % 2 === 0) return Buffer.from(content).swap16().toString('utf16le');
  return content.toString(number === 20 ? 'latin1' : 'utf8');
}

/** An address from the octets of `iPAddress`. */
export function addressOf(octets: Buffer): string {
  if (octets.length === 4) return octets.join('.');
  if (octets.length !== 16) return octets.toString('hex');
  const groups = Array.from({ length: 8 }, (_, at) => octets.readUInt16BE(at * 2).toString(16)).join(':');
  return new URL(`http://[${groups}]`).hostname.slice(1, -1);
}

function readFirst(bytes: Buffer, at: number): Der {
  const tag = bytes[at];
  let length = bytes[at + 1];
  const fault = (message: string) => new DerError(message, bytes.subarray(at));
  if (tag === undefined || length === undefined) throw fault('value cut short');
  if ((tag & 0x1f) === 0x1f) throw fault('tag of more than one octet');
  let start = at + 2;
  if (length >= 0x80) {
    const count = length & 0x7f;
    if (count === 0) throw fault('indefinite length (BER)');
    if (count > 4 || start + count > bytes.length) throw fault('length out of range');
    length = bytes.readUIntBE(start, count);
    start += count;
  }
  const end = start + length;
  if (end > bytes.length) throw fault('value cut short');
  return { tag, content: bytes.subarray(start, end), raw: bytes.subarray(at, end) };
}
