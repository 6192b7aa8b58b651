import { createHash, createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import test from 'ava';
import fc from 'fast-check';
import {
  CertificateParts,
  canSeal,
  certificateFields,
  certificateId,
  isSignedBy,
  readSeal,
  type Seal,
  sealFields,
  signedText,
  signSeal,
} from '../../src/seal/seal.js';
import { runId } from '../support/stored.js';

const seal: Seal = {
  run: runId(7),
  first: 12,
  last: 40,
  before: 'ab'.repeat(32),
  sha256: 'cd'.repeat(32),
  time: '2026-11-23T10:00:30.120Z',
  key: 'ef'.repeat(32),
};

const keys: readonly KeyObject[] = [
  generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey,
  generateKeyPairSync('ec', { namedCurve: 'P-384' }).privateKey,
  generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey,
];

test('what is signed says what it is for and names everything that the seal says', (t) => {
  t.is(
    signedText(seal),
    `seal of openemr-audit-forwarder, version 1
run=0000000000000007
first=12
last=40
messages=29
before=${'ab'.repeat(32)}
sha256=${'cd'.repeat(32)}
time=2026-11-23T10:00:30.120Z
key=${'ef'.repeat(32)}
`,
  );
});

test('a seal is good for its own key and its own words, and for no others', (t) => {
  for (const key of keys) {
    const signature = signSeal(seal, key);
    t.true(isSignedBy(seal, signature, createPublicKey(key)));
    for (const other of keys) if (other !== key) t.false(isSignedBy(seal, signature, createPublicKey(other)));
    for (const change of [
      { run: runId(8) },
      { first: 11 },
      { last: 41 },
      { before: '' },
      { time: '2026-11-23T10:00:30.121Z' },
    ])
      t.false(isSignedBy({ ...seal, ...change }, signature, createPublicKey(key)), JSON.stringify(change));
    t.false(isSignedBy(seal, '', createPublicKey(key)));
    t.false(isSignedBy(seal, 'AAAA', createPublicKey(key)));
  }
});

test('keys of other kinds make no seals', (t) => {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');

  t.false(canSeal(privateKey));
  t.false(isSignedBy(seal, 'AAAA', publicKey));
});

test('a seal comes back from its fields', (t) => {
  const fields = Object.fromEntries(sealFields(seal, 'c2ln'));

  t.deepEqual(readSeal(seal.run, fields), { seal, signature: 'c2ln' });
  t.deepEqual(readSeal(seal.run, { ...fields, before: '' })?.seal.before, '');
  for (const wrong of [
    { first: '0' },
    { last: 'x' },
    { messages: '28' },
    { before: 'ab' },
    { sha256: '' },
    { time: 'now' },
    { key: '' },
  ])
    t.is(readSeal(seal.run, { ...fields, ...wrong }), undefined, JSON.stringify(wrong));
});

test('certificates travel in as many parts as they need, and come together in any order', (t) => {
  const certificates = fc.array(fc.uint8Array({ minLength: 1, maxLength: 900 }), { minLength: 1, maxLength: 4 });
  fc.assert(
    fc.property(certificates, fc.integer({ min: 64, max: 1200 }), fc.boolean(), (ders, room, backwards) => {
      const chain = ders.map((der) => Buffer.from(der));
      const messages = certificateFields(chain, room).map((fields) => Object.fromEntries(fields));
      t.true(messages.every((fields) => fields.chain!.length <= room));
      const parts = new CertificateParts();
      const found = (backwards ? messages.toReversed() : messages).map((fields) => parts.add(fields));
      t.deepEqual(found.at(-1), chain);
    }),
  );
});

test('parts that do not make the certificate that they name are nothing', (t) => {
  const der = Buffer.from('certificate');
  const parts = new CertificateParts();

  t.is(certificateId(der), createHash('sha256').update(der).digest('hex'));
  t.is(parts.add({ key: 'ab'.repeat(32), part: '1/1', chain: der.toString('base64') }), undefined);
  for (const part of ['', '0/1', '2/1', '1/65', 'x/y'])
    t.is(parts.add({ key: certificateId(der), part, chain: 'AA' }), undefined);
});
