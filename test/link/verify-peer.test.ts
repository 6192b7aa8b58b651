import test from 'ava';
import { bearsName, hasFingerprint, verifyPeer } from '../../src/link/verify-peer.js';
import { makeTestPki, type TestPki } from '../support/certificates.js';

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

test('a common name is no name', async (t) => {
  const { certificate } = await pki.leaf('common-name-only');
  const error = t.throws(() => verifyPeer(certificate, 'localhost', { verify: 'name', fingerprints: [] }));
  t.like(error, { code: 'wrong-name' });
});

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
      verifyPeer(certificate, 'localhost', { verify, fingerprints });
  t.like(t.throws(check('name')), { code: 'wrong-name' });
  t.like(t.throws(check('fingerprint')), { code: 'wrong-fingerprint' });
  t.notThrows(check('fingerprint', [fingerprint]));
  t.notThrows(check('chain'));
  t.notThrows(check('insecure'));
});
