/**
 * OpenSSL's and the kernel's codes in the words of somebody who runs servers:
 * why a certificate is not trusted (verify codes of `openssl verify`), and why a
 * handshake failed (RFC 8446 section 6.2 alerts and local refusals).
 */
import { AgentError, reasonOf, systemCode } from '../lib/errors.js';

const UNKNOWN_AUTHORITY = 'issued by an authority that is not in the CA file';

const VERIFY_WORDS: Readonly<Record<string, string>> = {
  CERT_HAS_EXPIRED: 'expired',
  CERT_NOT_YET_VALID: 'not valid yet (or a clock is wrong)',
  CERT_REVOKED: 'revoked by its authority',
  CERT_SIGNATURE_FAILURE: 'the signature does not match the issuer',
  CERT_CHAIN_TOO_LONG: 'the chain is too long',
  CRL_HAS_EXPIRED: 'the revocation list has expired, so nobody can be checked against it',
  CRL_NOT_YET_VALID: 'the revocation list is not valid yet',
  CRL_SIGNATURE_FAILURE: 'the signature of the revocation list does not match',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'self-signed and not in the CA file',
  INVALID_CA: 'an issuer in the chain is no certificate authority',
  INVALID_PURPOSE: 'not made for clients (extended key usage lacks clientAuth)',
  PATH_LENGTH_EXCEEDED: 'the authority may not issue through so many others',
  SELF_SIGNED_CERT_IN_CHAIN: 'a root authority that is not in the CA file',
  UNABLE_TO_GET_CRL: 'no revocation list of its authority at hand',
  UNABLE_TO_GET_ISSUER_CERT: UNKNOWN_AUTHORITY,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: UNKNOWN_AUTHORITY,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: UNKNOWN_AUTHORITY,
};

const CLIENT_REFUSED_US = 'the client does not accept our certificate';

const HANDSHAKE_WORDS: Readonly<Record<string, string>> = {
  ECONNRESET: 'hung up during the handshake (it may not accept our certificate)',
  EPIPE: 'hung up during the handshake',
  ERR_SSL_CERTIFICATE_VERIFY_FAILED: 'its certificate does not verify',
  ERR_SSL_CA_KEY_TOO_SMALL: "its authority's key is too short for today's TLS",
  ERR_SSL_CA_MD_TOO_WEAK: 'its certificate is signed with a hash too weak for today’s TLS',
  ERR_SSL_EE_KEY_TOO_SMALL: "its key is too short for today's TLS",
  ERR_SSL_HTTP_REQUEST: 'not a TLS client: it speaks HTTP',
  ERR_SSL_NO_SHARED_CIPHER: 'no cipher in common',
  ERR_SSL_NO_SUITABLE_SIGNATURE_ALGORITHM: 'no signature algorithm in common',
  ERR_SSL_PEER_DID_NOT_RETURN_A_CERTIFICATE: 'no client certificate',
  ERR_SSL_UNEXPECTED_EOF_WHILE_READING: 'ended the connection during the handshake',
  ERR_SSL_UNSUPPORTED_PROTOCOL: 'too old a TLS: 1.2 is the least',
  ERR_SSL_VERSION_TOO_LOW: 'too old a TLS: 1.2 is the least',
  ERR_SSL_WRONG_VERSION_NUMBER: 'not a TLS client (plain text sent to a TLS port?)',
  ERR_SSL_PACKET_LENGTH_TOO_LONG: 'not a TLS client (plain text sent to a TLS port?)',
  ERR_SSL_SSLV3_ALERT_BAD_CERTIFICATE: CLIENT_REFUSED_US,
  ERR_SSL_SSLV3_ALERT_CERTIFICATE_EXPIRED: `${CLIENT_REFUSED_US}: expired`,
  ERR_SSL_SSLV3_ALERT_CERTIFICATE_REVOKED: `${CLIENT_REFUSED_US}: revoked`,
  ERR_SSL_SSLV3_ALERT_CERTIFICATE_UNKNOWN: CLIENT_REFUSED_US,
  ERR_SSL_SSLV3_ALERT_UNSUPPORTED_CERTIFICATE: CLIENT_REFUSED_US,
  ERR_SSL_TLSV1_ALERT_UNKNOWN_CA: `${CLIENT_REFUSED_US}: it does not know the authority that issued it`,
  ERR_SSL_TLSV1_ALERT_DECRYPT_ERROR: `${CLIENT_REFUSED_US}: a signature does not match`,
  ERR_TLS_HANDSHAKE_TIMEOUT: 'connected, but did not finish the handshake in time',
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

/*
 * Why a collector cannot start: its certificates do not fit, or its address is
 * not to be had. Each says what to do next.
 */

/** What Node and OpenSSL object to in certificate, key and revocation list. */
export function unusable(cause: unknown): AgentError {
  const code = systemCode(cause);
  if (code === 'ERR_OSSL_X509_KEY_VALUES_MISMATCH') {
    return new AgentError('key-mismatch', 'the key does not belong to the certificate', {
      hint: 'give the key that the certificate was made with, or make both anew',
      cause,
    });
  }
  if (code === 'ERR_OSSL_BAD_DECRYPT' || code === 'ERR_MISSING_PASSPHRASE') {
    return new AgentError('key-encrypted', 'the key is encrypted, and a collector for tests asks for no passphrase', {
      hint: 'write it without one: openssl pkey -in KEY -out PLAIN',
      cause,
    });
  }
  return new AgentError(
    'certificates-unusable',
    `certificate, key or revocation list is not usable: ${reasonOf(cause)}`,
    {
      hint: 'all of them must be PEM files; look at them with: openssl x509 -noout -text -in FILE',
      cause,
    },
  );
}

/** What the kernel objects to in the address. */
export function cannotListen(cause: unknown, host: string, port: number): AgentError {
  const [why, hint] = REMEDIES[systemCode(cause)] ?? [reasonOf(cause), 'choose another host or port'];
  const detail = { hint: hint.replaceAll('PORT', String(port)), cause };
  return new AgentError('cannot-listen', `cannot listen on ${host} port ${port}: ${why}`, detail);
}

const REMEDIES: Readonly<Record<string, readonly [why: string, hint: string]>> = {
  EADDRINUSE: ['another program listens there', 'see which: ss -ltnp "sport = :PORT"; end it, or choose another port'],
  EACCES: ['ports below 1024 are for root', 'choose a port above 1023; 6514 is the one for syslog over TLS'],
  EADDRNOTAVAIL: ['this host has no such address', 'choose one that `ip address` shows, or 0.0.0.0 for all'],
  ENOTFOUND: ['the name is not known', 'choose an address that `ip address` shows, or 0.0.0.0 for all'],
};
