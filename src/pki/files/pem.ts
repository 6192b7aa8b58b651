/**
 * PEM (RFC 7468): base64 between labelled lines. Text around the blocks is
 * skipped, as every tool does that reads `openssl x509 -text` output.
 */

export interface PemBlock {
  /** Such as `CERTIFICATE`, upper case. */
  readonly label: string;
  readonly der: Buffer;
  /** The block as it stood, for formats with header lines (an encrypted key of before PKCS#8). */
  readonly text: string;
}

const BLOCK = /-----BEGIN ([A-Z0-9 ]+)-----\r?\n([\s\S]*?)-----END \1-----/g;
const HEADER = /^[A-Za-z0-9-]+:.*(?:\r?\n[ \t].*)*\r?\n/gm;

export function readPem(text: string): PemBlock[] {
  return Array.from(text.matchAll(BLOCK), ([block, label = '', body = '']) => ({
    label,
    der: Buffer.from(body.replaceAll(HEADER, ''), 'base64'),
    text: `${block}\n`,
  }));
}

export function writePem(label: string, der: Uint8Array): string {
  const lines = Buffer.from(der)
    .toString('base64')
    .replaceAll(/.{64}(?=.)/g, '$&\n');
  return `-----BEGIN ${label}-----\n${lines}\n-----END ${label}-----\n`;
}
