import { readFile, writeFile } from 'node:fs/promises';
import test, { type ExecutionContext } from 'ava';
import { readPem, writePem } from '../../../src/pki/files/pem.js';
import { createRevocationList, readRevocationList } from '../../../src/pki/x509/revocation.js';
import { makeStage } from '../../support/cert-stage.js';
import { makeLongChain, makeTestPki } from '../../support/certificates.js';

async function prepare(t: ExecutionContext) {
  const stage = await makeStage();
  t.teardown(stage.remove);
  const pki = await makeTestPki();
  t.teardown(pki.remove);
  const revoke = ['revoke', '--ca', pki.caFile, '--ca-key', pki.caKeyFile, '--crl', stage.path('crl.pem')];
  const lists = async () =>
    readPem(await readFile(stage.path('crl.pem'), 'utf8')).map(({ der }) => readRevocationList(der));
  return { stage, pki, revoke, lists };
}

test('each list holds the revocations of the one before, its number one higher', async (t) => {
  const { stage, pki, revoke, lists } = await prepare(t);

  await stage.cert([...revoke, pki.agentCert, '--reason', 'keyCompromise']);
  const [first] = await lists();
  await stage.cert([...revoke, '--serial', '0x0a:0B', '--reason', 'superseded']);
  await stage.cert([...revoke, pki.agentCert, '--days', '7']);
  const [third] = await lists();

  t.is(first?.number, 1);
  t.is(third?.number, 3);
  t.deepEqual(
    third?.revoked.map(({ serial, reason }) => [serial, reason]),
    [
      [pki.agent.certificate.serialNumber, 'keyCompromise'],
      ['0A0B', 'superseded'],
    ],
  );
  t.deepEqual(third?.revoked[0]?.at, first?.revoked[0]?.at);
});

test('lists of other authorities in the file stay, since every authority of a chain needs one', async (t) => {
  const { stage, revoke, lists } = await prepare(t);
  const { root } = await makeLongChain();
  const foreign = createRevocationList({ authority: root, revoked: [], number: 41, nowMs: Date.now(), days: 30 });
  await writeFile(stage.path('crl.pem'), writePem('X509 CRL', foreign));

  await stage.cert([...revoke, '--serial', '0A']);
  await stage.cert([...revoke, '--serial', '0B']);

  t.deepEqual(
    (await lists()).map(({ number }) => number),
    [2, 41],
  );
});

test('a list that bears our name but not our signature is left alone', async (t) => {
  const { stage, pki, revoke } = await prepare(t);
  const impostor = await makeTestPki();
  t.teardown(impostor.remove);
  const { crl } = await impostor.revoke([]);
  await writeFile(stage.path('crl.pem'), crl);

  await t.throwsAsync(stage.cert([...revoke, pki.agentCert]), { code: 'crl-forged' });

  t.is(await readFile(stage.path('crl.pem'), 'utf8'), crl);
});

test("a stranger's certificate cannot be revoked", async (t) => {
  const { stage, pki, revoke } = await prepare(t);
  const stranger = await pki.leaf('other-authority');
  await t.throwsAsync(stage.cert([...revoke, stranger.certFile]), { code: 'not-ours' });
  await t.throwsAsync(stage.cert([...revoke, '--serial', 'xyz']), { code: 'usage' });
});
