/**
 * Makes real handshakes, to see whether certificate files work: one in memory with a stranger
 * who is as strict as OpenSSL 3 is at security level 2, and one with a server, in which our
 * side refuses nothing, so that everything can be shown.
 */
import type { X509Certificate } from 'node:crypto';
import { isIP, type Socket } from 'node:net';
import { duplexPair } from 'node:stream';
import { type ConnectionOptions, connect, createServer, type SecureContextOptions, type TLSSocket } from 'node:tls';
import { reasonOf, systemCode } from '../lib/errors.js';
import { peerChain } from '../lib/peer-chain.js';
import { writeKey } from './files/keys.js';
import { pemOf } from './inspect.js';
import { createLeaf } from './x509/authority.js';
import { reordered } from './x509/chain.js';
import { parseName } from './x509/name.js';

/** OpenSSL's verify code when it took another CA of the same name for the issuer. */
const WRONG_SIGNER = 'CERT_SIGNATURE_FAILURE';

/** PEM. */
export interface Shown {
  readonly ca: readonly string[];
  readonly cert?: string | undefined;
  readonly key?: string | undefined;
  readonly crl?: string | undefined;
}

const STRICT = 'DEFAULT@SECLEVEL=2';
const REHEARSAL_MS = 10_000;
/** Under TLS 1.3 a server refuses our certificate after our side of the handshake is done. */
const SECOND_THOUGHT_MS = 1000;

/** How the stranger ends: OpenSSL's verify code or error code, `undefined` when it accepts. */
export async function rehearse(shown: Shown, purpose: 'client' | 'server', nowMs: number): Promise<string | undefined> {
  try {
    const stranger = await createLeaf({
      authority: 'self',
      subject: parseName('/CN=rehearsal'),
      names: { dns: ['rehearsal'], ip: [], email: [] },
      purposes: { client: true, server: true },
      key: 'p-256',
      nowMs,
    });
    const ours = { cert: shown.cert, key: shown.key };
    const theirs = {
      cert: pemOf(stranger.certificate),
      key: writeKey(stranger.key),
      ca: [...shown.ca],
      ...(shown.crl === undefined ? {} : { crl: shown.crl }),
    };
    return await (purpose === 'client' ? meet(theirs, ours, 'server') : meet(ours, theirs, 'client'));
  } catch (error) {
    return systemCode(error) || reasonOf(error);
  }
}

/** `judge` is the side whose opinion is asked. */
function meet(
  server: SecureContextOptions,
  client: SecureContextOptions,
  judge: 'server' | 'client',
): Promise<string | undefined> {
  const [here, there] = duplexPair();
  const asServer = createServer({ ...server, ciphers: STRICT, requestCert: true, rejectUnauthorized: false });
  const asClient = connect({
    ...client,
    ciphers: STRICT,
    socket: there as unknown as Socket,
    rejectUnauthorized: false,
    checkServerIdentity: () => undefined,
  });
  return new Promise((resolve, reject) => {
    const settle = (work: () => void) => {
      clearTimeout(timer);
      asClient.destroy();
      here.destroy();
      work();
    };
    const timer = setTimeout(() => settle(() => reject(new Error('no handshake'))), REHEARSAL_MS);
    const fail = (error: Error) => settle(() => reject(error));
    asClient.on('error', fail);
    asServer.on('tlsClientError', fail);
    asServer.on('secureConnection', (socket) => {
      socket.on('error', fail);
      if (judge === 'server') settle(() => resolve(verifyCode(socket)));
    });
    if (judge === 'client') asClient.once('secureConnect', () => settle(() => resolve(verifyCode(asClient))));
    asServer.emit('connection', here);
  });
}

export interface ProbeTarget {
  readonly host: string;
  readonly port: number;
  /** For the name in the handshake (SNI), if not the host. */
  readonly serverName?: string | undefined;
  /** Else what Node.js offers, from TLS 1.2 on. */
  readonly offer?: Pick<ConnectionOptions, 'minVersion' | 'ciphers'> | undefined;
  readonly timeoutMs: number;
}

export interface ProbeResult {
  readonly address: string;
  readonly protocol: string | undefined;
  readonly cipher: string | undefined;
  /** As shown by the server and completed from our authorities, leaf first. */
  readonly chain: readonly X509Certificate[];
  /** OpenSSL's verify code of the server's chain, `undefined` when it holds. */
  readonly verifyCode: string | undefined;
  /** Why the connection ended, if it did not hold: the server's alert, or the network. */
  readonly failure: { readonly code: string; readonly reason: string } | undefined;
}

/** Never rejects but for unusable files of our own: what went wrong is part of the result. */
export async function probe(target: ProbeTarget, shown: Shown, signal: AbortSignal): Promise<ProbeResult> {
  const result = await meetServer(target, shown, signal);
  const ca = result.verifyCode === WRONG_SIGNER ? reordered(result.chain, shown.ca) : undefined;
  return ca === undefined ? result : meetServer(target, { ...shown, ca }, signal);
}

function meetServer(target: ProbeTarget, shown: Shown, signal: AbortSignal): Promise<ProbeResult> {
  const name = target.serverName ?? target.host;
  const socket = connect({
    host: target.host,
    port: target.port,
    ...(isIP(name) ? {} : { servername: name }),
    ...(shown.cert === undefined ? {} : { cert: shown.cert }),
    ...(shown.key === undefined ? {} : { key: shown.key }),
    ...(shown.crl === undefined ? {} : { crl: shown.crl }),
    ca: [...shown.ca],
    minVersion: 'TLSv1.2',
    ...target.offer,
    rejectUnauthorized: false,
    checkServerIdentity: () => undefined,
  });
  return new Promise((resolve) => {
    let seen: Omit<ProbeResult, 'failure'> = emptyResult(target.host);
    const settle = (failure?: { code: string; reason: string }) => {
      clearTimeout(timer);
      signal.removeEventListener('abort', abandon);
      socket.destroy();
      resolve({ ...seen, failure });
    };
    const abandon = () => settle({ code: 'ABORTED', reason: 'given up' });
    let timer = setTimeout(
      () => settle({ code: 'ETIMEDOUT', reason: `no TLS handshake within ${target.timeoutMs / 1000} s` }),
      target.timeoutMs,
    );
    signal.addEventListener('abort', abandon, { once: true });
    if (signal.aborted) return abandon();
    socket.once('secureConnect', () => {
      seen = seenOf(socket);
      clearTimeout(timer);
      timer = setTimeout(settle, SECOND_THOUGHT_MS);
    });
    socket.on('error', (error) => settle({ code: systemCode(error), reason: reasonOf(error) }));
    socket.once('end', () => settle({ code: '', reason: 'the server ended the connection' }));
    socket.resume();
  });
}

function emptyResult(address: string): Omit<ProbeResult, 'failure'> {
  return { address, protocol: undefined, cipher: undefined, chain: [], verifyCode: undefined };
}

function seenOf(socket: TLSSocket): Omit<ProbeResult, 'failure'> {
  return {
    address: socket.remoteAddress ?? '',
    protocol: socket.getProtocol() ?? undefined,
    cipher: socket.getCipher().standardName,
    chain: peerChain(socket),
    verifyCode: verifyCode(socket),
  };
}

/** `authorizationError` is typed as an Error and holds OpenSSL's code as a string. */
function verifyCode(socket: TLSSocket): string | undefined {
  const error: unknown = socket.authorizationError;
  if (error === null || error === undefined) return undefined;
  return typeof error === 'string' ? error : systemCode(error) || reasonOf(error);
}
