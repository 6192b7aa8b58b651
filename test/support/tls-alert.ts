/**
 * Encrypted TLS alerts that Node cannot send: a server refuses a certificate
 * after the handshake (TLS 1.3, RFC 8446 sections 4.4.2.4 and 6.2), or breaks
 * off in the middle. The record is made from the secrets that Node gives out by
 * 'keylog' (RFC 9850), under the assumption that it is the first record that the
 * server sends with its application keys, or under TLS 1.2 its first after Finished.
 */
import { createCipheriv, createHmac } from 'node:crypto';

/** RFC 8446 section 6. */
export const ALERT = {
  badCertificate: 42,
  certificateExpired: 45,
  unknownCa: 48,
  accessDenied: 49,
  internalError: 80,
  certificateRequired: 116,
} as const;

const CHANGE_CIPHER_SPEC = 20;

export interface Alert {
  readonly level: 'warning' | 'fatal';
  readonly description: number;
}

/** An alert that is not encrypted: during the handshake of TLS 1.2. */
export function plainAlert(alert: Alert): Buffer {
  return Buffer.concat([Buffer.from([0x15, 3, 3, 0, 2]), alertOctets(alert)]);
}

/** Listens to a server's handshake and can then write the server's next record. */
export class AlertForge {
  readonly #secrets = new Map<string, { clientRandom: Buffer; secret: Buffer }>();
  #serverRandom: Buffer | undefined;
  #encrypting = false;

  /** A line of Node's 'keylog'. */
  keep(line: Buffer): void {
    const [label, clientRandom, secret] = line.toString('latin1').trim().split(' ');
    if (label === undefined || clientRandom === undefined || secret === undefined) return;
    this.#secrets.set(label, { clientRandom: Buffer.from(clientRandom, 'hex'), secret: Buffer.from(secret, 'hex') });
  }

  /** What the server sends; the first of it begins with ServerHello: header 5, type and length 4, version 2, random. */
  overhear(sent: Buffer): void {
    this.#serverRandom ??= sent.subarray(11, 43);
    for (let at = 0; at + 5 <= sent.length; at += 5 + sent.readUInt16BE(at + 3)) {
      if (sent[at] === CHANGE_CIPHER_SPEC) this.#encrypting = true;
    }
  }

  /** The server has sent its Finished: what comes now is encrypted with the keys that we know. */
  get ready(): boolean {
    return this.#encrypting;
  }

  forge(alert: Alert): Buffer {
    const traffic = this.#secrets.get('SERVER_TRAFFIC_SECRET_0');
    if (traffic !== undefined) return encryptedAlert13(alert, traffic.secret);
    const session = this.#secrets.get('CLIENT_RANDOM');
    if (session === undefined || this.#serverRandom === undefined)
      throw new Error('no handshake to forge an alert for');
    const keys = keyBlock(session.secret, Buffer.concat([this.#serverRandom, session.clientRandom]));
    return encryptedAlert12(alert, keys);
  }
}

/** TLS 1.3: record number 0 under the server's secret, for the AES-GCM suites. */
function encryptedAlert13(alert: Alert, serverTrafficSecret: Buffer): Buffer {
  const [hash, keyLength] = serverTrafficSecret.length === 48 ? (['sha384', 32] as const) : (['sha256', 16] as const);
  const key = expandLabel(hash, serverTrafficSecret, 'key', keyLength);
  // The nonce is the IV with the record number, 0, over it.
  const nonce = expandLabel(hash, serverTrafficSecret, 'iv', 12);
  const inner = Buffer.concat([alertOctets(alert), Buffer.from([0x15])]);
  const header = Buffer.from([0x17, 3, 3, 0, inner.length + 16]);
  return Buffer.concat([header, seal(key, nonce, inner, header)]);
}

/** TLS 1.2: record number 1 of the server (its Finished is 0), for AES-256-GCM with SHA-384. */
function encryptedAlert12(alert: Alert, { key, iv }: { key: Buffer; iv: Buffer }): Buffer {
  const number = Buffer.from([0, 0, 0, 0, 0, 0, 0, 1]);
  const additional = Buffer.concat([number, Buffer.from([0x15, 3, 3, 0, 2])]);
  const sealed = seal(key, Buffer.concat([iv, number]), alertOctets(alert), additional);
  return Buffer.concat([Buffer.from([0x15, 3, 3, 0, 8 + sealed.length]), number, sealed]);
}

/** RFC 5246 section 6.3: client key, server key (32 octets each), client IV, server IV (4 each). */
function keyBlock(master: Buffer, randoms: Buffer): { key: Buffer; iv: Buffer } {
  const block = prf384(master, Buffer.concat([Buffer.from('key expansion'), randoms]), 72);
  return { key: block.subarray(32, 64), iv: block.subarray(68, 72) };
}

function alertOctets({ level, description }: Alert): Buffer {
  return Buffer.from([level === 'fatal' ? 2 : 1, description]);
}

function seal(key: Buffer, nonce: Buffer, plain: Buffer, additional: Buffer): Buffer {
  const cipher = createCipheriv(key.length === 32 ? 'aes-256-gcm' : 'aes-128-gcm', key, nonce);
  cipher.setAAD(additional);
  return Buffer.concat([cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
}

/** RFC 8446 section 7.1, for lengths of one hash at most. */
function expandLabel(hash: string, secret: Buffer, label: string, length: number): Buffer {
  const name = Buffer.from(`tls13 ${label}`);
  const info = Buffer.concat([Buffer.from([0, length, name.length]), name, Buffer.from([0, 1])]);
  return createHmac(hash, secret).update(info).digest().subarray(0, length);
}

/** RFC 5246 section 5. */
function prf384(secret: Buffer, seed: Buffer, length: number): Buffer {
  const hmac = (...parts: Buffer[]) => createHmac('sha384', secret).update(Buffer.concat(parts)).digest();
  const blocks: Buffer[] = [];
  let a = seed;
  while (blocks.length * 48 < length) {
    a = hmac(a);
    blocks.push(hmac(a, seed));
  }
  return Buffer.concat(blocks).subarray(0, length);
}
