import test from 'ava';
import { inspect } from '../../src/pki/inspect.js';
import { makeTestPki } from '../support/certificates.js';

test('a combined file shows its certificate and its key, and that they belong together', async (t) => {
  const nowMs = Date.parse('2026-11-23T12:00:00Z');
  const pki = await makeTestPki({ nowMs });
  t.teardown(pki.remove);

  const [certificate, key] = await inspect(Buffer.from(pki.agent.cert + pki.agent.key), nowMs);

  t.like(certificate, {
    kind: 'certificate',
    subjectOneLine: '/C=US/CN=openemr@localhost',
    issuerOneLine: '/C=US/CN=CertificateAuthority',
    serial: pki.agent.certificate.serialNumber,
    notAfter: '2027-12-25T12:00:00Z',
    daysLeft: 397,
    key: 'EC P-256',
    signature: 'ecdsa-with-SHA256',
    sha256: `sha-256:${pki.agent.certificate.fingerprint256}`,
    sha1: `sha-1:${pki.agent.certificate.fingerprint}`,
  });
  const [publicKey] = await inspect(
    Buffer.from(pki.agent.certificate.publicKey.export({ type: 'spki', format: 'pem' }).toString()),
    nowMs,
  );
  t.like(key, { kind: 'key', key: 'EC P-256' });
  t.is(key?.kind === 'key' && key.publicKey, publicKey?.kind === 'public-key' && publicKey.publicKey);
});

test('days left are counted from the clock that is given', async (t) => {
  const nowMs = Date.parse('2026-11-23T12:00:00Z');
  const pki = await makeTestPki({ nowMs });
  t.teardown(pki.remove);
  const at = async (days: number) => {
    const [facts] = await inspect(Buffer.from(pki.agent.cert), nowMs + days * 86_400_000);
    return facts?.kind === 'certificate' ? facts.daysLeft : undefined;
  };

  t.is(await at(396.5), 0);
  t.is(await at(398), -1);
});
