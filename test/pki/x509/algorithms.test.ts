import { generateKeyPairSync } from 'node:crypto';
import test from 'ava';
import { childrenOf, oidOf, readDer } from '../../../src/pki/asn1/read.js';
import { encode } from '../../../src/pki/asn1/write.js';
import { brokenHash, signatureName, signedBy, signerFor } from '../../../src/pki/x509/algorithms.js';

const message = Buffer.from('to be signed');
const pairs = {
  sha256WithRSAEncryption: generateKeyPairSync('rsa', { modulusLength: 2048 }),
  'ecdsa-with-SHA256': generateKeyPairSync('ec', { namedCurve: 'P-256' }),
  'ecdsa-with-SHA384': generateKeyPairSync('ec', { namedCurve: 'P-384' }),
  'ecdsa-with-SHA512': generateKeyPairSync('ec', { namedCurve: 'P-521' }),
  ed25519: generateKeyPairSync('ed25519'),
};

for (const [name, { privateKey, publicKey }] of Object.entries(pairs)) {
  test(`${name}: what is signed verifies under the algorithm that is named, and nothing else does`, (t) => {
    const signer = signerFor(privateKey);
    const algorithm = oidOf(childrenOf(readDer(encode(signer.algorithm)))[0]);
    const signature = signer.sign(message);

    t.is(signatureName(algorithm), name);
    t.true(signedBy(publicKey, algorithm, message, signature));
    t.false(signedBy(publicKey, algorithm, Buffer.from('something else'), signature));
    t.false(signedBy(publicKey, '1.2.840.113549.1.1.10', message, signature));
  });
}

test('keys of other kinds sign nothing', (t) => {
  const { privateKey } = generateKeyPairSync('rsa-pss', { modulusLength: 2048 });
  t.throws(() => signerFor(privateKey), { code: 'key-kind' });
});

test('MD5 and SHA-1 are broken, SHA-2 is not', (t) => {
  t.is(brokenHash('md5WithRSAEncryption'), 'MD5');
  t.is(brokenHash('sha1WithRSAEncryption'), 'SHA1');
  t.is(brokenHash('ecdsa-with-SHA1'), 'SHA1');
  for (const sound of Object.keys(pairs)) t.is(brokenHash(sound), undefined);
});
