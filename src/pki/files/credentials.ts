/**
 * Reads the certificates that the agent shows and trusts from the files that the
 * configuration names, and checks them before a handshake would: they are complete and
 * usable, or there is an error that names the key, the file, the reason and the remedy.
 */
import type { KeyObject, X509Certificate } from 'node:crypto';
import { dirname } from 'node:path';
import { systemFiles } from '../../lib/files.js';
import { examine, type Finding, listFinding } from '../findings.js';
import { type CertificateFacts, certificateFacts, pemOf, pemOfLists } from '../inspect.js';
import { buildChain, leafOf, listOf, withoutRoot } from '../x509/chain.js';
import type { RevocationList } from '../x509/revocation.js';
import { type Content, certificatesIn, keysIn, listsIn } from './bundle.js';
import { writeKey } from './keys.js';
import { type AskPassphrase, readPassphrase } from './passphrase.js';
import { isBeingInstalled } from './store.js';
import { type FileKey, fault, isWorldReadable, readContents, readHidden, type TlsDisk } from './tls-file.js';

/** Paths, as `tls.*` of the configuration gives them. */
export interface CredentialFiles {
  readonly ca: string | undefined;
  readonly cert: string | undefined;
  readonly key: string | undefined;
  readonly p12: string | undefined;
  readonly passphraseFile: string | undefined;
  readonly crl: string | undefined;
}

/** Ready for `tls.createSecureContext`, all in PEM; held in memory only. */
export interface Credentials {
  readonly ca: readonly string[];
  /** Leaf first, then its intermediates; `undefined` when no certificate of our own is configured. */
  readonly cert: string | undefined;
  /** Without passphrase. */
  readonly key: string | undefined;
  readonly crl: string | undefined;
  readonly own: CertificateFacts | undefined;
  /** Those by which others trust `own`, from its issuer up, as far as they are at hand. */
  readonly authorities: readonly CertificateFacts[];
  /** When the revocation list that ends first ends, milliseconds since 1970: from then on everybody is refused. */
  readonly crlEndsMs: number | undefined;
  /** Sentences; each names its key and file. */
  readonly warnings: readonly string[];
}

export interface LoadOptions {
  readonly nowMs: number;
  /** `$CREDENTIALS_DIRECTORY`: where systemd puts credentials. */
  readonly credentialsDirectory?: string | undefined;
  /** Where the files are; default: the real disk. */
  readonly disk?: TlsDisk;
}

/** Reads everything anew; throws an AgentError for the first fault. */
export async function loadCredentials(files: CredentialFiles, options: LoadOptions): Promise<Credentials> {
  const { disk = systemFiles } = options;
  const ask = () => readPassphrase(files.passphraseFile, options.credentialsDirectory);
  const anchors = files.ca === undefined ? [] : await readAnchors(files.ca, disk);
  const lists = files.crl === undefined ? [] : await readLists(files.crl, disk);
  const own = await readOwn(files, ask, disk);
  const chain = own && buildChain(own.leaf, own.others, anchors);
  const findings =
    own && chain ? examine({ chain, key: own.key, purpose: 'client', revocationLists: lists, ...options }) : [];
  const expiries = lists.map(({ nextUpdate }) => nextUpdate).filter((date) => date !== undefined);
  // Our own authority need not be in tls.crl; those of tls.ca must.
  const ofOurs = findings.filter(({ check }) => check !== 'revocation-list');
  const warnings = [
    ...refuseBad(ofOurs, files),
    ...outdated(anchors, files.ca, options.nowMs),
    ...unlisted(anchors, lists, files.crl, options.nowMs),
    ...(await exposed(files, disk)),
  ];
  return {
    ca: anchors.map(pemOf),
    cert: own && chain && withoutRoot(chain.certificates).map(pemOf).join(''),
    key: own && writeKey(own.key),
    crl: lists.length === 0 ? undefined : pemOfLists(lists),
    own: own && certificateFacts(own.leaf, options.nowMs),
    authorities: chain?.certificates.slice(1).map((each) => certificateFacts(each, options.nowMs)) ?? [],
    crlEndsMs: expiries.length === 0 ? undefined : Math.min(...expiries.map(Number)),
    warnings,
  };
}

interface Own {
  readonly leaf: X509Certificate;
  readonly others: readonly X509Certificate[];
  readonly key: KeyObject;
}

async function readAnchors(path: string, disk: TlsDisk): Promise<X509Certificate[]> {
  const anchors = certificatesIn(await readContents('ca', path, disk));
  if (anchors.length > 0) return anchors;
  throw fault('ca', path, 'ca-empty', 'holds no certificate', 'put the certificate of the collector’s CA there');
}

async function readLists(path: string, disk: TlsDisk): Promise<RevocationList[]> {
  const lists = listsIn(await readContents('crl', path, disk));
  if (lists.length > 0) return lists;
  throw fault('crl', path, 'crl-empty', 'holds no revocation list', 'put the list of each CA of the chain there');
}

async function readOwn(files: CredentialFiles, ask: AskPassphrase, disk: TlsDisk): Promise<Own | undefined> {
  if (files.p12 !== undefined)
    return ownOf('p12', files.p12, 'p12', files.p12, await readHidden('p12', files.p12, { ask, disk }));
  if (files.cert === undefined) return undefined;
  const contents = await readHidden('cert', files.cert, { ask, disk, mustOpen: files.key === undefined });
  if (files.key === undefined || files.key === files.cert)
    return ownOf('cert', files.cert, 'key', files.cert, contents);
  const keys = (await readHidden('key', files.key, { ask, disk })).filter(({ kind }) => kind !== 'certificate');
  const certificates = contents.filter(({ kind }) => kind !== 'key');
  return ownOf('cert', files.cert, 'key', files.key, [...certificates, ...keys]);
}

function ownOf(
  certKey: FileKey,
  certPath: string,
  keyKey: FileKey,
  keyPath: string,
  contents: readonly Content[],
): Own {
  const certificates = certificatesIn(contents);
  const keys = keysIn(contents);
  if (certificates.length === 0) {
    const request = contents.some(({ kind }) => kind === 'request');
    throw request
      ? fault(
          certKey,
          certPath,
          'cert-is-request',
          'is a certificate request, not a certificate',
          'send it to the CA, then install the answer: openemr-audit-forwarder cert import',
        )
      : fault(
          certKey,
          certPath,
          'cert-empty',
          'holds no certificate',
          'name the file with the certificate of this host',
        );
  }
  if (keys.length === 0) {
    throw fault(
      keyKey,
      keyPath,
      'key-empty',
      'holds no private key',
      'name the key that the certificate was made with, in tls.key or in the same file as the certificate',
    );
  }
  const leaf = leafOf(certificates, keys)!;
  const key = keys.find((each) => leaf.checkPrivateKey(each)) ?? keys[0]!;
  return { leaf, others: certificates.filter((each) => each !== leaf), key };
}

/** Throws the first bad finding, returns the warnings. */
function refuseBad(findings: readonly Finding[], files: CredentialFiles): string[] {
  const bad = findings.find(({ verdict }) => verdict === 'bad');
  if (bad) {
    const [key, path] = place(bad, files);
    const interrupted = bad.check === 'key-match' && isBeingInstalled(dirname(path));
    const remedy = interrupted
      ? 'an installation was interrupted here: any "cert import" or "cert renew" completes it'
      : bad.hint;
    throw fault(key, path, `certificate-${bad.check}`, bad.message, remedy ?? '');
  }
  return findings
    .filter(({ verdict }) => verdict === 'warning')
    .map((finding) => `tls.${place(finding, files).join(' ')}: ${finding.message}`);
}

function place({ at }: Finding, files: CredentialFiles): [FileKey, string] {
  if (files.p12 !== undefined) return ['p12', files.p12];
  if (at === 'key' && files.key !== undefined) return ['key', files.key];
  return ['cert', files.cert ?? ''];
}

/** An authority that has ended refuses every collector it signed; others in the file may still be good. */
function outdated(anchors: readonly X509Certificate[], path: string | undefined, nowMs: number): string[] {
  return anchors
    .map((each) => certificateFacts(each, nowMs))
    .filter(({ daysLeft: days }) => days < 0)
    .map(({ subject, notAfter }) => `tls.ca ${path}: the authority ${subject} expired on ${notAfter.slice(0, 10)}`);
}

/** What is wrong with tls.crl refuses collectors, but may be put right while the agent runs. */
function unlisted(
  anchors: readonly X509Certificate[],
  lists: readonly RevocationList[],
  path: string | undefined,
  nowMs: number,
): string[] {
  if (path === undefined) return [];
  return anchors
    .map((anchor) => listFinding(listOf(anchor, lists, nowMs), certificateFacts(anchor, nowMs).subject))
    .filter(({ verdict }) => verdict === 'bad')
    .map(({ message }) => `tls.crl ${path}: ${message}`);
}

async function exposed({ cert, key, p12 }: CredentialFiles, disk: TlsDisk): Promise<string[]> {
  const secret = p12 === undefined ? (key === undefined ? ['cert', cert] : ['key', key]) : ['p12', p12];
  const [name, path] = secret;
  if (path === undefined || !(await isWorldReadable(path, disk))) return [];
  return [`tls.${name} ${path}: every user of this host can read the private key; run: chmod 0600 ${path}`];
}
