/** System, OpenSSL and alert codes (RFC 8446 section 6.2) and what they mean to an administrator. Pure. */

export interface Refusal {
  readonly code: string;
  /** Who said no. */
  readonly side: 'us' | 'collector' | 'network';
  readonly message: string;
  readonly hint: string;
}

type Row = readonly [match: RegExp, code: string, side: Refusal['side'], message: string, hint: string];

const OUR_CERTIFICATE =
  'run `openemr-audit-forwarder cert show` on tls.cert and send its issuer to the collector’s operator';

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
  // Their refusal of us: alerts that they sent.
  [
    /ALERT_CERTIFICATE_REQUIRED|certificate required/i,
    'asked-for-certificate',
    'collector',
    'the collector asks for a client certificate and got none',
    'set tls.cert and tls.key',
  ],
  [
    /ALERT_UNKNOWN_CA|alert unknown ca/i,
    'our-ca-unknown',
    'collector',
    'the collector does not know the authority that signed our certificate (tls.cert)',
    OUR_CERTIFICATE,
  ],
  [
    /ALERT_CERTIFICATE_EXPIRED|alert certificate expired/i,
    'our-certificate-expired',
    'collector',
    'the collector says that our certificate (tls.cert) has expired',
    'renew it: openemr-audit-forwarder cert renew; and compare the clocks of both hosts',
  ],
  [
    /ALERT_CERTIFICATE_REVOKED|alert certificate revoked/i,
    'our-certificate-revoked',
    'collector',
    'the collector says that our certificate (tls.cert) was revoked',
    'ask its authority for a new one',
  ],
  [
    /ALERT_BAD_CERTIFICATE|ALERT_UNSUPPORTED_CERTIFICATE|ALERT_CERTIFICATE_UNKNOWN|alert (bad|unsupported) certificate|certificate unknown/i,
    'our-certificate-refused',
    'collector',
    'the collector refuses our certificate (tls.cert)',
    OUR_CERTIFICATE,
  ],
  [
    /ALERT_ACCESS_DENIED|alert access denied/i,
    'access-denied',
    'collector',
    'the collector knows our certificate (tls.cert) but does not permit it',
    'ask its operator to permit the fingerprint that `cert show` prints',
  ],
  [
    /ALERT_PROTOCOL_VERSION|alert protocol version/i,
    'their-version',
    'collector',
    'the collector does not take the TLS versions that we offer',
    'compare tls.minVersion with what it supports (TLS 1.2 at least)',
  ],
  [
    /ALERT_HANDSHAKE_FAILURE|alert handshake failure/i,
    'no-common-cipher',
    'collector',
    'the collector found nothing in common with our ciphers, or wants another kind of certificate',
    'compare tls.ciphers with the collector’s; look at its log',
  ],
  [
    /ALERT_INSUFFICIENT_SECURITY/i,
    'too-weak',
    'collector',
    'the collector finds our ciphers too weak',
    'leave tls.ciphers at its default',
  ],
  [
    /ALERT_(INTERNAL|DECRYPT|DECODE)_ERROR|ALERT_DECRYPTION|ALERT_BAD_RECORD|ALERT_UNEXPECTED_MESSAGE|ALERT_ILLEGAL_PARAMETER|ALERT_/i,
    'alert',
    'collector',
    'the collector broke the handshake off with an alert',
    'look at the collector’s log for the reason',
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
    /CERT_NOT_YET_VALID|not yet valid/,
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
    /SELF_SIGNED_CERT_IN_CHAIN|UNABLE_TO_GET_ISSUER_CERT(_LOCALLY)?|UNABLE_TO_VERIFY_LEAF_SIGNATURE/,
    'their-ca-unknown',
    'us',
    'the authority that signed the collector’s certificate is not in tls.ca',
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
    'the collector’s certificate is not meant for servers (extended key usage)',
    'ask its operator for a certificate with serverAuth, or set tls.purpose: any (IHE ITI-19 demands no usage)',
  ],
  [
    /CERT_SIGNATURE_FAILURE|CRL_SIGNATURE_FAILURE/,
    'their-signature',
    'us',
    'a signature in the collector’s certificate chain is wrong',
    'compare tls.ca with the authority’s present certificate',
  ],
  [
    /CERT_CHAIN_TOO_LONG|PATH_LENGTH_EXCEEDED|INVALID_CA/,
    'their-chain',
    'us',
    'the collector’s certificate chain is not a valid one',
    'show its operator; the chain is printed by: openssl s_client -showcerts -connect HOST:PORT',
  ],
  [
    /KEY_TOO_SMALL|MD_TOO_WEAK|KEY_TOO_WEAK|ee key too small|ca (key|md) too (small|weak)/i,
    'weak',
    'us',
    'a certificate uses a key or a hash that is too weak for OpenSSL',
    'make it anew with RSA 2048 or more, or P-256, and SHA-256',
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
  [/ECONNRESET|EPIPE/, 'reset', 'collector', 'the collector reset the connection', 'look at the collector’s log'],
  [
    /socket disconnected|ended/i,
    'closed',
    'collector',
    'the collector closed the connection during the TLS handshake',
    'look at the collector’s log',
  ],
];

export function refusalOf(systemCode: string, reason: string): Refusal {
  if (systemCode === 'UNSPECIFIED') return unnamed(reason);
  const text = `${systemCode} ${reason}`;
  for (const [match, code, side, message, hint] of ROWS) {
    if (match.test(text)) return { code, side, message, hint };
  }
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
    message: `the collector’s certificate chain is not a valid one${reason === '' ? '' : `: ${reason}`}`,
    hint: 'show its operator; the chain is printed by: openssl s_client -showcerts -connect HOST:PORT',
  };
}
