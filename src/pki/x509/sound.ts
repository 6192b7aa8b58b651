/**
 * Makes a certificate of its bytes, and asks it at once for all that is asked of it later: a
 * certificate that is damaged within fails where its file is read, and nowhere else.
 */
import { X509Certificate } from 'node:crypto';
import { DerError, readDer } from '../asn1/read.js';
import { readFields } from './certificate.js';
import { constraintsOf } from './constraints.js';
import { EXTENSION } from './extensions.js';
import { nameFromDer } from './name.js';
import { pathLengthOf, usagesOf } from './usages.js';

/** Throws OpenSSL's error, or a DerError that says more. */
export function soundCertificate(der: Buffer): X509Certificate {
  let certificate: X509Certificate;
  try {
    certificate = new X509Certificate(der);
  } catch (error) {
    readDer(der);
    throw error;
  }
  const fields = readFields(certificate);
  nameFromDer(fields.subject);
  nameFromDer(fields.issuer);
  usagesOf(fields.extensions);
  pathLengthOf(fields);
  constraintsOf(fields);
  for (const { type, value } of fields.extensions) if (type === EXTENSION.subjectKeyIdentifier) readDer(value);
  try {
    certificate.verify(certificate.publicKey);
  } catch {
    throw new DerError('its public key is of a kind that OpenSSL does not know');
  }
  return certificate;
}
