/** System codes and OpenSSL's, and what they mean to an administrator; alerts have a table of their own. Pure. */
import { type Refusal, refusalByAlert } from './alert-table.js';

type Row = readonly [match: RegExp, code: string, side: Refusal['side'], message: string, hint: string];

const INVALID_CHAIN = 'the collector’s certificate chain is not a valid one';
const SHOW_CHAIN = 'show it to its operator: openssl s_client -showcerts -connect HOST:PORT';

/** First match wins; matched against `CODE message`. */
const ROWS: readonly Row[] = [
  // The network.
  [
    /ECONNREFUSED/,
    'refused',
    'network',
    'nothing listens on that port',
    'start the collector, or correct host and port under collectors',
  ],
  [
    /ENOTFOUND|EAI_NONAME/,
    'unknown-host',
    'network',
    'the host name is not known to DNS',
    'correct host under collectors, or /etc/hosts',
  ],
  [/EAI_AGAIN/, 'no-dns', 'network', 'DNS gives no answer now', 'check /etc/resolv.conf; it is tried again'],
  [/EHOSTUNREACH|ENETUNREACH/, 'unreachable', 'network', 'there is no route to it', 'check the network of this host'],
  [/ETIMEDOUT/, 'timed-out', 'network', 'the connection timed out', 'ask whether a firewall drops TCP to that port'],
  [
    /EMFILE|ENFILE/,
    'no-descriptors',
    'us',
    'no file descriptor is left for a connection',
    'raise LimitNOFILE of the service',
  ],
  // Our refusal of them: OpenSSL's verify codes.
  [
    /CERT_HAS_EXPIRED|certificate has expired/,
    'their-certificate-expired',
    'us',
    'the collector’s certificate has expired',
    'its operator must renew it; it is tried again until then',
  ],
  [
    /CERT_NOT_YET_VALID|certificate is not yet valid/,
    'their-certificate-early',
    'us',
    'the collector’s certificate is not valid yet',
    'compare the clocks of both hosts',
  ],
  [
    /DEPTH_ZERO_SELF_SIGNED_CERT/,
    'their-certificate-self-signed',
    'us',
    'the collector’s certificate is signed by itself, not by an authority in tls.ca',
    'put that certificate into tls.ca, or use tls.verify: fingerprint',
  ],
  [
    /UNABLE_TO_VERIFY_LEAF_SIGNATURE/,
    'their-ca-unknown',
    'us',
    'the authority that signed the collector’s certificate is not in tls.ca, and the collector sends no other certificate',
    'put the authority’s certificate into the file that tls.ca names; an intermediate one the collector should send along',
  ],
  [
    /SELF_SIGNED_CERT_IN_CHAIN|UNABLE_TO_GET_ISSUER_CERT(_LOCALLY)?/,
    'their-ca-unknown',
    'us',
    'the authority at the end of the collector’s certificate chain is not in tls.ca',
    'put the certificate of the collector’s authority into the file that tls.ca names',
  ],
  [
    /CERT_REVOKED/,
    'their-certificate-revoked',
    'us',
    'the collector’s certificate was revoked (tls.crl)',
    'its operator must install a new one',
  ],
  [
    /CRL_HAS_EXPIRED|CRL_NOT_YET_VALID/,
    'crl-expired',
    'us',
    'the revocation list (tls.crl) is out of date',
    'fetch or make a new one',
  ],
  [
    /UNABLE_TO_GET_CRL/,
    'crl-missing',
    'us',
    'tls.crl holds no list of the authority that signed the collector’s certificate',
    'add one for each authority of the chain',
  ],
  [
    /INVALID_PURPOSE|unsupported certificate purpose/,
    'their-purpose',
    'us',
    // OpenSSL says the same of an authority that is none.
    'the collector’s certificate is not meant for servers (extended key usage), or one above it not for signing such',
    'ask its operator for a certificate with serverAuth, or set tls.purpose: any (IHE ITI-19 demands no usage)',
  ],
  [
    /CERT_SIGNATURE_FAILURE|CRL_SIGNATURE_FAILURE/,
    'their-signature',
    'us',
    'a signature in the collector’s certificate chain is wrong',
    'compare tls.ca with the authority’s present certificate',
  ],
  [/PATH_LENGTH_EXCEEDED|INVALID_CA/, 'their-chain', 'us', INVALID_CHAIN, SHOW_CHAIN],
  [
    /ERR_SSL_(EE|CA)_(KEY_TOO_SMALL|MD_TOO_WEAK)/,
    'our-certificate-weak',
    'us',
    'a certificate in tls.cert has a key or a signature that is too weak for OpenSSL',
    'have it made anew with RSA 2048 or more, or P-256, and SHA-256',
  ],
  [
    /(key|digest algorithm) too weak/i,
    'their-certificate-weak',
    'us',
    'a certificate of the collector’s chain has a key or a signature that is too weak for OpenSSL',
    'its operator must have it made anew with RSA 2048 or more, or P-256, and SHA-256',
  ],
  [
    /UNSUPPORTED_PROTOCOL|NO_PROTOCOLS|wrong ssl version/i,
    'their-old-tls',
    'us',
    'the collector offers only TLS versions older than tls.minVersion',
    'the collector must support TLS 1.2 or later',
  ],
  [
    /WRONG_VERSION_NUMBER|PACKET_LENGTH_TOO_LONG|BAD_RECORD_TYPE|HTTP_REQUEST/i,
    'not-tls',
    'collector',
    'what answers there does not speak TLS',
    'check that the port is the one for syslog over TLS (6514), not plain TCP',
  ],
  [
    /RENEGOTIATION/,
    'renegotiation',
    'us',
    'the collector wanted to renegotiate TLS, which is never done (RFC 9325 section 3.5)',
    'let the collector take TLS 1.3, or ask for our certificate in the first handshake',
  ],
  [
    /ECONNRESET|EPIPE/,
    'reset',
    'collector',
    'the collector reset the connection',
    'look at the collector’s log: it may have been restarted, want a certificate, or not permit ours',
  ],
  [
    /socket disconnected|ended/i,
    'closed',
    'collector',
    'the collector closed the connection during the TLS handshake',
    'look at the collector’s log',
  ],
];

export function refusalOf(systemCode: string, reason: string): Refusal {
  const alerted = refusalByAlert(systemCode, reason);
  if (alerted !== undefined) return alerted;
  const text = `${systemCode} ${reason}`;
  for (const [match, code, side, message, hint] of ROWS) {
    if (match.test(text)) return { code, side, message, hint };
  }
  if (systemCode === 'UNSPECIFIED') return unnamed(reason);
  if (systemCode.startsWith('ERR_SSL_')) return brokenOff(systemCode, reason);
  return {
    code: 'connection-failed',
    side: 'network',
    message: `the connection failed: ${reason}${systemCode === '' ? '' : ` (${systemCode})`}`,
    hint: 'look at the collector’s log',
  };
}

/** Node gives no code to most of OpenSSL's verify errors: the reason is all there is. */
function unnamed(reason: string): Refusal {
  return {
    code: 'their-chain',
    side: 'us',
    message: `${INVALID_CHAIN}${reason === '' ? '' : `: ${reason}`}`,
    hint: SHOW_CHAIN,
  };
}

/** `801C…:error:0A000153:SSL routines:ssl3_read_bytes:no renegotiation:../deps/…:1667:` */
function brokenOff(systemCode: string, reason: string): Refusal {
  const words = reason.split(':')[5]?.trim();
  return {
    code: 'tls-failed',
    side: 'us',
    message: `TLS was broken off on this side${words ? `: ${words}` : ''} (${systemCode})`,
    hint: 'look at the collector’s log; what answers may not speak TLS properly',
  };
}
