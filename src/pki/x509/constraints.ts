/**
 * Judges the name constraints of authorities (RFC 5280 section 4.2.1.10) as OpenSSL does: which
 * name of a certificate is outside of what an authority above it may sign, and by which rule.
 */
import type { X509Certificate } from 'node:crypto';
import { addressOf, childrenOf, type Der, DerError, expect, readDer, TAG } from '../asn1/read.js';
import { type CertificateFields, readFields } from './certificate.js';
import { asHostName, EXTENSION } from './extensions.js';
import { commonName, type DistinguishedName, formatName, nameFromDer } from './name.js';
import { generalName } from './usages.js';

interface Subtree {
  /** Of the general name: 0x82 is a DNS name. */
  readonly tag: number;
  readonly content: Buffer;
  /** `DNS:clinic.example`, `IP:192.0.2.0/255.255.255.0`. */
  readonly text: string;
}

interface Constraints {
  readonly permitted: readonly Subtree[];
  readonly excluded: readonly Subtree[];
}

type Name = Pick<Subtree, 'tag' | 'content'>;

const EMAIL = 0x81;
const DNS = 0x82;
const DIRECTORY = 0xa4;
const URI = 0x86;
const ADDRESS = 0x87;
const EMAIL_ADDRESS = '1.2.840.113549.1.9.1';

/** `certificates`: leaf first, then each one's issuer. `undefined` when every name is permitted. */
export function constraintFault(certificates: readonly X509Certificate[]): string | undefined {
  const fields = certificates.map(readFields);
  for (const [depth, { issuer, subject }] of fields.entries()) {
    // An authority's certificate for its own next key is exempt, but never the leaf.
    if (depth > 0 && issuer.raw.equals(subject.raw)) continue;
    const names = namesOf(fields[depth]!);
    for (const above of fields.slice(depth + 1)) {
      const fault = firstFault(names, constraintsOf(above), formatName(nameFromDer(above.subject)));
      if (fault !== undefined) return fault;
    }
  }
  return undefined;
}

/** Of an authority. Throws a DerError when they are damaged. */
export function constraintsOf({ extensions }: Pick<CertificateFields, 'extensions'>): Constraints {
  const found = extensions.find(({ type }) => type === EXTENSION.nameConstraints);
  const parts = found === undefined ? [] : childrenOf(expect(readDer(found.value), TAG.sequence, 'name constraints'));
  const subtrees = (tag: number) =>
    parts
      .filter((each) => each.tag === tag)
      .flatMap(childrenOf)
      .map(subtreeOf);
  return { permitted: subtrees(0xa0), excluded: subtrees(0xa1) };
}

function subtreeOf(value: Der): Subtree {
  const [base, ...limits] = childrenOf(value);
  if (base === undefined || limits.length > 0)
    throw new DerError('a subtree of names without limits expected', value.raw);
  const { tag, content } = base;
  return { tag, content, text: tag === ADDRESS ? rangeText(content) : generalName(tag, content) };
}

function rangeText(content: Buffer): string {
  const half = content.length / 2;
  return `IP:${addressOf(content.subarray(0, half))}/${addressOf(content.subarray(half))}`;
}

function firstFault(names: readonly Name[], { permitted, excluded }: Constraints, whose: string): string | undefined {
  for (const name of names) {
    const shown = generalName(name.tag, name.content);
    const out = excluded.find((each) => each.tag === name.tag && matches(name, each, true));
    if (out !== undefined) {
      return `its name ${shown} is excluded by its authority ${whose} (excluded subtree violation: ${out.text})`;
    }
    const allowed = permitted.filter(({ tag }) => tag === name.tag);
    if (allowed.length === 0 || allowed.some((each) => matches(name, each, false))) continue;
    const only = allowed.map(({ text }) => text).join(', ');
    return `its name ${shown} is outside of what its authority ${whose} may sign (permitted subtree violation: only ${only})`;
  }
  return undefined;
}

/** Every name that a certificate claims: those of the subject alternative name, its subject, and the mail address in that. */
function namesOf({ extensions, subject }: CertificateFields): Name[] {
  const found = extensions.find(({ type }) => type === EXTENSION.subjectAltName);
  const alternative = found === undefined ? [] : childrenOf(readDer(found.value));
  const own = nameFromDer(subject);
  const mailboxes = own.flat().filter(({ type }) => type === EMAIL_ADDRESS);
  // Where no DNS name is given, a common name that looks like one counts as one.
  const host = alternative.some(({ tag }) => tag === DNS) ? undefined : asHostName(commonName(own) ?? '');
  return [
    ...alternative,
    ...(own.length === 0 ? [] : [{ tag: DIRECTORY, content: subject.raw }]),
    ...mailboxes.map(({ value }) => ({ tag: EMAIL, content: Buffer.from(value, 'latin1') })),
    ...(host?.includes('.') ? [{ tag: DNS, content: Buffer.from(host, 'latin1') }] : []),
  ];
}

/** Of the same kind; `unknown` is the answer for kinds that are not judged here. */
function matches(name: Name, subtree: Subtree, unknown: boolean): boolean {
  const text = name.content.toString('latin1').toLowerCase();
  const base = subtree.content.toString('latin1').toLowerCase();
  switch (name.tag) {
    case DNS:
      return base === '' || text === base || text.endsWith(base.startsWith('.') ? base : `.${base}`);
    case EMAIL:
      return base.includes('@') ? text === base : isHostIn(text.slice(text.lastIndexOf('@') + 1), base);
    case URI:
      return isHostIn(/^[^:]+:\/\/(?:[^@/]*@)?([^:/?#]*)/.exec(text)?.[1] ?? '', base);
    case ADDRESS:
      return isAddressIn(name.content, subtree.content);
    case DIRECTORY:
      return isBelow(nameFromDer(readDer(name.content)), nameFromDer(readDer(subtree.content)));
    default:
      return unknown;
  }
}

function isHostIn(host: string, base: string): boolean {
  return base.startsWith('.') ? host.endsWith(base) : base === '' || host === base;
}

function isAddressIn(address: Buffer, range: Buffer): boolean {
  const { length } = address;
  return (
    range.length === length * 2 && address.every((octet, at) => ((octet ^ range[at]!) & range[length + at]!) === 0)
  );
}

/** Compared as OpenSSL does: letters of either case, blanks in a row as one. */
function isBelow(name: DistinguishedName, base: DistinguishedName): boolean {
  const canonical = (one: DistinguishedName) =>
    one.map((part) => formatName([part]).toLowerCase().replaceAll(/\s+/g, ' ').trim());
  const parts = canonical(name);
  return canonical(base).every((part, at) => parts[at] === part);
}
