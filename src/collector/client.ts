/**
 * Who has connected: what `openssl s_server` prints of a connection, as facts.
 */
import type { X509Certificate } from 'node:crypto';
import type { TLSSocket } from 'node:tls';
import { peerChain } from '../lib/peer-chain.js';
import { type ChainCertificate, describeChain } from './chain.js';

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
