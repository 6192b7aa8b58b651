/** Writes fingerprints as RFC 5425 section 4.2.2 has them: the hash's name in lower case, octets in upper case hexadecimal. */
export function canonicalFingerprint(fingerprint: string): string {
  const colon = fingerprint.indexOf(':');
  return fingerprint.slice(0, colon).toLowerCase() + fingerprint.slice(colon).toUpperCase();
}
