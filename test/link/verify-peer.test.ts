import test from 'ava';
import { bearsCommonName, bearsName, hasFingerprint, verifyPeer } from '../../src/link/verify-peer.js';
import { makeTestPki, type TestPki } from '../support/certificates.js';
import { craft } from '../support/crafted.js';
import { POLICY } from '../support/linking.js';

const TARGET = { host: 'localhost', address: '127.0.0.1', port: 6514 };

let pki: TestPki;
test.before(async () => {
  pki = await makeTestPki();
});
test.after.always(() => pki.remove());

/** RFC 9525 section 6.3 and RFC 5425 section 5.2. */
const names: [subjectAltName: string | undefined, name: string, right: boolean][] = [
  ['DNS:hie.example.org', 'hie.example.org', true],
  ['DNS:hie.example.org', 'HIE.Example.ORG', true],
  ['DNS:hie.example.org', 'hie.example.org.', true],
  ['DNS:HIE.example.org', 'hie.example.org', true],
  ['DNS:hie.example.org', 'example.org', false],
  ['DNS:hie.example.org', 'x.hie.example.org', false],
  ['DNS:a.example, DNS:hie.example.org', 'hie.example.org', true],
  ['DNS:*.example.org', 'hie.example.org', true],
  ['DNS:*.example.org', 'example.org', false],
  ['DNS:*.org', 'example.org', false],
  ['DNS:*.example.org', 'a.b.example.org', false],
  ['DNS:h*.example.org', 'hie.example.org', false],
  ['DNS:*e.example.org', 'hie.example.org', false],
  ['DNS:hie.*.org', 'hie.example.org', false],
  ['DNS:*.*.org', 'hie.example.org', false],
  ['DNS:*', 'localhost', false],
  ['DNS:xn--mnchen-3ya.example', 'münchen.example', true],
  ['DNS:"hie.example.org, DNS:evil.example"', 'evil.example', false],
  ['DNS:"hie.example.org\\u0000.evil.example"', 'hie.example.org', false],
  ['IP Address:192.0.2.7', '192.0.2.7', true],
  ['IP Address:192.0.2.7', '192.0.2.8', false],
  ['DNS:192.0.2.7', '192.0.2.7', false],
  ['IP Address:2001:DB8:0:0:0:0:0:1', '2001:db8::1', true],
  ['URI:https://hie.example.org', 'hie.example.org', false],
  ['email:hie.example.org', 'hie.example.org', false],
  [undefined, 'hie.example.org', false],
  ['DNS:hie.example.org', '', false],
];
for (const [subjectAltName, name, right] of names) {
  test(`a certificate for ${subjectAltName || 'nothing'} is ${right ? '' : 'not '}one for ${name || 'no name'}`, (t) => {
    t.is(bearsName(subjectAltName, name), right);
  });
}

test('a common name is no name, unless it is asked for and there is no other', async (t) => {
  const { certificate } = await pki.leaf('common-name-only');
  const asked = { ...POLICY, commonName: true };
  t.like(
    t.throws(() => verifyPeer(certificate, TARGET, POLICY)),
    { code: 'wrong-name' },
  );
  t.notThrows(() => verifyPeer(certificate, TARGET, asked));
  const elsewhere = { ...TARGET, host: 'elsewhere.example' };
  const error = t.throws(() => verifyPeer(certificate, elsewhere, asked));
  t.regex(error?.message ?? '', /^elsewhere\.example:6514 \(127\.0\.0\.1\): .*; it is for the common name localhost$/);
});

const commonNames: [subject: string, dns: string[], name: string, right: boolean][] = [
  ['/C=US/CN=hie.example.org', [], 'hie.example.org', true],
  ['/C=US/CN=HIE.example.org', [], 'hie.example.org.', true],
  ['/C=US/CN=*.example.org', [], 'hie.example.org', true],
  ['/C=US/CN=*.example.org', [], 'a.b.example.org', false],
  ['/C=US/CN=h*.example.org', [], 'hie.example.org', false],
  ['/C=US/CN=*.org', [], 'example.org', false],
  ['/C=US/CN=hie.example.org/CN=evil.example', [], 'evil.example', false],
  ['/C=US/CN=evil.example/OU=CN=hie.example.org', [], 'hie.example.org', false],
  ['/C=US/CN=hie.example.org', ['elsewhere.example'], 'hie.example.org', false],
  ['/C=US/CN=127.0.0.1', [], '127.0.0.1', false],
  ['/C=US/O=hie.example.org', [], 'hie.example.org', false],
  ['/C=US/CN=hie@machine.com', [], 'machine.com', false],
];
for (const [subject, dns, name, right] of commonNames) {
  test(`${subject}${dns.map((each) => `, DNS:${each}`)} is ${right ? '' : 'not '}${name} by its common name`, async (t) => {
    const { certificate } = await craft({ name: 'unused', subject, dns });
    t.is(bearsCommonName(certificate, name), right);
  });
}

test('a fingerprint is compared whatever the case, by the hash that it names', (t) => {
  const { certificate, fingerprint } = pki.collector;
  t.true(hasFingerprint(certificate, [fingerprint]));
  t.true(hasFingerprint(certificate, ['sha-1:00:11', fingerprint.toLowerCase()]));
  t.true(hasFingerprint(certificate, [`SHA-1:${certificate.fingerprint}`]));
  t.false(hasFingerprint(certificate, [`sha-1:${certificate.fingerprint256}`]));
  t.false(hasFingerprint(certificate, [pki.agent.fingerprint]));
  t.false(hasFingerprint(certificate, []));
});

test('each policy asks for what it is named by, and nothing else', async (t) => {
  const { certificate, fingerprint } = await pki.leaf('wrong-name');
  const check =
    (verify: Parameters<typeof verifyPeer>[2]['verify'], fingerprints: string[] = []) =>
    () =>
      verifyPeer(certificate, TARGET, { ...POLICY, verify, fingerprints });
  t.like(t.throws(check('name')), { code: 'wrong-name' });
  t.like(t.throws(check('fingerprint')), { code: 'wrong-fingerprint' });
  t.notThrows(check('fingerprint', [fingerprint]));
  t.notThrows(check('chain'));
  t.notThrows(check('insecure'));
});
