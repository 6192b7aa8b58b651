/**
 * A public key infrastructure for tests, made anew each time in a directory of
 * its own: P-256, so that it takes milliseconds. Ask for the odd certificates
 * (expired, wrong name, …) by `leaf(variant)`.
 */
import type { KeyObject, X509Certificate } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type KeyChoice, makeKeyPair, writeKey } from '../../src/pki/files/keys.js';
import { writePem } from '../../src/pki/files/pem.js';
import {
  type Authority,
  authorityIdentifier,
  createAuthority,
  createLeaf,
  type Leaf,
  randomSerial,
  validity,
} from '../../src/pki/x509/authority.js';
import { readFields, signCertificate } from '../../src/pki/x509/certificate.js';
import {
  type AlternativeNames,
  alternativeNames,
  authorityKeyIdentifier,
  basicConstraints,
  keyIdentifier,
  keyUsage,
  subjectKeyIdentifier,
} from '../../src/pki/x509/extensions.js';
import { nameToAsn1, parseName } from '../../src/pki/x509/name.js';
import { createRevocationList } from '../../src/pki/x509/revocation.js';

const DAY_MS = 86_400_000;

export type Variant =
  | 'good'
  | 'expired'
  | 'not-yet-valid'
  | 'wrong-name'
  | 'other-authority'
  | 'self-signed'
  | 'common-name-only'
  | 'ip-only'
  | 'wildcard'
  | 'wrong-usage';

/** A certificate and its key as text and as files. */
export interface PemPair {
  readonly cert: string;
  readonly key: string;
  readonly certFile: string;
  readonly keyFile: string;
  readonly certificate: X509Certificate;
  readonly privateKey: KeyObject;
  /** `sha-256:AB:…`, RFC 5425 section 4.2.2. */
  readonly fingerprint: string;
}

export interface TestPki {
  readonly directory: string;
  readonly authority: Authority;
  readonly ca: string;
  readonly caFile: string;
  readonly caKeyFile: string;
  /** The collector's: localhost, 127.0.0.1, ::1. Texts first, then files. */
  readonly collector: PemPair;
  readonly collectorCert: string;
  readonly collectorKey: string;
  /** The agent's. */
  readonly agent: PemPair;
  readonly agentCert: string;
  readonly agentKey: string;
  /** A further pair for `role`, written as `<variant>-<role>.pem` and `.key`. */
  leaf(variant: Variant, role?: 'collector' | 'agent'): Promise<PemPair>;
  /** Writes a revocation list that names these certificates; ends `days` from now (negative: ended already). */
  revoke(certificates: readonly X509Certificate[], days?: number): Promise<{ crl: string; crlFile: string }>;
  remove(): Promise<void>;
}

export interface TestPkiOptions {
  readonly key?: KeyChoice;
  /** The agent's subject. */
  readonly subject?: string;
  /** More names for the collector. */
  readonly dns?: readonly string[];
  readonly nowMs?: number;
}

export async function makeTestPki(options: TestPkiOptions = {}): Promise<TestPki> {
  const directory = await mkdtemp(join(tmpdir(), 'test-pki-'));
  const key = options.key ?? 'p-256';
  const nowMs = options.nowMs ?? Date.now();
  const authority = await createAuthority({ subject: parseName('/C=US/CN=CertificateAuthority'), key, nowMs });
  const caFile = await write(directory, 'cacert.pem', pemOf(authority.certificate));
  const caKeyFile = await write(directory, 'cakey.pem', writeKey(authority.key));
  const context: Context = { directory, key, nowMs, authority, options };
  const collector = await makeLeaf(context, 'good', 'collector');
  const agent = await makeLeaf(context, 'good', 'agent');
  return {
    directory,
    authority,
    ca: pemOf(authority.certificate),
    caFile,
    caKeyFile,
    collector,
    collectorCert: collector.certFile,
    collectorKey: collector.keyFile,
    agent,
    agentCert: agent.certFile,
    agentKey: agent.keyFile,
    leaf: (variant, role = 'collector') => makeLeaf(context, variant, role),
    revoke: async (certificates, days = 30) => {
      const revoked = certificates.map(({ serialNumber }) => ({ serial: serialNumber, at: new Date(nowMs - DAY_MS) }));
      const madeMs = days < 0 ? nowMs + (days - 30) * DAY_MS : nowMs - 1000;
      const list = { authority, revoked, number: 1, nowMs: madeMs, days: days < 0 ? 30 : days };
      const crl = writePem('X509 CRL', createRevocationList(list));
      return { crl, crlFile: await write(directory, 'crl.pem', crl) };
    },
    remove: () => rm(directory, { recursive: true, force: true }),
  };
}

/** Root, intermediate authority and leaf: what a public authority sends. The root sets no path length. */
export async function makeLongChain(
  nowMs = Date.now(),
): Promise<{ root: Authority; intermediate: Authority; leaf: Leaf }> {
  const root = await makeAuthority('/C=US/O=Exchange/CN=Root', undefined, nowMs);
  const intermediate = await makeAuthority('/C=US/O=Exchange/CN=Issuing', root, nowMs);
  const leaf = await createLeaf({
    authority: intermediate,
    subject: parseName('/C=US/O=Clinic/CN=emr.clinic.example'),
    names: alternativeNames({ dns: ['emr.clinic.example'] }),
    purposes: { client: true, server: true },
    nowMs,
    key: 'p-256',
  });
  return { root, intermediate, leaf };
}

async function makeAuthority(subject: string, issuer: Authority | undefined, nowMs: number): Promise<Authority> {
  const pair = await makeKeyPair('p-256');
  const identifier = keyIdentifier(pair.publicKey);
  const name = nameToAsn1(parseName(subject));
  const certificate = signCertificate(
    {
      serial: randomSerial(),
      issuer: issuer ? readFields(issuer.certificate).subject.raw : name,
      subject: name,
      ...validity(nowMs, 3650),
      publicKey: pair.publicKey,
      extensions: [
        basicConstraints(true),
        keyUsage('keyCertSign', 'cRLSign'),
        subjectKeyIdentifier(identifier),
        authorityKeyIdentifier(issuer ? authorityIdentifier(issuer.certificate) : identifier),
      ],
    },
    issuer?.key ?? pair.privateKey,
  );
  return { certificate, key: pair.privateKey };
}

interface Context {
  readonly directory: string;
  readonly key: KeyChoice;
  readonly nowMs: number;
  readonly authority: Authority;
  readonly options: TestPkiOptions;
}

async function makeLeaf(context: Context, variant: Variant, role: 'collector' | 'agent'): Promise<PemPair> {
  const { certificate, key } =
    variant === 'common-name-only' ? await bareLeaf(context) : await leaf(context, variant, role);
  const cert = pemOf(certificate);
  const keyText = writeKey(key);
  const stem = variant === 'good' ? role : `${variant}-${role}`;
  return {
    cert,
    key: keyText,
    certFile: await write(context.directory, `${stem}.pem`, cert),
    keyFile: await write(context.directory, `${stem}.key`, keyText),
    certificate,
    privateKey: key,
    fingerprint: `sha-256:${certificate.fingerprint256}`,
  };
}

async function leaf(context: Context, variant: Variant, role: 'collector' | 'agent'): Promise<Leaf> {
  const server = role === 'collector';
  const wrong = variant === 'wrong-usage';
  return createLeaf({
    authority: variant === 'self-signed' ? 'self' : await authorityFor(context, variant),
    subject: parseName(server ? '/C=US/CN=hie@machine.com' : (context.options.subject ?? '/C=US/CN=openemr@localhost')),
    names: namesFor(context, variant, server),
    purposes: { server: server !== wrong, client: server === wrong },
    key: context.key,
    nowMs: context.nowMs + ({ expired: -400 * DAY_MS, 'not-yet-valid': 10 * DAY_MS }[variant as string] ?? 0),
  });
}

async function authorityFor({ authority, key, nowMs }: Context, variant: Variant): Promise<Authority> {
  const subject = parseName('/C=US/CN=OtherAuthority');
  if (variant === 'other-authority') return createAuthority({ subject, key, nowMs });
  return authority;
}

function namesFor({ options }: Context, variant: Variant, server: boolean): AlternativeNames {
  if (variant === 'wrong-name') return alternativeNames({ dns: ['elsewhere.example'] });
  if (variant === 'ip-only') return alternativeNames({ ip: ['127.0.0.1'] });
  if (variant === 'wildcard') return alternativeNames({ dns: ['*.hie.example'] });
  if (!server) return alternativeNames({ dns: ['localhost'], email: ['openemr@localhost'] });
  return alternativeNames({ dns: ['localhost', ...(options.dns ?? [])], ip: ['127.0.0.1', '::1'] });
}

/** As the recipes of 2010 made them, but for the version: a common name and nothing else. */
async function bareLeaf({ authority, key, nowMs }: Context): Promise<Leaf> {
  const pair = await makeKeyPair(key);
  const certificate = signCertificate(
    {
      serial: randomSerial(),
      issuer: nameToAsn1(parseName('/C=US/CN=CertificateAuthority')),
      subject: nameToAsn1(parseName('/C=US/CN=localhost')),
      ...validity(nowMs, 397),
      publicKey: pair.publicKey,
      extensions: [basicConstraints(false), keyUsage('digitalSignature')],
    },
    authority.key,
  );
  return { certificate, key: pair.privateKey };
}

function pemOf(certificate: X509Certificate): string {
  return writePem('CERTIFICATE', certificate.raw);
}

async function write(directory: string, name: string, content: string): Promise<string> {
  const path = join(directory, name);
  await writeFile(path, content, { mode: 0o600 });
  return path;
}
