/** Damaged certificate files of every kind: each is read, or refused with its code, a reason and a remedy. */
import { generateKeyPairSync } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { encode, finished, integer, oid, sequence, set, tagged } from '../../src/pki/asn1/write.js';
import { certificatesIn, keysIn, listsIn, readBundle } from '../../src/pki/files/bundle.js';
import { writeKey } from '../../src/pki/files/keys.js';
import { readPassphrase } from '../../src/pki/files/passphrase.js';
import { writePem } from '../../src/pki/files/pem.js';
import { examine } from '../../src/pki/findings.js';
import { factsOf, pemOf } from '../../src/pki/inspect.js';
import { writePkcs12 } from '../../src/pki/pkcs12/file.js';
import { buildChain, leafOf } from '../../src/pki/x509/chain.js';
import { alternativeNames } from '../../src/pki/x509/extensions.js';
import { parseName } from '../../src/pki/x509/name.js';
import { pathFault } from '../../src/pki/x509/path.js';
import { createRequest } from '../../src/pki/x509/request.js';
import { berOf } from '../support/ber.js';
import { makeTestPki, type TestPki } from '../support/certificates.js';
import { craft, nameConstraints } from '../support/crafted.js';
import { fuzz } from '../support/mutations.js';

let pki: TestPki;
test.before(async () => {
  pki = await makeTestPki();
});
test.after.always(() => pki?.remove());

/** Reads, and asks everything that the agent and the `cert` commands ask of what they have read. */
async function use(bytes: Buffer): Promise<void> {
  const contents = await readBundle(bytes, async () => 'secret');
  const nowMs = Date.now();
  for (const content of contents) factsOf(content, nowMs);
  const certificates = certificatesIn(contents);
  const leaf = leafOf(certificates);
  if (leaf === undefined) return;
  const chain = buildChain(leaf, certificates, [pki.authority.certificate]);
  const [key] = keysIn(contents);
  examine({ chain, key, purpose: 'client', revocationLists: listsIn(contents), nowMs });
  pathFault(chain.certificates, { ca: pki.ca, crl: undefined }, nowMs);
  pemOf(leaf);
}

/** Few rounds: what is tried is the reading. */
const ROUNDS = 3;

function bundle(): Buffer {
  const certificates = [pki.agent.certificate, pki.authority.certificate].map(({ raw }) => finished(raw));
  const data = sequence(oid('1.2.840.113549.1.7.1'));
  const signedData = sequence(integer(1), set(), data, tagged(0, ...certificates), set());
  return encode(sequence(oid('1.2.840.113549.1.7.2'), tagged(0, signedData)));
}

function p12(): Promise<Buffer> {
  return writePkcs12({ key: pki.agent.privateKey, chain: [pki.agent.certificate], name: 'x' }, 'secret', ROUNDS);
}

const kinds: Record<string, () => Buffer | Promise<Buffer>> = {
  'certificate in PEM': () => Buffer.from(pki.ca + pki.agent.cert),
  'certificate in DER': async () => {
    const extensions = [nameConstraints('clinic.example')];
    return (await craft({ name: 'x', authority: true, pathLength: 1, dns: ['a.example'], extensions })).certificate.raw;
  },
  'RSA certificate in DER': async () => {
    const key = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
    return (await craft({ name: 'x', keyOf: { key }, dns: ['a.example'], keyUsage: ['digitalSignature'] })).certificate
      .raw;
  },
  'PKCS#7 bundle': () => bundle(),
  'PKCS#7 bundle in PEM': () => Buffer.from(writePem('PKCS7', bundle())),
  'PKCS#12 file in BER': async () => berOf(await p12()),
  'certificate and key in one file': () => Buffer.from(pki.agent.cert + pki.agent.key),
  'EC key of before PKCS#8': () => pki.agent.privateKey.export({ format: 'der', type: 'sec1' }),
  'key in PKCS#8': () => pki.agent.privateKey.export({ format: 'der', type: 'pkcs8' }),
  'encrypted key in PKCS#8': () =>
    pki.agent.privateKey.export({ format: 'der', type: 'pkcs8', cipher: 'aes-256-cbc', passphrase: 'secret' }),
  'encrypted key in PEM': () => Buffer.from(writeKey(pki.agent.privateKey, 'secret')),
  'key of before PKCS#8': () => {
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const encrypted = { format: 'pem', type: 'pkcs1', cipher: 'aes-128-cbc', passphrase: 'secret' } as const;
    return Buffer.from(privateKey.export(encrypted));
  },
  'PKCS#12 file': () => p12(),
  'revocation list': async () =>
    Buffer.from((await pki.revoke([pki.agent.certificate, pki.collector.certificate])).crl),
  'certificate request': () => {
    const { privateKey, certificate } = pki.agent;
    const pair = { privateKey, publicKey: certificate.publicKey };
    const names = alternativeNames({ dns: ['x.example'], ip: ['2001:db8::1'], email: ['a@b.example'] });
    const purposes = { client: true, server: false };
    return createRequest({ subject: parseName('/C=US/O=Clinic/CN=x'), names, purposes, pair });
  },
  'request in PEM': () => {
    const { privateKey, certificate } = pki.agent;
    const pair = { privateKey, publicKey: certificate.publicKey };
    const names = alternativeNames({ dns: ['x.example'] });
    const der = createRequest({ subject: parseName('/CN=x'), names, purposes: { client: true, server: true }, pair });
    return Buffer.from(writePem('CERTIFICATE REQUEST', der));
  },
};
for (const [kind, make] of Object.entries(kinds)) {
  test.serial(`a damaged ${kind} is read or refused in words`, async (t) => fuzz(t, await make(), use));
}

test.serial('a damaged passphrase file is read or refused in words', async (t) => {
  const directory = await mkdtemp(join(tmpdir(), 'fuzz-'));
  t.teardown(() => rm(directory, { recursive: true }));
  const path = join(directory, 'passphrase');
  await fuzz(t, Buffer.from('\ufeffgrüne Wiese 7\r\nnote\n'), async (bytes) => {
    await writeFile(path, bytes);
    await readPassphrase(path, undefined);
  });
});
