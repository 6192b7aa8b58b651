/**
 * Lists what can be wrong with the bytes of a certificate file: each fault once, with its
 * reason and its remedy. The place (`line 12` of a text, `byte 301` of anything else) is added
 * where the fault is found, the file's name by the caller that opened it.
 */
import { AgentError, reasonOf } from '../../lib/errors.js';
import { DerError } from '../asn1/read.js';

const COPY_AGAIN = 'copy the file again from where it was made';
const CHECK_PASSPHRASE = 'check the passphrase; a file for it holds the passphrase on its first line';
/** `%` stands for what is known in more detail. */
const FAULTS = {
  'not-a-certificate': [
    'this is no certificate, key, request or revocation list%',
    'PEM (with BEGIN and END lines), DER, PKCS#7 and PKCS#12 are read; ask for the file in one of these',
  ],
  'pem-boundary': [
    'this BEGIN or END line is not well formed',
    'it must stand on a line of its own with five hyphens on each side, such as -----BEGIN CERTIFICATE-----',
  ],
  'pem-cut-short': [
    'this BEGIN line has no END line that belongs to it %',
    'the file was cut off: copy it again, to the last line',
  ],
  'pem-no-begin': [
    'this END line has no BEGIN line that belongs to it %',
    'the file was cut off: copy it again, from the first line on',
  ],
  'pem-not-base64': ['this line is not base64', `between the BEGIN and END lines only base64 may stand; ${COPY_AGAIN}`],
  'pem-incomplete': ['the base64 from here on is incomplete: characters are missing', COPY_AGAIN],
  'file-damaged': ['the file is damaged: %', COPY_AGAIN],
  'certificate-damaged': ['the certificate is damaged and cannot be read: %', COPY_AGAIN],
  'request-invalid': ['the certificate request is damaged and cannot be read: %', COPY_AGAIN],
  'crl-invalid': ['the revocation list is damaged and cannot be read: %', `${COPY_AGAIN}, or get it from the CA`],
  'pkcs7-damaged': ['the PKCS#7 bundle is damaged and cannot be read: %', COPY_AGAIN],
  'p12-damaged': ['the PKCS#12 file is damaged and cannot be read: %', COPY_AGAIN],
  'public-key-damaged': ['the public key is damaged, or of a kind that OpenSSL does not know', COPY_AGAIN],
  // Nothing that was near a key goes into an error, so these have no details.
  'key-damaged': ['the private key is damaged, or of a kind that OpenSSL does not know', COPY_AGAIN],
  'key-openssh': [
    'this private key is in the format of OpenSSH',
    'convert a copy of it: ssh-keygen -p -m PKCS8 -f copy-of.key',
  ],
  'key-legacy': [
    'the private key is encrypted with %, which OpenSSL 3 no longer reads',
    'convert it: (umask 077 && openssl pkey -provider legacy -provider default -in old.key -aes256 -out openemr.key)',
  ],
  'p12-legacy': [
    'the PKCS#12 file is encrypted with %, which OpenSSL 3 no longer reads by default',
    'run: (umask 077 && openssl pkcs12 -legacy -in old.p12 -noenc -out openemr.pem); openemr.pem then serves as certificate and key, or makes a new file: openemr-audit-forwarder cert p12 --cert openemr.pem --key openemr.pem',
  ],
  'too-costly': [
    'the encryption asks for more than a million rounds to open it',
    'encrypt it again with the default of OpenSSL 3: openssl pkcs12 -export, or openssl pkey -aes256',
  ],
  'passphrase-wrong': ['the passphrase does not open the %', CHECK_PASSPHRASE],
} as const;

export type FaultCode = keyof typeof FAULTS;

export class ContentFault extends AgentError {
  private constructor(
    code: string,
    /** `line 12`, `byte 301`, or empty when it is about the whole file. */
    readonly where: string,
    readonly why: string,
    hint: string,
    cause?: unknown,
  ) {
    super(code, where === '' ? why : `${where}: ${why}`, { hint, cause });
  }

  static at(where: string, code: FaultCode, detail = '', cause?: unknown): ContentFault {
    const [why, hint] = FAULTS[code];
    return new ContentFault(code, where, why.replace('%', detail).trimEnd(), hint, cause);
  }

  /** A passphrase that was stored with blanks around it (`echo secret > file` of cmd.exe) is named as that. */
  static wrongPassphrase(where: string, what: string, passphrase: string): ContentFault {
    const [why, hint] = FAULTS['passphrase-wrong'];
    const blanks = passphrase === passphrase.trim() ? '' : '; the one given begins or ends with a blank';
    return new ContentFault('passphrase-wrong', where, why.replace('%', what), `${hint}${blanks}`);
  }

  /** Whatever was thrown while `bytes` were read, as a fault at `where`, or at the byte where they are damaged. */
  static from(error: unknown, code: FaultCode, where: string, bytes?: Buffer): ContentFault {
    if (error instanceof ContentFault) return error.where === '' ? error.movedTo(where) : error;
    const at = error instanceof DerError && bytes !== undefined && where === '' ? error.offsetIn(bytes) : undefined;
    const cause = code.startsWith('key-') ? undefined : error;
    return ContentFault.at(at === undefined ? where : `byte ${at}`, code, detailOf(error), cause);
  }

  private movedTo(where: string): ContentFault {
    return new ContentFault(this.code, where, this.why, this.hint ?? '', this.cause);
  }

  /** The same with the name of its file: `ca.pem, line 12: …`. */
  in(file: string): AgentError {
    const place = this.where === '' ? file : `${file}, ${this.where}`;
    return new AgentError(this.code, `${place}: ${this.why}`, { hint: this.hint ?? '', cause: this.cause });
  }
}

/** `error:068000A8:asn1 encoding routines::wrong tag` of OpenSSL is `wrong tag`. */
function detailOf(error: unknown): string {
  const reason = reasonOf(error);
  return /^error:/.test(reason) ? (reason.split(':').at(-1) ?? reason) : reason;
}
