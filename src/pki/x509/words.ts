/**
 * Says in plain words what the error codes of connections and certificates mean:
 * OpenSSL's verify codes, TLS alerts (RFC 8446 section 6, RFC 5246 section 7.2) and
 * the system's codes. First as the agent's administrator needs them, with a remedy;
 * at the end as the operator of a collector needs them, of a client. OpenSSL prefixes
 * the names of alerts in several ways; their number is always in its message. Pure.
 */
import { reasonOf, systemCode } from '../../lib/errors.js';

export interface Refusal {
  readonly code: string;
  /** Who said no. */
  readonly side: 'us' | 'collector' | 'network';
  readonly message: string;
  readonly hint: string;
}

type FaultRow = readonly [match: RegExp, code: string, side: Refusal['side'], message: string, hint: string];

const INVALID_CHAIN = 'the collector’s certificate chain is not valid';
const SHOW_CHAIN = 'show it to its operator: openssl s_client -showcerts -connect HOST:PORT';

/** First match wins; matched against `CODE message`. */
const FAULTS: readonly FaultRow[] = [
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
    'DNS does not know the host name',
    'correct host under collectors, or /etc/hosts',
  ],
  [/EAI_AGAIN/, 'no-dns', 'network', 'DNS does not answer', 'check /etc/resolv.conf; the agent retries'],
  [
    /EHOSTUNREACH|ENETUNREACH/,
    'unreachable',
    'network',
    'there is no route to the collector',
    'check the network of this host',
  ],
  [/ETIMEDOUT/, 'timed-out', 'network', 'the connection timed out', 'check whether a firewall drops TCP to that port'],
  [
    /EMFILE|ENFILE/,
    'no-descriptors',
    'us',
    'this process has no file descriptors left',
    'raise LimitNOFILE in the systemd unit',
  ],
  // Our refusal of them: OpenSSL's verify codes.
  [
    /CERT_HAS_EXPIRED|certificate has expired/,
    'their-certificate-expired',
    'us',
    'the collector’s certificate has expired',
    'its operator must renew it; the agent retries until then',
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
    'the collector’s certificate is self-signed, not signed by a CA in tls.ca',
    'put that certificate into tls.ca, or use tls.verify: fingerprint',
  ],
  [
    /UNABLE_TO_VERIFY_LEAF_SIGNATURE/,
    'their-ca-unknown',
    'us',
    'the collector’s certificate is signed by a CA that is not in tls.ca, and the collector sends no intermediate certificate',
    'put the CA’s certificate into the file that tls.ca names; the collector should send intermediate certificates itself',
  ],
  [
    /SELF_SIGNED_CERT_IN_CHAIN|UNABLE_TO_GET_ISSUER_CERT(_LOCALLY)?/,
    'their-ca-unknown',
    'us',
    'the collector’s certificate is signed by a CA that is not in tls.ca',
    'put the certificate of the collector’s CA into the file that tls.ca names',
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
    'get a new one from the CA',
  ],
  [
    /UNABLE_TO_GET_CRL/,
    'crl-missing',
    'us',
    'tls.crl has no list of the CA that signed the collector’s certificate',
    'add one for each CA of the chain',
  ],
  [
    /INVALID_PURPOSE|unsupported certificate purpose/,
    'their-purpose',
    'us',
    // OpenSSL says the same of a CA that is none.
    'the collector’s certificate is not meant for servers (extended key usage), or a CA above it may not sign such certificates',
    'ask its operator for a certificate with serverAuth, or set tls.purpose: any (IHE ITI-19 requires no usage)',
  ],
  [
    /CERT_SIGNATURE_FAILURE|CRL_SIGNATURE_FAILURE/,
    'their-signature',
    'us',
    'a signature in the collector’s certificate chain is wrong',
    'compare tls.ca with the CA’s current certificate',
  ],
  [/PATH_LENGTH_EXCEEDED|INVALID_CA/, 'their-chain', 'us', INVALID_CHAIN, SHOW_CHAIN],
  [
    /ERR_SSL_(EE|CA)_(KEY_TOO_SMALL|MD_TOO_WEAK)/,
    'our-certificate-weak',
    'us',
    'a certificate in tls.cert has a key or a signature that is too weak for OpenSSL',
    'get a new one with RSA 2048 or more, or P-256, and SHA-256',
  ],
  [
    /(key|digest algorithm) too weak/i,
    'their-certificate-weak',
    'us',
    'a certificate of the collector’s chain has a key or a signature that is too weak for OpenSSL',
    'its operator needs a new one with RSA 2048 or more, or P-256, and SHA-256',
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
    'the server on that port does not speak TLS',
    'check that the port is the one for syslog over TLS (6514), not plain TCP',
  ],
  [
    /RENEGOTIATION/,
    'renegotiation',
    'us',
    'the collector asked to renegotiate TLS, which this program refuses (RFC 9325 section 3.5)',
    'configure the collector for TLS 1.3, or to ask for the client certificate in the first handshake',
  ],
  [
    /ECONNRESET|EPIPE/,
    'reset',
    'collector',
    'the collector reset the connection',
    'check the collector’s log: it may have been restarted, require a certificate, or not permit ours',
  ],
  [
    /socket disconnected|ended/i,
    'closed',
    'collector',
    'the collector closed the connection during the TLS handshake',
    'check the collector’s log',
  ],
];

/** `endpoint`: the collector's `host:port`, for commands to try. */
export function refusalOf(systemCode: string, reason: string, endpoint = 'HOST:PORT'): Refusal {
  const refusal = refusalWithoutPlace(systemCode, reason);
  return { ...refusal, hint: refusal.hint.replace('HOST:PORT', endpoint) };
}

function refusalWithoutPlace(systemCode: string, reason: string): Refusal {
  const alerted = refusalByAlert(systemCode, reason);
  if (alerted !== undefined) return alerted;
  const text = `${systemCode} ${reason}`;
  for (const [match, code, side, message, hint] of FAULTS) {
    if (match.test(text)) return { code, side, message, hint };
  }
  if (systemCode === 'UNSPECIFIED') return unnamed(reason);
  if (systemCode.startsWith('ERR_SSL_')) return brokenOff(systemCode, reason);
  return {
    code: 'connection-failed',
    side: 'network',
    message: `the connection failed: ${reason}${systemCode === '' ? '' : ` (${systemCode})`}`,
    hint: 'check the collector’s log',
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
    message: `this side ended the TLS connection${words ? `: ${words}` : ''} (${systemCode})`,
    hint: 'check the collector’s log; it may not speak TLS properly',
  };
}

/* What a collector says by a TLS alert. */

const ALERT_NAMES: Readonly<Record<number, string>> = {
  0: 'close_notify',
  10: 'unexpected_message',
  20: 'bad_record_mac',
  21: 'decryption_failed',
  22: 'record_overflow',
  30: 'decompression_failure',
  40: 'handshake_failure',
  41: 'no_certificate',
  42: 'bad_certificate',
  43: 'unsupported_certificate',
  44: 'certificate_revoked',
  45: 'certificate_expired',
  46: 'certificate_unknown',
  47: 'illegal_parameter',
  48: 'unknown_ca',
  49: 'access_denied',
  50: 'decode_error',
  51: 'decrypt_error',
  60: 'export_restriction',
  70: 'protocol_version',
  71: 'insufficient_security',
  80: 'internal_error',
  86: 'inappropriate_fallback',
  90: 'user_canceled',
  100: 'no_renegotiation',
  109: 'missing_extension',
  110: 'unsupported_extension',
  112: 'unrecognized_name',
  113: 'bad_certificate_status_response',
  115: 'unknown_psk_identity',
  116: 'certificate_required',
  120: 'no_application_protocol',
};

type AlertRow = readonly [code: string, message: string, hint: string];

const SEND_ISSUER =
  'run `openemr-audit-forwarder cert show` on tls.cert and send its issuer to the collector’s operator';
const LOOK = 'check the collector’s log for the reason';
const refused = (why: string): AlertRow => [
  'our-certificate-refused',
  `the collector refuses our certificate (tls.cert)${why}`,
  SEND_ISSUER,
];

const ALERTS: Readonly<Record<number, AlertRow>> = {
  40: [
    'no-common-cipher',
    'the collector has no cipher in common with ours, or needs another kind of certificate',
    'compare tls.ciphers with the collector’s; check its log',
  ],
  42: refused(' (alert 42, bad_certificate)'),
  43: refused(
    ': it is not meant for clients, or of a kind that the collector does not support (alert 43, unsupported_certificate)',
  ),
  44: [
    'our-certificate-revoked',
    'the collector says that our certificate (tls.cert) was revoked',
    'get a new one from its CA',
  ],
  45: [
    'our-certificate-expired',
    'the collector says that our certificate (tls.cert) has expired',
    'renew it: openemr-audit-forwarder cert renew; and compare the clocks of both hosts',
  ],
  46: refused(' and does not say why (alert 46, certificate_unknown)'),
  48: ['our-ca-unknown', 'the collector does not know the CA that signed our certificate (tls.cert)', SEND_ISSUER],
  49: [
    'access-denied',
    'the collector knows our certificate (tls.cert) but does not permit it',
    'ask its operator to permit the fingerprint that `cert show` prints',
  ],
  51: [
    'alert',
    'the collector could not decrypt, or verify a signature, in the handshake (alert 51, decrypt_error)',
    'check that key and certificate belong together: openemr-audit-forwarder cert verify; check the collector’s log',
  ],
  70: [
    'their-version',
    'the collector does not support the TLS versions that we offer',
    'compare tls.minVersion with what it supports (at least TLS 1.2)',
  ],
  71: ['too-weak', 'the collector refuses our ciphers as too weak', 'leave tls.ciphers at its default'],
  112: [
    'name-unknown',
    'the collector does not know the name that we ask it for (SNI)',
    'set tls.serverName to the name in its certificate, or correct host under collectors',
  ],
  116: [
    'asked-for-certificate',
    'the collector asks for a client certificate and got none',
    'set tls.cert and tls.key',
  ],
};

/** `undefined` when it was no alert. */
function refusalByAlert(systemCode: string, reason: string): Refusal | undefined {
  const number = alertIn(systemCode, reason);
  if (number === undefined) return undefined;
  const name = ALERT_NAMES[number] ?? 'which has no name';
  const [code, message, hint] = ALERTS[number] ?? [
    'alert',
    `the collector ended the connection with the alert ${number}, ${name}`,
    LOOK,
  ];
  return { code, side: 'collector', message, hint };
}

/** `…:SSL alert number 48`; where the reason is lost, `ERR_SSL_TLSV1_ALERT_UNKNOWN_CA`. */
function alertIn(systemCode: string, reason: string): number | undefined {
  const told = /SSL alert number (\d+)/.exec(reason)?.[1];
  if (told !== undefined) return Number(told);
  const name = /^ERR_SSL_(?:SSLV3|TLSV1|TLSV13)_(?:ALERT_)?([A-Z_]+)$/.exec(systemCode)?.[1]?.toLowerCase();
  const found = Object.entries(ALERT_NAMES).find((entry) => entry[1] === name);
  return found && Number(found[0]);
}

/* What a collector says of a client: in its list of certificates, and when a handshake fails. */

const UNKNOWN_AUTHORITY = 'signed by a CA that is not in the CA file';

const VERIFY_WORDS: Readonly<Record<string, string>> = {
  CERT_HAS_EXPIRED: 'expired',
  CERT_NOT_YET_VALID: 'not valid yet (or a clock is wrong)',
  CERT_REVOKED: 'revoked by its CA',
  CERT_SIGNATURE_FAILURE: 'the signature does not match the issuer',
  CERT_CHAIN_TOO_LONG: 'the chain is too long',
  CRL_HAS_EXPIRED: 'the revocation list has expired, so every certificate is refused',
  CRL_NOT_YET_VALID: 'the revocation list is not valid yet',
  CRL_SIGNATURE_FAILURE: 'the signature of the revocation list does not match',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'self-signed and not in the CA file',
  INVALID_CA: 'an issuer in the chain is not a CA',
  INVALID_PURPOSE: 'not made for clients (extended key usage lacks clientAuth)',
  PATH_LENGTH_EXCEEDED: 'the chain has more intermediate CAs than one of them allows',
  SELF_SIGNED_CERT_IN_CHAIN: 'its root CA is not in the CA file',
  UNABLE_TO_GET_CRL: 'there is no revocation list of its CA',
  UNABLE_TO_GET_ISSUER_CERT: UNKNOWN_AUTHORITY,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: UNKNOWN_AUTHORITY,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: UNKNOWN_AUTHORITY,
};

const CLIENT_REFUSED_US = 'the client does not accept our certificate';

const HANDSHAKE_WORDS: Readonly<Record<string, string>> = {
  ECONNRESET: 'hung up during the handshake (it may not accept our certificate)',
  EPIPE: 'hung up during the handshake',
  ERR_SSL_CERTIFICATE_VERIFY_FAILED: 'its certificate does not verify',
  ERR_SSL_CA_KEY_TOO_SMALL: 'the key of its CA is too short for OpenSSL 3',
  ERR_SSL_CA_MD_TOO_WEAK: 'its certificate is signed with a hash that is too weak for OpenSSL 3',
  ERR_SSL_EE_KEY_TOO_SMALL: 'its key is too short for OpenSSL 3',
  ERR_SSL_HTTP_REQUEST: 'not a TLS client: it speaks HTTP',
  ERR_SSL_NO_SHARED_CIPHER: 'no cipher in common',
  ERR_SSL_NO_SUITABLE_SIGNATURE_ALGORITHM: 'no signature algorithm in common',
  ERR_SSL_PEER_DID_NOT_RETURN_A_CERTIFICATE: 'no client certificate',
  ERR_SSL_UNEXPECTED_EOF_WHILE_READING: 'ended the connection during the handshake',
  ERR_SSL_UNSUPPORTED_PROTOCOL: 'its TLS version is too old: TLS 1.2 or later is required',
  ERR_SSL_VERSION_TOO_LOW: 'its TLS version is too old: TLS 1.2 or later is required',
  ERR_SSL_WRONG_VERSION_NUMBER: 'not a TLS client (plain text sent to a TLS port?)',
  ERR_SSL_PACKET_LENGTH_TOO_LONG: 'not a TLS client (plain text sent to a TLS port?)',
  ERR_SSL_SSLV3_ALERT_BAD_CERTIFICATE: CLIENT_REFUSED_US,
  ERR_SSL_SSLV3_ALERT_CERTIFICATE_EXPIRED: `${CLIENT_REFUSED_US}: expired`,
  ERR_SSL_SSLV3_ALERT_CERTIFICATE_REVOKED: `${CLIENT_REFUSED_US}: revoked`,
  ERR_SSL_SSLV3_ALERT_CERTIFICATE_UNKNOWN: CLIENT_REFUSED_US,
  ERR_SSL_SSLV3_ALERT_UNSUPPORTED_CERTIFICATE: CLIENT_REFUSED_US,
  ERR_SSL_TLSV1_ALERT_UNKNOWN_CA: `${CLIENT_REFUSED_US}: it does not know the CA that signed it`,
  ERR_SSL_TLSV1_ALERT_DECRYPT_ERROR: `${CLIENT_REFUSED_US}: a signature does not match`,
  ERR_TLS_HANDSHAKE_TIMEOUT: 'connected, but did not complete the handshake in time',
};

/** Why the certificate is not trusted; an unknown code is named. */
export function wordsForVerifyError(code: string): string {
  return VERIFY_WORDS[code] ?? code.toLowerCase().replaceAll('_', ' ');
}

/** Why there was no handshake; what has no words here is told as OpenSSL tells it, without its addresses. */
export function wordsForHandshakeError(error: unknown): string {
  const known = HANDSHAKE_WORDS[systemCode(error)];
  if (known !== undefined) return known;
  // 801C66B3FF7E0000:error:0A00010B:SSL routines:ssl3_get_record:wrong version number:../deps/…:350:
  const [, , , , , words] = reasonOf(error).split(':');
  return words?.trim() || reasonOf(error);
}
