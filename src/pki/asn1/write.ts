/**
 * Writes DER (ITU-T X.690) with the ASN.1 of node-forge: the few types that
 * certificates, requests, revocation lists and PKCS#12 are made of. Pure.
 */
import asn1 from 'node-forge/lib/asn1.js';
import { type Der, readDer } from './read.js';

export type Asn1 = asn1.Asn1;

const { create, Class, Type } = asn1;
const CONSTRUCTED = 0x20;

export function encode(value: Asn1): Buffer {
  return Buffer.from(asn1.toDer(value).getBytes(), 'latin1');
}

export function sequence(...parts: Asn1[]): Asn1 {
  return create(Class.UNIVERSAL, Type.SEQUENCE, true, parts);
}

export function set(...parts: Asn1[]): Asn1 {
  return create(Class.UNIVERSAL, Type.SET, true, parts);
}

/** `[tag] EXPLICIT`, or `[tag] IMPLICIT` of a constructed type. */
export function tagged(tag: number, ...parts: Asn1[]): Asn1 {
  return create(Class.CONTEXT_SPECIFIC, tag, true, parts);
}

/** `[tag] IMPLICIT` of a primitive type. */
export function taggedBytes(tag: number, content: Uint8Array | string): Asn1 {
  return create(Class.CONTEXT_SPECIFIC, tag, false, bytes(content));
}

/** What is DER already goes in byte for byte: its content is opaque, its constructed bit part of the type. */
export function finished(der: Buffer | Der): Asn1 {
  const { tag, content } = Buffer.isBuffer(der) ? readDer(der) : der;
  return create(tag & 0xc0, tag & (0x1f | CONSTRUCTED), false, bytes(content));
}

export function oid(dotted: string): Asn1 {
  return create(Class.UNIVERSAL, Type.OID, false, asn1.oidToDer(dotted).getBytes());
}

/** A number, or the big-endian bytes of one that is not negative. */
export function integer(value: number | Buffer): Asn1 {
  if (typeof value === 'number') {
    return create(Class.UNIVERSAL, Type.INTEGER, false, asn1.integerToDer(value).getBytes());
  }
  let start = 0;
  while (start < value.length - 1 && value[start] === 0) start += 1;
  const shortest = value.subarray(start);
  const positive = (shortest[0] ?? 0) >= 0x80 || shortest.length === 0 ? [Buffer.of(0), shortest] : [shortest];
  return create(Class.UNIVERSAL, Type.INTEGER, false, bytes(Buffer.concat(positive)));
}

export function enumerated(value: number): Asn1 {
  return create(Class.UNIVERSAL, Type.ENUMERATED, false, String.fromCharCode(value));
}

export function boolean(value: boolean): Asn1 {
  return create(Class.UNIVERSAL, Type.BOOLEAN, false, value ? '\xff' : '\x00');
}

export function nothing(): Asn1 {
  return create(Class.UNIVERSAL, Type.NULL, false, '');
}

export function octets(content: Uint8Array | Asn1): Asn1 {
  return create(
    Class.UNIVERSAL,
    Type.OCTETSTRING,
    false,
    bytes(content instanceof Uint8Array ? content : encode(content)),
  );
}

export function bits(content: Uint8Array, unused = 0): Asn1 {
  return create(Class.UNIVERSAL, Type.BITSTRING, false, String.fromCharCode(unused) + bytes(content));
}

/** A BIT STRING of named bits: without trailing zeros (X.690 section 11.2.2). */
export function namedBits(positions: readonly number[]): Asn1 {
  const highest = Math.max(-1, ...positions);
  const content = Buffer.alloc(Math.ceil((highest + 1) / 8));
  for (const position of positions) content[position >> 3]! |= 0x80 >> (position & 7);
  return bits(content, content.length * 8 - (highest + 1));
}

export function utf8(text: string): Asn1 {
  return create(Class.UNIVERSAL, Type.UTF8, false, bytes(text));
}

export function printable(text: string): Asn1 {
  return create(Class.UNIVERSAL, Type.PRINTABLESTRING, false, bytes(text));
}

export function ia5(text: string): Asn1 {
  return create(Class.UNIVERSAL, Type.IA5STRING, false, bytes(text));
}

/** BMPString: UTF-16, big-endian (PKCS#12 friendly names). */
export function bmp(text: string): Asn1 {
  return create(Class.UNIVERSAL, Type.BMPSTRING, false, text);
}

/** UTCTime up to 2049, GeneralizedTime from 2050 on (RFC 5280 section 4.1.2.5); whole seconds. */
export function time(date: Date): Asn1 {
  const digits = `${date.toISOString().replaceAll(/[-:T]|\.\d+Z$/g, '')}Z`;
  const year = date.getUTCFullYear();
  return year >= 1950 && year < 2050
    ? create(Class.UNIVERSAL, Type.UTCTIME, false, digits.slice(2))
    : create(Class.UNIVERSAL, Type.GENERALIZEDTIME, false, digits);
}

function bytes(content: Uint8Array | string): string {
  return Buffer.from(content as Uint8Array).toString('latin1');
}
