import test from 'ava';
import { LinkError, type Side } from '../../../src/link/refusal.js';
import { refusalOf } from '../../../src/pki/x509/words.js';

/** System codes, OpenSSL's, and alerts as Node puts them. */
const rows: [systemCode: string, reason: string, code: string, side: Side][] = [
  ['ECONNREFUSED', 'connect ECONNREFUSED 127.0.0.1:6514', 'refused', 'network'],
  ['ENOTFOUND', 'getaddrinfo ENOTFOUND nobody.example', 'unknown-host', 'network'],
  ['EAI_AGAIN', 'getaddrinfo EAI_AGAIN hie.example.org', 'no-dns', 'network'],
  ['EHOSTUNREACH', 'connect EHOSTUNREACH', 'unreachable', 'network'],
  ['ETIMEDOUT', 'read ETIMEDOUT', 'timed-out', 'network'],
  ['EMFILE', 'too many open files', 'no-descriptors', 'us'],
  ['ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED', '', 'asked-for-certificate', 'collector'],
  ['ERR_SSL_TLSV1_ALERT_UNKNOWN_CA', 'tlsv1 alert unknown ca', 'our-ca-unknown', 'collector'],
  ['ERR_SSL_SSLV3_ALERT_CERTIFICATE_EXPIRED', '', 'our-certificate-expired', 'collector'],
  ['ERR_SSL_SSLV3_ALERT_CERTIFICATE_REVOKED', '', 'our-certificate-revoked', 'collector'],
  ['ERR_SSL_SSLV3_ALERT_BAD_CERTIFICATE', '', 'our-certificate-refused', 'collector'],
  ['ERR_SSL_TLSV1_ALERT_ACCESS_DENIED', '', 'access-denied', 'collector'],
  ['ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION', '', 'their-version', 'collector'],
  ['ERR_SSL_SSLV3_ALERT_HANDSHAKE_FAILURE', '', 'no-common-cipher', 'collector'],
  ['ERR_SSL_TLSV1_ALERT_INTERNAL_ERROR', '', 'alert', 'collector'],
  ['CERT_HAS_EXPIRED', 'certificate has expired', 'their-certificate-expired', 'us'],
  ['CERT_NOT_YET_VALID', 'certificate is not yet valid', 'their-certificate-early', 'us'],
  ['DEPTH_ZERO_SELF_SIGNED_CERT', 'self-signed certificate', 'their-certificate-self-signed', 'us'],
  ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'unable to verify the first certificate', 'their-ca-unknown', 'us'],
  ['CERT_REVOKED', 'certificate revoked', 'their-certificate-revoked', 'us'],
  ['CRL_HAS_EXPIRED', 'CRL has expired', 'crl-expired', 'us'],
  ['UNABLE_TO_GET_CRL', 'unable to get certificate CRL', 'crl-missing', 'us'],
  ['INVALID_PURPOSE', 'unsupported certificate purpose', 'their-purpose', 'us'],
  ['ERR_SSL_WRONG_VERSION_NUMBER', 'wrong version number', 'not-tls', 'collector'],
  ['ECONNRESET', 'read ECONNRESET', 'reset', 'collector'],
  ['EPIPE', 'write EPIPE', 'reset', 'collector'],
];
for (const [systemCode, reason, code, side] of rows) {
  test(`${systemCode} is ${code}, said by ${side}, with something to do`, (t) => {
    const refusal = refusalOf(systemCode, reason);
    t.is(refusal.code, code);
    t.is(refusal.side, side);
    t.not(refusal.message, '');
    t.not(refusal.hint, '');
  });
}

test('a reason that nobody has seen before is passed on as it is', (t) => {
  const refusal = refusalOf('EWHATEVER', 'the moon is full');
  t.is(refusal.code, 'connection-failed');
  t.regex(refusal.message, /the moon is full \(EWHATEVER\)/);
});

const target = { host: 'hie.example.org', address: '192.0.2.7', port: 6514 };

test('a refusal names the place, and what broke the socket says more than what TLS made of it', (t) => {
  const reset = Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' });
  const error = LinkError.from(new Error('Client network socket disconnected'), target, reset);
  t.is(error.code, 'reset');
  t.true(error.message.startsWith('hie.example.org:6514 (192.0.2.7): '));
  t.is(error.cause, reset);
  t.is(LinkError.from(error, target), error);
});

test('refusals for a certificate’s sake are told apart from all others', (t) => {
  const authentication = ['our-ca-unknown', 'their-ca-unknown', 'wrong-name', 'wrong-fingerprint', 'access-denied'];
  for (const code of [...authentication, 'own-certificate', 'asked-for-certificate', 'no-certificate', 'crl-expired']) {
    t.true(new LinkError(code, 'us', '', '').isAuthenticationFailure, code);
  }
  for (const code of ['reset', 'refused', 'closed', 'stalled', 'unacknowledged', 'no-handshake', 'no-dns']) {
    t.false(new LinkError(code, 'us', '', '').isAuthenticationFailure, code);
  }
});

test('a link that ended says how', (t) => {
  t.is(LinkError.ended({ how: 'stalled', error: undefined }, target).code, 'stalled');
  t.is(LinkError.ended({ how: 'close-notify', error: undefined }, target).code, 'closed');
  t.is(LinkError.ended(undefined, target).code, 'closed');
});
