/**
 * Reads and writes distinguished names (RFC 5280 section 4.1.2.4), as RFC 4514 does,
 * last part first (`CN=openemr,O=Clinic,C=US`), or as the openssl command line
 * takes them (`/C=US/O=Clinic/CN=openemr`). Pure.
 */
import { AgentError } from '../../lib/errors.js';
import { childrenOf, type Der, oidOf, textOf } from '../asn1/read.js';
import { type Asn1, ia5, oid, printable, sequence, set, utf8 } from '../asn1/write.js';

export interface Attribute {
  /** Object identifier, dotted. */
  readonly type: string;
  readonly value: string;
}

/** From the root downwards; a relative name mostly has one attribute. */
export type DistinguishedName = readonly (readonly Attribute[])[];

const TYPES: Readonly<Record<string, string>> = {
  CN: '2.5.4.3',
  SN: '2.5.4.4',
  serialNumber: '2.5.4.5',
  C: '2.5.4.6',
  L: '2.5.4.7',
  ST: '2.5.4.8',
  street: '2.5.4.9',
  O: '2.5.4.10',
  OU: '2.5.4.11',
  title: '2.5.4.12',
  GN: '2.5.4.42',
  DC: '0.9.2342.19200300.100.1.25',
  UID: '0.9.2342.19200300.100.1.1',
  emailAddress: '1.2.840.113549.1.9.1',
};
const LABELS = new Map(Object.entries(TYPES).map(([label, type]) => [type, label]));
const BY_LABEL = new Map(Object.entries({ ...TYPES, S: TYPES.ST!, E: TYPES.emailAddress! }).map(lowerKey));
const PRINTABLE_ONLY = new Set([TYPES.C, TYPES.serialNumber]);
const ASCII_ONLY = new Set([TYPES.DC, TYPES.emailAddress]);

/** Either form; throws an AgentError that quotes what it could not take. */
export function parseName(text: string): DistinguishedName {
  const slashed = text.startsWith('/');
  const parts = split(slashed ? text.slice(1) : text, slashed ? '/' : ',').filter((part) => part.trim() !== '');
  if (parts.length === 0) throw invalid(text, 'it is empty');
  const name = parts.map((part) => split(part, '+').map((attribute) => parseAttribute(attribute, text)));
  return slashed ? name : name.reverse();
}

/** RFC 4514: `CN=openemr@localhost,C=US`. */
export function formatName(name: DistinguishedName): string {
  return [...name]
    .reverse()
    .map((part) => part.map(({ type, value }) => `${LABELS.get(type) ?? type}=${escape4514(value)}`).join('+'))
    .join(',');
}

/** As RFC 4514 has it, of what Node gives: an attribute a line, the root first. */
export function nameFromLines(lines: string | undefined): string {
  return (lines ?? '').split('\n').filter(Boolean).reverse().join(',');
}

/** `/C=US/CN=openemr@localhost`. */
export function formatOneLine(name: DistinguishedName): string {
  return name
    .map((part) => part.map(({ type, value }) => `${LABELS.get(type) ?? type}=${quote(value, /[/+\\]/g)}`).join('+'))
    .map((part) => `/${part}`)
    .join('');
}

export function nameToAsn1(name: DistinguishedName): Asn1 {
  return sequence(
    ...name.map((part) => set(...part.map((attribute) => sequence(oid(attribute.type), text(attribute))))),
  );
}

export function nameFromDer(der: Der): DistinguishedName {
  return childrenOf(der).map((part) =>
    childrenOf(part).map((attribute) => {
      const [type, value] = childrenOf(attribute);
      return { type: oidOf(type), value: value ? textOf(value) : '' };
    }),
  );
}

/** The last common name, which is the most specific one. */
export function commonName(name: DistinguishedName): string | undefined {
  return name.flat().findLast(({ type }) => type === TYPES.CN)?.value;
}

function parseAttribute(text: string, whole: string): Attribute {
  const equals = text.indexOf('=');
  if (equals === -1) throw invalid(whole, `${JSON.stringify(text)} has no "="`);
  const label = text.slice(0, equals).trim();
  const type = BY_LABEL.get(label.toLowerCase()) ?? (/^\d+(\.\d+)+$/.test(label) ? label : undefined);
  const value = unquote(text.slice(equals + 1).trim());
  if (type === undefined) throw invalid(whole, `${JSON.stringify(label)} is not an attribute known here`);
  if (value === '') throw invalid(whole, `${label} is empty`);
  if (type === TYPES.C && !/^[A-Za-z]{2}$/.test(value)) throw invalid(whole, 'C takes a country code of two letters');
  return { type, value };
}

function split(text: string, at: string): string[] {
  const parts = [''];
  for (let index = 0; index < text.length; index += 1) {
    const escaped = text[index] === '\\';
    if (text[index] === at) parts.push('');
    else parts.push(parts.pop() + text.slice(index, index + (escaped ? 2 : 1)));
    if (escaped) index += 1;
  }
  return parts;
}

function text({ type, value }: Attribute): Asn1 {
  if (PRINTABLE_ONLY.has(type)) return printable(value);
  return ASCII_ONLY.has(type) ? ia5(value) : utf8(value);
}

/** RFC 4514 section 2.4; a control character as its octets. */
function escape4514(value: string): string {
  return quote(value, /["+,;<>\\]|^[ #]| $/g).replaceAll(/\p{Cc}/gu, (character) =>
    Buffer.from(character).toString('hex').replaceAll(/../g, '\\$&'),
  );
}

function quote(value: string, special: RegExp): string {
  return value.replaceAll(special, '\\$&');
}

function unquote(value: string): string {
  const hex = /((?:\\[0-9A-Fa-f]{2})+)/g;
  return value
    .replaceAll(hex, (pairs) => Buffer.from(pairs.replaceAll('\\', ''), 'hex').toString('utf8'))
    .replaceAll(/\\(.)/gs, '$1');
}

function invalid(text: string, why: string): AgentError {
  return new AgentError('name-invalid', `${JSON.stringify(text)} is not a valid subject name: ${why}`, {
    hint: 'write it as /C=US/O=My Clinic/CN=openemr@localhost or CN=openemr@localhost,O=My Clinic,C=US',
  });
}

function lowerKey([key, value]: [string, string]): [string, string] {
  return [key.toLowerCase(), value];
}
