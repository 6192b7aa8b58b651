/**
 * Verifies that a certificate is the collector's: the end-entity policies of RFC 5425
 * section 5 and name matching by RFC 9525: dNSName and iPAddress of the subject
 * alternative name, no common name unless asked for, and a wildcard only as the
 * whole left-most label. The chain has been judged before this is asked.
 */
import type { X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { domainToASCII } from 'node:url';
import { intermediatesIn, MOST_INTERMEDIATES } from '../pki/x509/chain.js';
import { canonicalFingerprint } from '../pki/x509/fingerprint.js';
import { nameFromLines } from '../pki/x509/name.js';
import type { Peer, PeerAuthority, Target } from './peer.js';
import { LinkError } from './refusal.js';

export interface VerifyOptions {
  /** `name`: RFC 5425 section 5.2; `fingerprint`: section 5.1; `chain`: any certificate of the CA; `insecure`: any. */
  readonly verify: 'name' | 'fingerprint' | 'chain' | 'insecure';
  /** `sha-256:AB:CD…` or `sha-1:…`, RFC 5425 section 4.2.2. */
  readonly fingerprints: readonly string[];
  /** The name that the certificate must bear, if not the configured host. */
  readonly serverName?: string | undefined;
  /** For `name`: take the common name of a certificate that has no other. */
  readonly commonName: boolean;
}

/** Throws a LinkError when the certificate is not the collector's. */
export function verifyPeer(certificate: X509Certificate, target: Target, options: VerifyOptions): void {
  const name = options.serverName ?? target.host;
  switch (options.verify) {
    case 'name':
      if (bearsName(certificate.subjectAltName, name)) return;
      if (options.commonName && bearsCommonName(certificate, name)) return;
      throw LinkError.wrongName(target, name, namesOf(certificate, options.commonName));
    case 'fingerprint':
      if (hasFingerprint(certificate, options.fingerprints)) return;
      throw LinkError.wrongFingerprint(target, fingerprintOf(certificate));
    case 'chain':
    case 'insecure':
      return;
    default:
      options.verify satisfies never;
  }
}

/** `subjectAltName` as Node prints it: `DNS:a.example, IP Address:192.0.2.1, DNS:"odd, name"`. */
export function bearsName(subjectAltName: string | undefined, name: string): boolean {
  const names = alternativeNames(subjectAltName ?? '');
  if (isIP(name)) return names.some(([kind, value]) => kind === 'IP Address' && sameAddress(value, name));
  const wanted = canonicalName(name);
  if (wanted === '') return false;
  return names.some(([kind, value]) => kind === 'DNS' && matchesName(canonicalName(value), wanted));
}

/**
 * RFC 5425 section 5.2, where asked for: a common name counts when it is the only one and the subject alternative name
 * has no name or address that would count instead (RFC 6125 section 6.4.4). It never stands for an address.
 */
export function bearsCommonName(certificate: X509Certificate, name: string): boolean {
  const others = alternativeNames(certificate.subjectAltName ?? '');
  if (isIP(name) || others.some(([kind]) => kind === 'DNS' || kind === 'IP Address')) return false;
  const commonName = commonNameOf(certificate);
  const wanted = canonicalName(name);
  return commonName !== undefined && wanted !== '' && matchesName(canonicalName(commonName), wanted);
}

function commonNameOf(certificate: X509Certificate): string | undefined {
  const { CN } = certificate.toLegacyObject().subject as { readonly CN?: string | string[] };
  return typeof CN === 'string' ? CN : undefined;
}

function namesOf(certificate: X509Certificate, withCommonName: boolean): string {
  const { subjectAltName } = certificate;
  if (subjectAltName !== undefined || !withCommonName) return subjectAltName ?? '';
  const commonName = commonNameOf(certificate);
  return commonName === undefined ? '' : `the common name ${commonName}`;
}

/** RFC 9525 section 6.3: `*.example.com` stands for one label, never for a part of one, and never below a top-level domain alone. */
function matchesName(presented: string, wanted: string): boolean {
  if (presented === '') return false;
  if (!presented.startsWith('*.')) return presented === wanted && !presented.includes('*');
  const rest = presented.slice(1);
  const dot = wanted.indexOf('.');
  return dot > 0 && !rest.includes('*') && rest.lastIndexOf('.') > 0 && wanted.slice(dot) === rest;
}

/** A-labels, lower case, without the root's dot. */
function canonicalName(name: string): string {
  const bare = name.replace(/\.$/, '');
  const [star, host] = bare.startsWith('*.') ? ['*.', bare.slice(2)] : ['', bare];
  const ascii = domainToASCII(host);
  return ascii === '' ? '' : star + ascii;
}

function alternativeNames(text: string): [kind: string, value: string][] {
  const names: [string, string][] = [];
  for (const [, kind = '', quoted, plain = ''] of text.matchAll(/([^:,]+):(?:("(?:[^"\\]|\\.)*")|([^,]*))(?:, |$)/g)) {
    names.push([kind, quoted === undefined ? plain : unquote(quoted)]);
  }
  return names;
}

/** Node quotes a value in which a comma would mislead; its escapes are JSON's. A value that will not read matches nothing. */
function unquote(quoted: string): string {
  try {
    return String(JSON.parse(quoted));
  } catch {
    return '';
  }
}

function sameAddress(presented: string, wanted: string): boolean {
  return canonicalAddress(presented) === canonicalAddress(wanted);
}

function canonicalAddress(address: string): string {
  if (isIP(address) !== 6) return address;
  return new URL(`http://[${address}]`).hostname;
}

export function hasFingerprint(certificate: X509Certificate, fingerprints: readonly string[]): boolean {
  const own = [`sha-256:${certificate.fingerprint256}`, `sha-1:${certificate.fingerprint}`];
  return fingerprints.some((fingerprint) => own.includes(canonicalFingerprint(fingerprint)));
}

function fingerprintOf(certificate: X509Certificate): string {
  return `sha-256:${certificate.fingerprint256}`;
}

/** `chain`: its own certificate first. */
export function peerOf(
  chain: readonly [X509Certificate, ...X509Certificate[]],
  isForServers: boolean,
  target: Target,
  tls: TLSSocket,
): Peer {
  const [own, ...authorities] = chain;
  return {
    ...target,
    protocol: tls.getProtocol() ?? 'unknown',
    cipher: tls.getCipher().standardName,
    ...shown(own),
    issuer: nameFromLines(own.issuer),
    isForServers,
    authorities: authorities.map(shown),
  };
}

function shown(certificate: X509Certificate): PeerAuthority {
  return {
    subject: nameFromLines(certificate.subject),
    fingerprint: fingerprintOf(certificate),
    validToMs: Date.parse(certificate.validTo),
  };
}

/*
 * Is the collector's chain one that we trust? OpenSSL has judged it in the
 * handshake, and its word stands. `purpose: any` (IHE ITI-19 section 3.19.6.1.3:
 * no attribute of a certificate shall be demanded) overrules it in one case:
 * when the only fault of the whole chain is that the collector's certificate is
 * meant for another purpose than servers.
 */

export interface ChainPolicy {
  readonly purpose: 'server' | 'any';
}

/** Only then is the chain judged; otherwise the certificate alone, or nothing, is what counts. */
export function goesByChain({ verify }: Pick<VerifyOptions, 'verify'>): boolean {
  return verify === 'name' || verify === 'chain';
}

/** What is wrong with a chain, the extended key usage of its first certificate apart: `undefined` when nothing is. */
export type PathFault = (chain: readonly X509Certificate[]) => string | undefined;

/** `code` is OpenSSL's, `undefined` when it found no fault. Throws a LinkError; `true` when the certificate's purpose was passed over. */
export function verifyChain(
  code: string | undefined,
  chain: readonly X509Certificate[],
  target: Target,
  { purpose }: ChainPolicy,
  pathFault: PathFault,
): boolean {
  const passedOver = code === 'INVALID_PURPOSE' && purpose === 'any';
  if (passedOver) {
    const fault = pathFault(chain);
    if (fault !== undefined) throw LinkError.notOnlyPurpose(target, fault);
  } else if (code !== undefined) {
    throw LinkError.unverified(code, pathFault(chain), target);
  }
  const between = intermediatesIn(chain);
  if (between > MOST_INTERMEDIATES) throw LinkError.chainTooLong(target, between, MOST_INTERMEDIATES);
  return passedOver;
}
