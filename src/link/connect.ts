/**
 * Opens a link: a TCP connection to one address, a TLS handshake in which both sides
 * show a certificate (RFC 5425 section 4.2, IHE ITI-19), and verification of theirs.
 * Sessions are never resumed, because nothing is verified in a resumed one.
 */
import { constants } from 'node:crypto';
import { isIP } from 'node:net';
import { type ConnectionOptions, connect as connectTls, type TLSSocket } from 'node:tls';
import type { Clock } from '../lib/clock.js';
import { peerChain } from '../lib/peer-chain.js';
import { pathFault } from '../pki/x509/path.js';
import { LINK_TIMES, Link, type LinkContext, type LinkTimes } from './link.js';
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

/** What the agent shows and trusts; read for every connection, so that a renewed certificate needs no restart. */
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

/** RFC 9325 section 4.2 for TLS 1.2 (what `ciphers` says) behind the suites of TLS 1.3, which are preferred (RFC 9662 section 4). */
const TLS13_SUITES = 'TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256:TLS_AES_128_GCM_SHA256';

/** Throws a LinkError that says which side refused, why and what to do. */
export async function connect(
  target: Target,
  material: TlsMaterial,
  policy: TlsPolicy,
  context: LinkContext,
  signal: AbortSignal,
  times: LinkTimes = LINK_TIMES,
): Promise<Link> {
  const { network, clock } = context;
  const limits = { clock, target, signal };
  let transport: Transport | undefined;
  let tls: TLSSocket | undefined;
  try {
    const unanswered = LinkError.noConnection(target, times.connectMs);
    const socket = await limited(times.connectMs, unanswered, limits, (over) => network.connect(target, over));
    transport = new Transport(socket);
    // Throws for files and ciphers that OpenSSL cannot use.
    const opened = connectTls({ ...secureOptions(target, material, policy), socket: transport });
    tls = opened;
    transport.carries(tls);
    const mute = LinkError.noHandshake(target, times.handshakeMs);
    await limited(times.handshakeMs, mute, limits, (over) => handshake(opened, target, over));
    const peer = verifiedPeer(tls, target, policy, (chain) => pathFault(chain, material, clock.nowMs()));
    return new Link(peer, tls, transport, context, times);
  } catch (error) {
    tls?.destroy();
    transport?.socket.destroy();
    throw LinkError.from(error, target, transport?.failure);
  }
}

/** `work` under a signal that aborts with `late` after `ms`, or when `signal` does. */
export async function limited<T>(
  ms: number,
  late: LinkError,
  { clock, target, signal }: { readonly clock: Clock; readonly target: Target; readonly signal: AbortSignal },
  work: (over: AbortSignal) => Promise<T>,
): Promise<T> {
  const over = new AbortController();
  const abandon = () => {
    over.abort(signal.reason instanceof LinkError ? signal.reason : LinkError.abandoned(target));
  };
  if (signal.aborted) abandon();
  signal.addEventListener('abort', abandon);
  void clock.sleep(ms, over.signal).then(() => over.abort(late));
  try {
    return await work(over.signal);
  } finally {
    signal.removeEventListener('abort', abandon);
    // Ends the sleep.
    over.abort();
  }
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
    // In a renegotiation the collector could show another certificate, unverified. `disableRenegotiation` works for servers only.
    secureOptions: constants.SSL_OP_NO_RENEGOTIATION,
    // `purpose: any` has to see the whole chain before it can say no; it says so in verifyChain.
    rejectUnauthorized: goesByChain(policy) && policy.purpose === 'server',
    // The chain is OpenSSL's work; whose certificate it is, ours: Node's own check takes partial wildcards and common names.
    checkServerIdentity: () => undefined,
  };
}

function handshake(tls: TLSSocket, target: Target, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const closed = () => reject(LinkError.closedInHandshake(target));
    if (signal.aborted) return reject(signal.reason);
    signal.addEventListener('abort', () => reject(signal.reason));
    tls.once('secureConnect', resolve);
    tls.once('error', reject);
    tls.once('end', closed);
    tls.once('close', closed);
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
