import test from 'ava';
import fc from 'fast-check';
import { readPem, writePem } from '../../../src/pki/files/pem.js';

test('bytes survive PEM, between any text and with either line end', (t) => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 1, maxLength: 300 }), fc.boolean(), (bytes, windows) => {
      const pem = `subject=/CN=x\n${writePem('CERTIFICATE', bytes)}trailing text\n`;
      const [block, ...others] = readPem(windows ? pem.replaceAll('\n', '\r\n') : pem);
      t.is(block?.label, 'CERTIFICATE');
      t.deepEqual(block?.der, Buffer.from(bytes));
      t.is(others.length, 0);
    }),
  );
});

test('lines are of 64 characters', (t) => {
  const lines = writePem('X509 CRL', Buffer.alloc(100)).trim().split('\n').slice(1, -1);
  t.deepEqual(
    lines.map((line) => line.length),
    [64, 64, 8],
  );
});

test('header lines of an old encrypted block are not taken for its content', (t) => {
  const plain = writePem('X', Buffer.from('content'));
  const withHeaders = plain.replace('\n', '\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-256-CBC,00\n\n');
  t.is(readPem(withHeaders)[0]?.der.toString(), 'content');
});
