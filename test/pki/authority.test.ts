import test from 'ava';
import { makeTestPki } from '../support/certificates.js';

test('what the authority issues verifies against it, and only against it', async (t) => {
  const pki = await makeTestPki();
  t.teardown(pki.remove);
  const stranger = await pki.leaf('other-authority');

  t.true(pki.collector.certificate.verify(pki.authority.certificate.publicKey));
  t.true(pki.collector.certificate.checkIssued(pki.authority.certificate));
  t.false(stranger.certificate.verify(pki.authority.certificate.publicKey));
});
