/**
 * Opens a link: a TCP connection to one address, a TLS handshake in which both sides
 * show a certificate (RFC 5425 section 4.2, IHE ITI-19), and verification of theirs.
 * Sessions are never resumed, because nothing is verified in a resumed one.
 */
import { constants, type X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';
import { type ConnectionOptions, connect as connectTls, type TLSSocket } from 'node:tls';
import type { Clock } from '../lib/clock.js';
import { peerChain } from '../lib/peer-chain.js';
import { reordered } from '../pki/x509/chain.js';
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

/** 112 bits, RSA 2048: RFC 9325 section 4.5. Node alone would take RSA 1024; so does who sets another level in tls.ciphers. */
const SECURITY_LEVEL = '@SECLEVEL=2';
/** RFC 9325 section 4.2 for TLS 1.2 (what `ciphers` says) behind the suites of TLS 1.3, which are preferred (RFC 9662 section 4). */
const TLS13_SUITES = 'TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256:TLS_AES_128_GCM_SHA256';

/**
 * The order of `tls.ca` by which OpenSSL finds the collector's CA among several of one name (a CA that has a new key). It
 * tries only the first; which one it must be is known from the first handshake.
 */
const orders = new WeakMap<TlsMaterial, TlsMaterial>();

/** Throws a LinkError that says which side refused, why and what to do. */
export async function connect(
  target: Target,
  material: TlsMaterial,
  policy: TlsPolicy,
  context: LinkContext,
  signal: AbortSignal,
  times: LinkTimes = LINK_TIMES,
): Promise<Link> {
  let presented: readonly X509Certificate[] = [];
  const open = (tried: TlsMaterial) =>
    openLink(target, tried, policy, context, signal, times, (chain) => {
      presented = chain;
    });
  try {
    return await open(orders.get(material) ?? material);
  } catch (error) {
    const ca =
      error instanceof LinkError && error.code === 'their-signature' ? reordered(presented, material.ca) : undefined;
    if (ca === undefined) throw error;
    orders.set(material, { ...material, ca });
    return open({ ...material, ca });
  }
}

async function openLink(
  target: Target,
  material: TlsMaterial,
  policy: TlsPolicy,
  context: LinkContext,
  signal: AbortSignal,
  times: LinkTimes,
  see: (chain: readonly X509Certificate[]) => void,
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
    see(peerChain(tls));
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
  return { minVersion, ciphers: `${TLS13_SUITES}:${SECURITY_LEVEL}:${ciphers}` };
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
    // Node would say no without a word for most faults of a chain; verifyChain says it, with OpenSSL's verdict and the reason.
    rejectUnauthorized: false,
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
