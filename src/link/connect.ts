/**
 * Makes a link: TCP to one address, a TLS handshake in which each side shows
 * its certificate (RFC 5425 section 4.2, IHE ITI-19), the check of theirs.
 * Sessions are never resumed: a resumed one would verify nothing anew.
 */
import { constants } from 'node:crypto';
import { connect as connectTcp, isIP, type Socket } from 'node:net';
import { type ConnectionOptions, connect as connectTls, type TLSSocket } from 'node:tls';
import { peerChain } from '../lib/peer-chain.js';
import { LINK_TIMES, Link, type LinkDependencies, type LinkTimes } from './link.js';
import type { Peer, Target } from './peer.js';
import { LinkError } from './refusal.js';
import { Transport } from './transport.js';
import {
  type ChainPolicy,
  goesByChain,
  type PathFault,
  peerOf,
  type VerifyOptions,
  verifyChain,
  verifyPeer,
} from './verify-peer.js';

/** What the agent shows and trusts; read anew for every connection, so that a renewed certificate needs no restart. */
export interface TlsMaterial {
  readonly ca: string | readonly string[] | undefined;
  /** Chain in PEM, leaf first. */
  readonly cert: string | undefined;
  readonly key: string | Buffer | undefined;
  readonly crl: string | readonly string[] | undefined;
}

export interface TlsPolicy extends VerifyOptions, ChainPolicy {
  readonly minVersion: 'TLSv1.2' | 'TLSv1.3';
  /** OpenSSL list for TLS 1.2. */
  readonly ciphers: string;
}

export interface ConnectDependencies extends LinkDependencies {
  /** See `PathFault`; held against what we trust. */
  readonly pathFault: (
    chain: Parameters<PathFault>[0],
    trust: Pick<TlsMaterial, 'ca' | 'crl'>,
    nowMs: number,
  ) => ReturnType<PathFault>;
}

export interface ConnectTimes {
  readonly connectMs: number;
  readonly handshakeMs: number;
}

/** Of a link's whole life. */
export type DialTimes = ConnectTimes & LinkTimes;

export const DIAL_TIMES: DialTimes = { connectMs: 10_000, handshakeMs: 10_000, ...LINK_TIMES };

/** Until this much idle time the kernel sends no probe; the middleboxes that forget connections do so after minutes. */
const KEEPALIVE_MS = 30_000;

/** RFC 9325 section 4.2 for TLS 1.2 (what `ciphers` says) behind the suites of TLS 1.3, which are preferred (RFC 9662 section 4). */
const TLS13_SUITES = 'TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256:TLS_AES_128_GCM_SHA256';

/** Throws a LinkError that says which side refused, why and what to do. */
export async function connect(
  target: Target,
  material: TlsMaterial,
  policy: TlsPolicy,
  dependencies: ConnectDependencies,
  signal: AbortSignal,
  times: DialTimes = DIAL_TIMES,
): Promise<Link> {
  const socket = await openTcp(target, times.connectMs, signal);
  const transport = new Transport(socket);
  let tls: TLSSocket | undefined;
  try {
    // Throws for files and ciphers that OpenSSL cannot use.
    tls = connectTls({ ...secureOptions(target, material, policy), socket: transport });
    transport.carries(tls);
    await handshake(tls, target, times.handshakeMs, signal);
    const { pathFault, clock } = dependencies;
    const peer = verifiedPeer(tls, target, policy, (chain) => pathFault(chain, material, clock.nowMs()));
    return new Link(peer, tls, transport, dependencies, times);
  } catch (error) {
    tls?.destroy();
    socket.destroy();
    throw LinkError.from(error, target, transport.failure);
  }
}

function openTcp(target: Target, limitMs: number, signal: AbortSignal): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connectTcp({
      host: target.address,
      port: target.port,
      // Their FIN must not make Node send ours.
      allowHalfOpen: true,
      noDelay: true,
      keepAlive: true,
      keepAliveInitialDelay: KEEPALIVE_MS,
    });
    const settle = (error?: Error) => {
      clearTimeout(timer);
      signal.removeEventListener('abort', abandon);
      socket.off('error', settle);
      if (error === undefined) return resolve(socket);
      socket.destroy();
      reject(LinkError.from(error, target));
    };
    const abandon = () => settle(LinkError.abandoned(target));
    const timer = setTimeout(() => settle(LinkError.noConnection(target, limitMs)), limitMs);
    signal.addEventListener('abort', abandon, { once: true });
    socket.once('error', settle);
    socket.once('connect', () => settle());
    if (signal.aborted) abandon();
  });
}

/** What we are ready to speak. */
export function offerOf({
  minVersion,
  ciphers,
}: Pick<TlsPolicy, 'minVersion' | 'ciphers'>): Pick<ConnectionOptions, 'minVersion' | 'ciphers'> {
  return { minVersion, ciphers: `${TLS13_SUITES}:${ciphers}` };
}

function secureOptions(target: Target, material: TlsMaterial, policy: TlsPolicy): ConnectionOptions {
  const { ca, cert, key, crl } = material;
  const name = policy.serverName ?? target.host;
  return {
    ...(ca === undefined ? {} : { ca: [...[ca].flat()] }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
    ...(crl === undefined ? {} : { crl: [...[crl].flat()] }),
    ...(isIP(name) ? {} : { servername: name }),
    ...offerOf(policy),
    // Whoever renegotiates may show another certificate, which nobody would verify. `disableRenegotiation` is for servers alone.
    secureOptions: constants.SSL_OP_NO_RENEGOTIATION,
    // `purpose: any` has to see the whole chain before it can say no; it says so in verifyChain.
    rejectUnauthorized: goesByChain(policy) && policy.purpose === 'server',
    // The chain is OpenSSL's work; whose certificate it is, ours: Node's own check takes partial wildcards and common names.
    checkServerIdentity: () => undefined,
  };
}

function handshake(tls: TLSSocket, target: Target, limitMs: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const settle = (error?: Error) => {
      clearTimeout(timer);
      signal.removeEventListener('abort', abandon);
      if (error === undefined) resolve();
      else reject(error);
    };
    const abandon = () => settle(LinkError.abandoned(target));
    const timer = setTimeout(() => settle(LinkError.noHandshake(target, limitMs)), limitMs);
    signal.addEventListener('abort', abandon, { once: true });
    tls.once('secureConnect', () => settle());
    tls.once('error', settle);
    tls.once('end', () => settle(LinkError.closedInHandshake(target)));
    tls.once('close', () => settle(LinkError.closedInHandshake(target)));
    if (signal.aborted) abandon();
  });
}

function verifiedPeer(tls: TLSSocket, target: Target, policy: TlsPolicy, pathFault: PathFault): Peer {
  const chain = peerChain(tls);
  const [own, ...authorities] = chain;
  if (own === undefined) throw LinkError.noCertificate(target);
  const isForServers = !(goesByChain(policy) && verifyChain(codeOfVerification(tls), chain, target, policy, pathFault));
  verifyPeer(own, target, policy);
  return peerOf([own, ...authorities], isForServers, target, tls);
}

/** `authorizationError` is typed as an Error and holds OpenSSL's code as a string. */
function codeOfVerification(tls: TLSSocket): string | undefined {
  return tls.authorized ? undefined : String(tls.authorizationError ?? 'UNSPECIFIED');
}
