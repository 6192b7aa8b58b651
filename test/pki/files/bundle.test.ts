import { generateKeyPairSync } from 'node:crypto';
import test from 'ava';
import { encode, finished, integer, octets, oid, sequence, set, tagged } from '../../../src/pki/asn1/write.js';
import { readBundle } from '../../../src/pki/files/bundle.js';
import { writeKey } from '../../../src/pki/files/keys.js';
import { writePem } from '../../../src/pki/files/pem.js';
import { writePkcs12 } from '../../../src/pki/pkcs12/file.js';
import { alternativeNames } from '../../../src/pki/x509/extensions.js';
import { parseName } from '../../../src/pki/x509/name.js';
import { createRequest } from '../../../src/pki/x509/request.js';
import { createRevocationList } from '../../../src/pki/x509/revocation.js';
import { berOf } from '../../support/ber.js';
import { makeTestPki, type TestPki } from '../../support/certificates.js';

/** SignedData without signers, as `.p7b` files are. */
function pkcs7(pki: TestPki): Buffer {
  const certificates = [pki.agent.certificate, pki.authority.certificate].map(({ raw }) => finished(raw));
  const data = sequence(oid('1.2.840.113549.1.7.1'));
  const signedData = sequence(integer(1), set(), data, tagged(0, ...certificates), set());
  return encode(sequence(oid('1.2.840.113549.1.7.2'), tagged(0, signedData)));
}

const kindsOf = async (bytes: Buffer, passphrase?: string) =>
  (await readBundle(bytes, async () => passphrase)).map(({ kind }) => kind);

test('everything is told apart by its content, as PEM and as DER', async (t) => {
  const pki = await makeTestPki();
  t.teardown(pki.remove);
  const { privateKey, certificate } = pki.agent;
  const pair = { privateKey, publicKey: certificate.publicKey };
  const names = alternativeNames({ dns: ['x.example'] });
  const purposes = { client: true, server: false };
  const request = createRequest({ subject: parseName('/CN=x'), names, purposes, pair });
  const list = createRevocationList({ authority: pki.authority, revoked: [], number: 1, nowMs: Date.now(), days: 1 });
  const p12 = await writePkcs12({ key: privateKey, chain: [certificate], name: 'x' }, 'pass');

  t.deepEqual(await kindsOf(certificate.raw), ['certificate']);
  t.deepEqual(await kindsOf(request), ['request']);
  t.deepEqual(await kindsOf(list), ['revocation-list']);
  t.deepEqual(await kindsOf(pkcs7(pki)), ['certificate', 'certificate']);
  t.deepEqual(await kindsOf(berOf(pkcs7(pki))), ['certificate', 'certificate']);
  t.deepEqual(await kindsOf(p12, 'pass'), ['certificate', 'key']);
  t.deepEqual(await kindsOf(privateKey.export({ format: 'der', type: 'pkcs8' })), ['key']);
  t.deepEqual(await kindsOf(privateKey.export({ format: 'der', type: 'sec1' })), ['key']);
  t.deepEqual(await kindsOf(certificate.publicKey.export({ format: 'der', type: 'spki' })), ['public-key']);
  const everything = [
    writePem('PKCS7', pkcs7(pki)),
    writePem('CERTIFICATE REQUEST', request),
    writeKey(privateKey),
    writePem('X509 CRL', list),
    certificate.publicKey.export({ format: 'pem', type: 'spki' }).toString(),
    writePem('DH PARAMETERS', Buffer.from('ignored')),
  ];
  t.deepEqual(await kindsOf(Buffer.from(everything.join('some text\n'))), [
    'certificate',
    'certificate',
    'request',
    'key',
    'revocation-list',
    'public-key',
  ]);
});

test('keys of every age are opened with their passphrase, and shown as locked without', async (t) => {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const encrypted = { format: 'pem', cipher: 'aes-256-cbc', passphrase: 'secret' } as const;
  for (const type of ['pkcs8', 'pkcs1'] as const) {
    const pem = Buffer.from(privateKey.export({ type, ...encrypted }).toString());
    t.deepEqual(await kindsOf(pem, 'secret'), ['key'], type);
    t.deepEqual(await kindsOf(pem), ['locked'], type);
    if (type === 'pkcs8') {
      const der = privateKey.export({ type, ...encrypted, format: 'der' });
      t.deepEqual(await kindsOf(der, 'secret'), ['key'], 'DER');
      t.deepEqual(await kindsOf(der), ['locked'], 'DER');
    }
    await t.throwsAsync(kindsOf(pem, 'wrong'), { code: 'passphrase-wrong' }, type);
  }
});

test('what Windows and mail programs make of a certificate is read', async (t) => {
  const pki = await makeTestPki();
  t.teardown(pki.remove);
  const { cert, certificate } = pki.agent;
  const bare = certificate.raw.toString('base64').replaceAll(/.{76}/g, '$&\r\n');

  t.deepEqual(await kindsOf(Buffer.from(cert.replaceAll('\n', '\r\n'))), ['certificate']);
  t.deepEqual(await kindsOf(Buffer.from(`\ufeff${cert}`, 'utf8')), ['certificate']);
  t.deepEqual(await kindsOf(Buffer.from(`\ufeff${cert}`, 'utf16le')), ['certificate']);
  t.deepEqual(await kindsOf(Buffer.from(`${bare}\r\n`)), ['certificate']);
  t.deepEqual(await kindsOf(Buffer.from(writePem('CERTIFICATE', pkcs7(pki)))), ['certificate', 'certificate']);
});

test('a bundle around a text with PEM in it is a bundle', async (t) => {
  const pki = await makeTestPki();
  t.teardown(pki.remove);
  const text = sequence(oid('1.2.840.113549.1.7.1'), tagged(0, octets(Buffer.from(pki.ca.repeat(2)))));
  const signedData = sequence(integer(1), set(), text, tagged(0, finished(pki.agent.certificate.raw)), set());
  const bundle = encode(sequence(oid('1.2.840.113549.1.7.2'), tagged(0, signedData)));
  t.deepEqual(await kindsOf(bundle), ['certificate']);
});

test('a file that was cut off is said to be', async (t) => {
  const pki = await makeTestPki();
  t.teardown(pki.remove);
  await t.throwsAsync(readBundle(Buffer.from(pki.agent.cert.slice(0, 300))), { code: 'pem-cut-short' });
});

test('what is none of these is refused with what would be taken', async (t) => {
  for (const text of ['', 'hello', '\u0000\u0001', '0\u0003\u0002\u0001\u0005']) {
    await t.throwsAsync(readBundle(Buffer.from(text)), { code: 'not-a-certificate' });
  }
  await t.throwsAsync(readBundle(Buffer.from(writePem('CERTIFICATE', Buffer.from('0')))), {
    code: 'certificate-damaged',
  });
  await t.throwsAsync(readBundle(encode(octets(Buffer.from('0')))), { code: 'not-a-certificate' });
});

test('an error about a key says nothing of the key', async (t) => {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const body = privateKey.export({ format: 'der', type: 'pkcs8' }).subarray(0, 400);
  const error = await t.throwsAsync(readBundle(Buffer.from(writePem('RSA PRIVATE KEY', body))), {
    code: 'key-damaged',
  });
  t.is(error?.cause, undefined);
  t.false(error?.message.includes(body.toString('base64').slice(0, 20)));
});
