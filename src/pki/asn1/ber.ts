/**
 * Turns BER into DER (ITU-T X.690 sections 8 and 10), as far as PKCS#7 and PKCS#12
 * files need it that Windows, Java and older tools write: lengths that are told
 * at the end only, and strings in pieces. What is DER already stays byte for
 * byte, so that signatures hold. Pure.
 */
import { childrenOf, DerError, expect, readDer, TAG } from './read.js';

const CONSTRUCTED = 0x20;
const { octets: OCTETS, oid: OID, sequence: SEQUENCE } = TAG;
/** `[0]`, constructed. */
const CONTENT = 0xa0;
const END = Buffer.of(0, 0);
/** Certificates and bundles are a dozen levels deep. */
const DEEPEST = 40;

/** Throws a DerError when the bytes are no BER either, or something is behind it. */
export function derOf(bytes: Buffer): Buffer {
  const { der, next } = convert(bytes, 0, 0);
  if (next !== bytes.length) throw new DerError(`${bytes.length - next} bytes too many`, bytes.subarray(next));
  return der;
}

interface Converted {
  readonly der: Buffer;
  /** Where the next value begins. */
  readonly next: number;
}

function convert(bytes: Buffer, at: number, depth: number): Converted {
  const fault = (message: string) => new DerError(message, bytes.subarray(at));
  if (depth > DEEPEST) throw fault('nested too deep');
  const tag = bytes[at];
  const first = bytes[at + 1];
  if (tag === undefined || first === undefined) throw fault('value cut short');
  if ((tag & 0x1f) === 0x1f) throw fault('tag of more than one octet');
  const { start, end } = extent(bytes, at + 1);
  if (end !== undefined && (tag & CONSTRUCTED) === 0) return { der: bytes.subarray(at, end), next: end };
  const parts: Buffer[] = [];
  let next = start;
  while (end === undefined ? !isEnd(bytes, next) : next < end) {
    const part = convert(bytes, next, depth + 1);
    parts.push(part.der);
    next = part.next;
  }
  if (end !== undefined && next !== end) throw fault('value cut short');
  const after = end ?? next + END.length;
  if (tag === (OCTETS | CONSTRUCTED)) return { der: encoded(OCTETS, joined(parts)), next: after };
  const content = Buffer.concat(withWholeContent(tag, parts));
  const unchanged = end !== undefined && content.equals(bytes.subarray(start, end));
  return { der: unchanged ? bytes.subarray(at, end) : encoded(tag, content), next: after };
}

/** Where the content begins, and where it ends if that is told beforehand. */
function extent(bytes: Buffer, at: number): { start: number; end: number | undefined } {
  const first = bytes[at]!;
  if (first === 0x80) return { start: at + 1, end: undefined };
  const count = first & 0x7f;
  if (first < 0x80) return within(bytes, at + 1, first);
  if (count > 4 || at + 1 + count > bytes.length) throw new DerError('length out of range', bytes.subarray(at));
  return within(bytes, at + 1 + count, bytes.readUIntBE(at + 1, count));
}

function within(bytes: Buffer, start: number, length: number): { start: number; end: number } {
  if (start + length > bytes.length) throw new DerError('value cut short', bytes.subarray(start));
  return { start, end: start + length };
}

function isEnd(bytes: Buffer, at: number): boolean {
  if (at + END.length > bytes.length) throw new DerError('value cut short', bytes.subarray(at));
  return bytes.subarray(at, at + END.length).equals(END);
}

/**
 * EncryptedContentInfo (RFC 5652 section 6.1) holds its content as `[0] IMPLICIT OCTET STRING`: in pieces it looks like
 * `[0] EXPLICIT`, which has no place behind an algorithm.
 */
function withWholeContent(tag: number, parts: readonly Buffer[]): readonly Buffer[] {
  const [type, algorithm, content] = parts;
  const isEncrypted = tag === SEQUENCE && parts.length === 3 && type?.[0] === OID && algorithm?.[0] === SEQUENCE;
  if (!isEncrypted || type === undefined || algorithm === undefined || content?.[0] !== CONTENT) return parts;
  const pieces = childrenOf(readDer(content)).map(({ raw }) => raw);
  return [type, algorithm, encoded(CONTENT & ~CONSTRUCTED, joined(pieces))];
}

function joined(parts: readonly Buffer[]): Buffer {
  return Buffer.concat(parts.map((part) => expect(readDer(part), OCTETS, 'octets').content));
}

function encoded(tag: number, content: Buffer): Buffer {
  const size = content.length;
  if (size < 0x80) return Buffer.concat([Buffer.of(tag, size), content]);
  const count = Math.ceil((32 - Math.clz32(size)) / 8);
  const octets = Buffer.alloc(count);
  octets.writeUIntBE(size, 0, count);
  return Buffer.concat([Buffer.of(tag, 0x80 | count), octets, content]);
}
