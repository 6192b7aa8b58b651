/** Puts the names and usages of a certificate or request (RFC 5280 section 4.2.1) into words. Pure. */
import { addressOf, childrenOf, namedBitsOf, numberOf, oidOf, readDer } from '../asn1/read.js';
import type { CertificateFields, Extension } from './certificate.js';
import { type AlternativeNames, alternativeNames, EXTENSION, KEY_USAGES, type Purposes } from './extensions.js';
import { formatName, nameFromDer } from './name.js';

export interface Usages {
  /** `DNS:hie.example`, `IP:192.0.2.1`, `email:openemr@localhost` … */
  readonly subjectAltName: readonly string[];
  readonly authority: boolean;
  readonly keyUsage: readonly string[];
  /** `clientAuth`, `serverAuth`, or an object identifier; empty: not restricted. */
  readonly extendedKeyUsage: readonly string[];
}

const PURPOSES: Readonly<Record<string, string>> = {
  '1.3.6.1.5.5.7.3.1': 'serverAuth',
  '1.3.6.1.5.5.7.3.2': 'clientAuth',
  '1.3.6.1.5.5.7.3.3': 'codeSigning',
  '1.3.6.1.5.5.7.3.4': 'emailProtection',
  '1.3.6.1.5.5.7.3.9': 'OCSPSigning',
  '2.5.29.37.0': 'any',
};

export function usagesOf(list: readonly Extension[]): Usages {
  const value = (type: string) => {
    const found = list.find((each) => each.type === type);
    return found && readDer(found.value);
  };
  const names = value(EXTENSION.subjectAltName);
  const constraints = value(EXTENSION.basicConstraints);
  const usage = value(EXTENSION.keyUsage);
  const purposes = value(EXTENSION.extendedKeyUsage);
  return {
    subjectAltName: names ? childrenOf(names).map(({ tag, content }) => generalName(tag, content)) : [],
    authority: constraints !== undefined && childrenOf(constraints)[0]?.content[0] === 0xff,
    keyUsage: usage ? namedBitsOf(usage).map((bit) => KEY_USAGES[bit] ?? `bit ${bit}`) : [],
    extendedKeyUsage: purposes ? childrenOf(purposes).map((each) => PURPOSES[oidOf(each)] ?? oidOf(each)) : [],
  };
}

/** The names that can be put into a new certificate; other kinds are shown, never signed. */
export function namesIn(subjectAltName: readonly string[]): AlternativeNames {
  const of = (kind: string) =>
    subjectAltName.filter((each) => each.startsWith(kind)).map((each) => each.slice(kind.length));
  return alternativeNames({ dns: of('DNS:'), ip: of('IP:'), email: of('email:') });
}

/** What is not restricted becomes a client: that is the side which we are on. */
export function purposesIn(extendedKeyUsage: readonly string[]): Purposes {
  const server = extendedKeyUsage.includes('serverAuth');
  return { server, client: extendedKeyUsage.includes('clientAuth') || !server };
}

/** How many authorities may lie between this one and a leaf; `undefined`: any number. */
export function pathLengthOf({ extensions }: Pick<CertificateFields, 'extensions'>): number | undefined {
  const constraints = extensions.find(({ type }) => type === EXTENSION.basicConstraints);
  const [, most] = constraints === undefined ? [] : childrenOf(readDer(constraints.value));
  return most && numberOf(most);
}

/** RFC 5280 section 4.2.1.6. */
export function generalName(tag: number, content: Buffer): string {
  switch (tag) {
    case 0x81:
      return `email:${content.toString('latin1')}`;
    case 0x82:
      return `DNS:${content.toString('latin1')}`;
    case 0x86:
      return `URI:${content.toString('latin1')}`;
    case 0x87:
      return `IP:${addressOf(content)}`;
    case 0xa4:
      return `dirName:${formatName(nameFromDer(readDer(content)))}`;
    default:
      return `other:${content.toString('hex')}`;
  }
}
