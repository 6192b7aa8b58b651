/**
 * Describes a client that has connected, as `openssl s_server` does: address, protocol,
 * certificate chain and verdict.
 */
import { X509Certificate } from 'node:crypto';
import type { TLSSocket } from 'node:tls';
import { AgentError, reasonOf } from '../lib/errors.js';
import { peerChain } from '../lib/peer-chain.js';
import { printable } from '../lib/printable.js';
import { nameFromLines } from '../pki/x509/name.js';
import { wordsForVerifyError } from '../pki/x509/words.js';

export type Verdict =
  | { readonly name: 'verified' }
  | { readonly name: 'unverified'; readonly code: string; readonly reason: string }
  | { readonly name: 'no-certificate' }
  /** We asked for none. */
  | { readonly name: 'not-asked' };

export interface Client {
  /** Counts connections from 1. */
  readonly number: number;
  /** `127.0.0.1:40112`, `[::1]:40112` */
  readonly address: string;
  /** `TLSv1.3` */
  readonly protocol: string;
  /** The name by which the standards know it: `TLS_AES_256_GCM_SHA384`. */
  readonly cipher: string;
  /** From the client's own certificate upwards; empty when it showed none. */
  readonly chain: readonly ChainCertificate[];
  readonly verdict: Verdict;
}

/** Describes a client whose handshake is done. */
export function describeClient(
  socket: TLSSocket,
  number: number,
  { asked, trusted, nowMs }: { asked: boolean; trusted: readonly X509Certificate[]; nowMs: number },
): Client {
  const code = socket.authorized ? undefined : String(socket.authorizationError ?? '');
  const shown = asked ? peerChain(socket) : [];
  const chain = describeChain(shown, trusted, code, nowMs);
  return {
    number,
    address: addressOf(socket),
    protocol: socket.getProtocol() ?? 'TLS',
    cipher: socket.getCipher().standardName,
    chain,
    verdict: verdictOn(asked, chain, code),
  };
}

/** Where the other side is; a socket that has gone may not know any more. */
export function addressOf(socket: { remoteAddress?: string | undefined; remotePort?: number | undefined }): string {
  if (socket.remoteAddress === undefined) return 'a client that is gone';
  const host = socket.remoteAddress.includes(':') ? `[${socket.remoteAddress}]` : socket.remoteAddress;
  return `${host}:${socket.remotePort}`;
}

function verdictOn(asked: boolean, chain: readonly ChainCertificate[], code: string | undefined): Verdict {
  if (!asked) return { name: 'not-asked' };
  if (chain.length === 0) return { name: 'no-certificate' };
  if (code === undefined) return { name: 'verified' };
  return { name: 'unverified', code, reason: chain.find(({ result }) => result !== 'ok')?.result ?? code };
}

/*
 * What a client showed us of itself: its certificates from its own (depth 0) up
 * to the authority, each with a verify result, as `openssl s_server` prints
 * them. OpenSSL alone decides whether a client is trusted; this says where in
 * the chain its objection lies, in an administrator's words.
 */

export interface ChainCertificate {
  /** 0 is the client's own. */
  readonly depth: number;
  /** `CN=openemr@localhost,C=US` */
  readonly subject: string;
  readonly issuer: string;
  readonly validFrom: Date;
  readonly validTo: Date;
  /** Of the DER encoding, as RFC 5425 section 4.2.2 writes it: `sha-256:AB:CD…`. */
  readonly fingerprint: string;
  /** `ok`, or what is wrong with this certificate. */
  readonly result: string;
}

/** All certificates of a PEM file; throws an AgentError when one of them cannot be read. */
export function certificatesIn(pem: string | Buffer): X509Certificate[] {
  const blocks = pem.toString('latin1').match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
  try {
    return blocks.map((block) => new X509Certificate(block));
  } catch (cause) {
    throw new AgentError('certificate-unreadable', `a certificate of the authorities: ${reasonOf(cause)}`, { cause });
  }
}

/**
 * `verifyError` is OpenSSL's code for the whole chain (`CERT_HAS_EXPIRED` …) or undefined; when no single
 * certificate shows why, it stands at depth 0. No fault of a single certificate is told when OpenSSL has none.
 */
function describeChain(
  chain: readonly X509Certificate[],
  trusted: readonly X509Certificate[],
  verifyError: string | undefined,
  nowMs: number,
): ChainCertificate[] {
  const faults = chain.map<string | undefined>((_, depth) =>
    verifyError === undefined ? undefined : faultAt(chain, depth, trusted, nowMs),
  );
  if (verifyError !== undefined && faults.length > 0 && !faults.some((fault) => fault !== undefined)) {
    faults[0] = wordsForVerifyError(verifyError);
  }
  return chain.map((certificate, depth) => ({
    depth,
    subject: nameOf(certificate.subject),
    issuer: nameOf(certificate.issuer),
    validFrom: new Date(certificate.validFrom),
    validTo: new Date(certificate.validTo),
    fingerprint: `sha-256:${certificate.fingerprint256}`,
    result: faults[depth] ?? 'ok',
  }));
}

function faultAt(
  chain: readonly X509Certificate[],
  depth: number,
  trusted: readonly X509Certificate[],
  nowMs: number,
): string | undefined {
  const certificate = chain[depth]!;
  if (Date.parse(certificate.validTo) < nowMs) return wordsForVerifyError('CERT_HAS_EXPIRED');
  if (Date.parse(certificate.validFrom) > nowMs) return wordsForVerifyError('CERT_NOT_YET_VALID');

  const issuer = chain[depth + 1];
  if (issuer !== undefined) {
    return certificate.verify(issuer.publicKey) ? undefined : wordsForVerifyError('CERT_SIGNATURE_FAILURE');
  }
  if (trusted.some(({ fingerprint256 }) => fingerprint256 === certificate.fingerprint256)) return undefined;
  if (!isSelfSigned(certificate)) return wordsForVerifyError('UNABLE_TO_GET_ISSUER_CERT_LOCALLY');
  return wordsForVerifyError(depth === 0 ? 'DEPTH_ZERO_SELF_SIGNED_CERT' : 'SELF_SIGNED_CERT_IN_CHAIN');
}

/** `checkIssued` also asks whether the certificate may sign others, which a self-signed leaf need not. */
function isSelfSigned(certificate: X509Certificate): boolean {
  return certificate.subject === certificate.issuer && certificate.verify(certificate.publicKey);
}

/** The client chose the text, so nothing of it may reach a terminal raw. */
function nameOf(lines: string | undefined): string {
  return printable(nameFromLines(lines));
}
