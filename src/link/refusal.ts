/**
 * LinkError: every way in which a connection can fail, with which side refused, why,
 * and what to do. `side` lets the agent tell our own faults from the network's.
 */
import { AgentError, reasonOf, systemCode } from '../lib/errors.js';
import { type Refusal, refusalOf } from '../pki/x509/words.js';
import type { Ending } from './acknowledge.js';
import type { LinkEnd } from './link.js';
import type { Target } from './peer.js';

export type Side = Refusal['side'];

export class LinkError extends AgentError {
  constructor(
    code: string,
    readonly side: Side,
    message: string,
    hint: string,
    cause?: unknown,
  ) {
    super(code, message, { hint, ...(cause === undefined ? {} : { cause }) });
  }

  /** One side does not accept the other's certificate (DICOM: Node Authentication). */
  get isAuthenticationFailure(): boolean {
    return /^(our|their|own|wrong|crl)-|certificate|^access-denied$/.test(this.code);
  }

  /** `deeper` is what broke the socket below TLS, if anything did: it says more. */
  static from(error: unknown, target: Target, deeper?: Error): LinkError {
    if (error instanceof LinkError) return error;
    const cause = deeper ?? error;
    const refusal = refusalOf(systemCode(cause), reasonOf(cause), `${target.host}:${target.port}`);
    return new LinkError(refusal.code, refusal.side, `${place(target)}: ${refusal.message}`, refusal.hint, cause);
  }

  static abandoned(target: Target): LinkError {
    return new LinkError('abandoned', 'us', `${place(target)}: the attempt was cancelled`, '');
  }

  /** A link that ended while messages were outstanding on it. Under TLS 1.3 this is also how our certificate is refused. */
  static ended(end: LinkEnd | undefined, target: Target): LinkError {
    if (end?.error !== undefined) return LinkError.from(end.error, target);
    const stalled = end?.how === 'stalled';
    return new LinkError(
      stalled ? 'stalled' : 'closed',
      stalled ? 'network' : 'collector',
      stalled
        ? `${place(target)}: the collector has stopped reading`
        : `${place(target)}: the collector closed the connection before it had acknowledged what was sent`,
      stalled
        ? 'check whether the collector hangs, or a firewall has dropped the connection'
        : 'check the collector’s log; under TLS 1.3 this is all we see when it refuses our certificate',
    );
  }

  /** A link on which nothing was sent, closed by the collector within a second of the handshake. */
  static refusedSilently(target: Target, protocol: string): LinkError {
    return new LinkError(
      'closed-after-handshake',
      'collector',
      `${place(target)}: the collector closed the connection right after the ${protocol} handshake without saying why`,
      'it may not permit our certificate (tls.cert) or this address: check the collector’s log',
    );
  }

  /** The link was closed in order, but not in a way that proves that everything was read. */
  static unacknowledged(target: Target, doubt: string): LinkError {
    return new LinkError(
      'unacknowledged',
      'collector',
      `${place(target)}: what was sent is not acknowledged: ${doubt}`,
      'nothing is lost, it is sent again; if this continues, check the collector’s log',
    );
  }

  /** An ending that proves nothing. */
  static disproved({ doubt, error }: Pick<Ending, 'doubt' | 'error'>, target: Target): LinkError {
    return error === undefined ? LinkError.unacknowledged(target, doubt) : LinkError.from(error, target);
  }

  static noConnection(target: Target, limitMs: number): LinkError {
    return new LinkError(
      'no-connection',
      'network',
      `${place(target)}: no answer to the connection within ${limitMs / 1000} s`,
      'check whether a firewall drops TCP from this host to that port',
    );
  }

  static noHandshake(target: Target, limitMs: number): LinkError {
    return new LinkError(
      'no-handshake',
      'collector',
      `${place(target)}: the port accepts connections but does not answer: no TLS handshake within ${limitMs / 1000} s`,
      'check that the port is the one for syslog over TLS (6514), not plain TCP, and that the collector is not hung',
    );
  }

  static closedInHandshake(target: Target): LinkError {
    return new LinkError(
      'closed-in-handshake',
      'collector',
      `${place(target)}: the collector closed the connection during the TLS handshake without saying why`,
      'check the collector’s log; often it does not speak TLS on this port, or limits who may connect',
    );
  }

  static noCertificate(target: Target): LinkError {
    return new LinkError(
      'no-certificate',
      'us',
      `${place(target)}: the collector sent no certificate`,
      'configure a certificate on the collector',
    );
  }

  /** By OpenSSL's verify code, and in words where Node has no code. */
  static unverified(code: string, fault: string | undefined, target: Target): LinkError {
    const refusal = refusalOf(code, fault ?? '', `${target.host}:${target.port}`);
    return new LinkError(refusal.code, 'us', `${place(target)}: ${refusal.message}`, refusal.hint);
  }

  static notOnlyPurpose(target: Target, fault: string): LinkError {
    return new LinkError(
      'their-purpose',
      'us',
      `${place(target)}: the collector’s certificate is not meant for servers, which tls.purpose: any allows, but it also has another fault: ${fault}`,
      'ask its operator for another certificate',
    );
  }

  static chainTooLong(target: Target, intermediates: number, most: number): LinkError {
    return new LinkError(
      'their-chain',
      'us',
      `${place(target)}: the collector’s certificate chain has ${intermediates} intermediate CAs; at most ${most} are allowed`,
      'ask its operator for a certificate from a CA nearer to the root',
    );
  }

  static wrongName(target: Target, name: string, presented: string): LinkError {
    return new LinkError(
      'wrong-name',
      'us',
      `${place(target)}: the collector’s certificate is not for ${name}; it is for ${presented || 'no name at all (no subjectAltName)'}`,
      'connect by a name in the certificate, or set tls.serverName to one, or ask for a certificate with the right name',
    );
  }

  static wrongFingerprint(target: Target, presented: string): LinkError {
    return new LinkError(
      'wrong-fingerprint',
      'us',
      `${place(target)}: the collector’s certificate has none of the fingerprints in tls.fingerprints; it has ${presented}`,
      'compare it with its operator over another channel, then put it into tls.fingerprints',
    );
  }
}

/** Where it is about: every message begins with it. */
export function place({ host, address, port }: Target): string {
  return address === host ? `${host}:${port}` : `${host}:${port} (${address})`;
}
