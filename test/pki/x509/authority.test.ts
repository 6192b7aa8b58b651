import { X509Certificate } from 'node:crypto';
import test from 'ava';
import { KEY_CHOICES, makeKeyPair } from '../../../src/pki/files/keys.js';
import { certificateFacts } from '../../../src/pki/inspect.js';
import { createAuthority, createLeaf, issueLeaf, LEAF_DAYS, randomSerial } from '../../../src/pki/x509/authority.js';
import { readFields } from '../../../src/pki/x509/certificate.js';
import { alternativeNames } from '../../../src/pki/x509/extensions.js';
import { parseName } from '../../../src/pki/x509/name.js';
import { makeTestPki } from '../../support/certificates.js';

const nowMs = Date.parse('2026-11-23T12:00:00Z');
const subject = parseName('/C=US/CN=CertificateAuthority');
const leafOf = {
  subject: parseName('/C=US/CN=openemr@localhost'),
  names: alternativeNames({ dns: ['emr.clinic.example'], email: ['openemr@localhost'] }),
  purposes: { client: true, server: false },
  nowMs,
};

for (const key of KEY_CHOICES.filter((choice) => choice !== 'rsa-4096')) {
  test(`an authority and a leaf with ${key} keys are read and verified by OpenSSL`, async (t) => {
    const authority = await createAuthority({ subject, nowMs, key });
    const { certificate, key: leafKey } = await createLeaf({ ...leafOf, authority, key });

    const read = new X509Certificate(certificate.raw);
    t.true(read.verify(authority.certificate.publicKey));
    t.true(read.checkIssued(authority.certificate));
    t.true(read.checkPrivateKey(leafKey));
    t.false(read.ca);
    t.true(authority.certificate.ca);
    t.is(read.checkHost('emr.clinic.example'), 'emr.clinic.example');
  });
}

test('a leaf says what it is for: names, usages, identifiers, 397 days from a little before now', async (t) => {
  const authority = await createAuthority({ subject, nowMs, key: 'p-256' });
  const { certificate } = await createLeaf({ ...leafOf, authority, key: 'p-256' });

  const facts = certificateFacts(certificate, nowMs);
  t.like(facts, {
    subject: 'CN=openemr@localhost,C=US',
    issuer: 'CN=CertificateAuthority,C=US',
    subjectAltName: ['DNS:emr.clinic.example', 'email:openemr@localhost'],
    authority: false,
    keyUsage: ['digitalSignature'],
    extendedKeyUsage: ['clientAuth'],
    version: 3,
    daysLeft: LEAF_DAYS,
    notBefore: '2026-11-23T11:55:00Z',
    selfSigned: false,
    weaknesses: [],
  });
  const critical = readFields(certificate).extensions.filter((each) => each.critical);
  t.deepEqual(
    critical.map(({ type }) => type),
    ['2.5.29.19', '2.5.29.15'],
  );
});

test('an RSA leaf may encipher keys, too; P-384 signs with SHA-384', async (t) => {
  const rsa = await createLeaf({ ...leafOf, authority: 'self', key: 'rsa-2048' });
  const p384 = await createLeaf({ ...leafOf, authority: 'self', key: 'p-384' });

  t.deepEqual(certificateFacts(rsa.certificate, nowMs).keyUsage, ['digitalSignature', 'keyEncipherment']);
  t.is(certificateFacts(p384.certificate, nowMs).signature, 'ecdsa-with-SHA384');
});

test('no leaf is valid for longer than its authority', async (t) => {
  const authority = await createAuthority({ subject, nowMs, key: 'p-256', days: 30 });
  const { certificate } = await createLeaf({ ...leafOf, authority, key: 'p-256' });

  t.is(certificate.validTo, authority.certificate.validTo);
});

test('a leaf without any name, of an expired authority, or of a leaf is refused', async (t) => {
  const authority = await createAuthority({ subject, nowMs, key: 'p-256' });
  const { publicKey } = await makeKeyPair('p-256');
  const leaf = await createLeaf({ ...leafOf, authority, key: 'p-256' });
  const stranger = await createAuthority({ subject, nowMs, key: 'p-256' });

  const nameless = { ...leafOf, authority, names: alternativeNames({}) };
  t.throws(() => issueLeaf(nameless, publicKey), { code: 'no-name' });
  const later = { ...leafOf, authority, nowMs: nowMs + 3653 * 86_400_000 };
  t.throws(() => issueLeaf(later, publicKey), { code: 'authority-expired' });
  t.throws(() => issueLeaf({ ...leafOf, authority: leaf }, publicKey), { code: 'not-an-authority' });
  const mixed = { certificate: authority.certificate, key: stranger.key };
  t.throws(() => issueLeaf({ ...leafOf, authority: mixed }, publicKey), { code: 'authority-key' });
});

test('serial numbers are positive in 20 octets and differ', (t) => {
  const serials = Array.from({ length: 1000 }, randomSerial);

  t.true(serials.every((serial) => serial.length === 20 && serial[0]! < 0x80));
  t.is(new Set(serials.map((serial) => serial.toString('hex'))).size, 1000);
});

test('what the authority issues verifies against it, and only against it', async (t) => {
  const pki = await makeTestPki();
  t.teardown(pki.remove);
  const stranger = await pki.leaf('other-authority');

  t.true(pki.collector.certificate.verify(pki.authority.certificate.publicKey));
  t.false(stranger.certificate.verify(pki.authority.certificate.publicKey));
});
