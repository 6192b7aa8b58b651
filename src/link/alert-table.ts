/**
 * TLS alerts (RFC 8446 section 6, RFC 5246 section 7.2) by which a collector
 * refuses us, and what they mean to an administrator. OpenSSL prefixes their
 * names in several ways; the number is always told. Pure.
 */
export interface Refusal {
  readonly code: string;
  /** Who said no. */
  readonly side: 'us' | 'collector' | 'network';
  readonly message: string;
  readonly hint: string;
}

const NAMES: Readonly<Record<number, string>> = {
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

type Row = readonly [code: string, message: string, hint: string];

const SEND_ISSUER =
  'run `openemr-audit-forwarder cert show` on tls.cert and send its issuer to the collector’s operator';
const LOOK = 'look at the collector’s log for the reason';
const refused = (why: string): Row => [
  'our-certificate-refused',
  `the collector refuses our certificate (tls.cert)${why}`,
  SEND_ISSUER,
];

const ROWS: Readonly<Record<number, Row>> = {
  40: [
    'no-common-cipher',
    'the collector found nothing in common with our ciphers, or wants another kind of certificate',
    'compare tls.ciphers with the collector’s; look at its log',
  ],
  42: refused(' (alert 42, bad_certificate)'),
  43: refused(': it is not meant for clients, or of another kind than it takes (alert 43, unsupported_certificate)'),
  44: [
    'our-certificate-revoked',
    'the collector says that our certificate (tls.cert) was revoked',
    'ask its authority for a new one',
  ],
  45: [
    'our-certificate-expired',
    'the collector says that our certificate (tls.cert) has expired',
    'renew it: openemr-audit-forwarder cert renew; and compare the clocks of both hosts',
  ],
  46: refused(' and does not say why (alert 46, certificate_unknown)'),
  48: [
    'our-ca-unknown',
    'the collector does not know the authority that signed our certificate (tls.cert)',
    SEND_ISSUER,
  ],
  49: [
    'access-denied',
    'the collector knows our certificate (tls.cert) but does not permit it',
    'ask its operator to permit the fingerprint that `cert show` prints',
  ],
  51: [
    'alert',
    'the collector could not verify a signature, or decrypt, in the handshake (alert 51, decrypt_error)',
    'check that key and certificate belong together: openemr-audit-forwarder cert verify; look at the collector’s log',
  ],
  70: [
    'their-version',
    'the collector does not take the TLS versions that we offer',
    'compare tls.minVersion with what it supports (TLS 1.2 at least)',
  ],
  71: ['too-weak', 'the collector finds our ciphers too weak', 'leave tls.ciphers at its default'],
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

/** What the collector said by an alert; `undefined` when it was none. */
export function refusalByAlert(systemCode: string, reason: string): Refusal | undefined {
  const number = alertIn(systemCode, reason);
  if (number === undefined) return undefined;
  const name = NAMES[number] ?? 'which has no name';
  const [code, message, hint] = ROWS[number] ?? [
    'alert',
    `the collector broke the connection off with the alert ${number}, ${name}`,
    LOOK,
  ];
  return { code, side: 'collector', message, hint };
}

/** `…:SSL alert number 48`; where the reason is lost, `ERR_SSL_TLSV1_ALERT_UNKNOWN_CA`. */
function alertIn(systemCode: string, reason: string): number | undefined {
  const told = /SSL alert number (\d+)/.exec(reason)?.[1];
  if (told !== undefined) return Number(told);
  const name = /^ERR_SSL_(?:SSLV3|TLSV1|TLSV13)_(?:ALERT_)?([A-Z_]+)$/.exec(systemCode)?.[1]?.toLowerCase();
  const found = Object.entries(NAMES).find((entry) => entry[1] === name);
  return found && Number(found[0]);
}
