import test from 'ava';
import fc from 'fast-check';
import { readDer } from '../../../src/pki/asn1/read.js';
import { encode } from '../../../src/pki/asn1/write.js';
import {
  commonName,
  formatName,
  formatOneLine,
  nameFromDer,
  nameToAsn1,
  parseName,
} from '../../../src/pki/x509/name.js';

test('the recipe’s subject and RFC 4514 name the same', (t) => {
  const name = parseName('/C=US/CN=openemr@localhost');

  t.deepEqual(parseName('CN=openemr@localhost,C=US'), name);
  t.is(formatName(name), 'CN=openemr@localhost,C=US');
  t.is(formatOneLine(name), '/C=US/CN=openemr@localhost');
  t.is(commonName(name), 'openemr@localhost');
});

test('any value survives being written in either form, and in DER', (t) => {
  const value = fc.string({ unit: 'binary', minLength: 1 }).filter((text) => text.trim() === text && text !== '');
  fc.assert(
    fc.property(value, value, (organization, common) => {
      const name = [[{ type: '2.5.4.10', value: organization }], [{ type: '2.5.4.3', value: common }]];
      t.deepEqual(parseName(formatName(name)), name);
      t.deepEqual(nameFromDer(readDer(encode(nameToAsn1(name)))), name);
    }),
  );
  fc.assert(
    fc.property(value, (common) => {
      const name = [[{ type: '2.5.4.6', value: 'US' }], [{ type: '2.5.4.3', value: common }]];
      t.deepEqual(parseName(formatOneLine(name)), name);
    }),
  );
});

const taken: readonly [text: string, rfc4514: string][] = [
  ['/C=US/O=Clinic, Inc./CN=emr', 'CN=emr,O=Clinic\\, Inc.,C=US'],
  ['CN=emr+UID=7,DC=clinic,DC=example', 'CN=emr+UID=7,DC=clinic,DC=example'],
  ['/CN=a\\/b', 'CN=a/b'],
  ['cn=M\\C3\\BCller , c=de', 'CN=Müller,C=de'],
  ['/2.5.4.65=pseudo/CN=x', 'CN=x,2.5.4.65=pseudo'],
];

for (const [text, rfc4514] of taken) {
  test(`${text} is taken`, (t) => {
    t.is(formatName(parseName(text)), rfc4514);
  });
}

for (const text of ['', '/', 'openemr', '/C=USA/CN=x', '/XX=y', '/CN=']) {
  test(`${JSON.stringify(text)} is refused with an example of what is taken`, (t) => {
    const error = t.throws(() => parseName(text), { code: 'name-invalid' });
    t.true(error?.message.includes(JSON.stringify(text)));
  });
}

test('a country is a PrintableString, as RFC 5280 asks, a mail address an IA5String', (t) => {
  const der = encode(nameToAsn1(parseName('/C=US/emailAddress=a@b.example'))).toString('hex');
  t.true(der.includes('13025553'));
  t.true(der.includes(`160b${Buffer.from('a@b.example').toString('hex')}`));
});
