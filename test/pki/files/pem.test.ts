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

const PLAIN = writePem('CERTIFICATE', Buffer.alloc(100, 7));
const harmless: Record<string, string> = {
  'a blank behind the boundaries': PLAIN.replaceAll('-----\n', '----- \t\n'),
  'blanks before every line': PLAIN.replaceAll(/^(?=.)/gm, '    '),
  'the line ends of old Macs': PLAIN.replaceAll('\n', '\r'),
  'empty lines between': PLAIN.replaceAll('\n', '\n\n'),
  'no line end at its end': PLAIN.trimEnd(),
  'a text with dashes before it': `--- BEGIN of what the exchange sent ---\n${PLAIN}`,
};
for (const [what, text] of Object.entries(harmless)) {
  test(`${what} does no harm`, (t) => {
    const blocks = readPem(text);
    t.deepEqual(
      blocks.map(({ label, der }) => [label, der]),
      [['CERTIFICATE', Buffer.alloc(100, 7)]],
    );
    t.is(blocks[0]?.text, PLAIN);
  });
}

const damaged: Record<string, readonly [text: string, code: string, line: number]> = {
  'a second block that is cut off': [PLAIN + PLAIN.slice(0, 60), 'pem-cut-short', 6],
  'a block whose END line is gone, before another': [PLAIN.replace(/-----END.*\n/, '') + PLAIN, 'pem-cut-short', 1],
  'a block whose BEGIN line is gone': [PLAIN + PLAIN.replace(/^.*\n/, ''), 'pem-no-begin', 9],
  'an END line of another kind': [PLAIN.replace('END CERTIFICATE', 'END X509 CRL'), 'pem-cut-short', 1],
  'a boundary with too few hyphens': [PLAIN.replace('-----BEGIN', '----BEGIN'), 'pem-boundary', 1],
  'the dashes of a word processor': [PLAIN.replaceAll('-----', '\u2013\u2013\u2013'), 'pem-boundary', 1],
  'an END line that is cut off': [PLAIN.slice(0, -5), 'pem-boundary', 5],
  'a block in one line': [PLAIN.replaceAll('\n', ' '), 'pem-boundary', 1],
};
for (const [what, [text, code, line]] of Object.entries(damaged)) {
  test(`${what} is named with its line`, (t) => {
    t.like(
      t.throws(() => readPem(text)),
      { code, where: `line ${line}` },
    );
  });
}

test('a line that is no base64 and a body with missing characters are named with their line', (t) => {
  const der = (text: string) => readPem(text)[0]?.der;
  t.like(
    t.throws(() => der(PLAIN.replace('\nBwcH', '\n=wcH'))),
    { code: 'pem-not-base64', where: 'line 2' },
  );
  t.like(
    t.throws(() => der(PLAIN.replace('\nBwcH', '\nBwc'))),
    { code: 'pem-incomplete', where: 'line 2' },
  );
});
