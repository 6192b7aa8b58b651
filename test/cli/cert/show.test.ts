import { readFile, writeFile } from 'node:fs/promises';
import test from 'ava';
import { makeStage } from '../../support/cert-stage.js';
import { makeTestPki } from '../../support/certificates.js';

test('show tells what is in any file, and never the key itself', async (t) => {
  const stage = await makeStage();
  t.teardown(stage.remove);
  const pki = await makeTestPki();
  t.teardown(pki.remove);
  const { crlFile } = await pki.revoke([pki.agent.certificate]);
  await writeFile(stage.path('combined.pem'), pki.agent.cert + pki.agent.key);

  const { stdout } = await stage.cert(['show', stage.path('combined.pem'), crlFile]);

  for (const wanted of [
    '/C=US/CN=openemr@localhost',
    'CN=CertificateAuthority,C=US',
    pki.agent.fingerprint,
    'private key',
    'revocation list',
    pki.agent.certificate.serialNumber,
  ]) {
    t.true(stdout.includes(wanted), wanted);
  }
  t.false(stdout.includes(pki.agent.key.split('\n')[1]!));
});

test('p12 and show --json agree on what went into the file', async (t) => {
  const stage = await makeStage();
  t.teardown(stage.remove);
  const pki = await makeTestPki();
  t.teardown(pki.remove);
  await writeFile(stage.path('pass'), 'correct horse');
  const files = ['--cert', pki.agentCert, '--key', pki.agentKey, '--ca', pki.caFile];
  const pass = ['--passphrase-file', stage.path('pass')];

  await stage.cert(['p12', ...files, ...pass, '--out', stage.path('x.p12')]);
  const { stdout } = await stage.cert(['show', stage.path('x.p12'), ...pass, '--json']);

  const [{ contents }] = JSON.parse(stdout);
  t.deepEqual(
    contents.map(({ kind }: { kind: string }) => kind),
    ['certificate', 'certificate', 'key'],
  );
  t.is(contents[0].sha256, pki.agent.fingerprint);
  const locked = await stage.cert(['show', stage.path('x.p12')]);
  t.true(locked.stdout.includes('encrypted'));
  const mixed = ['--cert', pki.agentCert, '--key', pki.collectorKey, '--out', stage.path('y.p12'), ...pass];
  await t.throwsAsync(stage.cert(['p12', ...mixed]), { code: 'certificate-key-match' });
  t.true((await readFile(stage.path('x.p12'))).length > 0);
});

test('a file that is not there, or is something else, is named with the reason', async (t) => {
  const stage = await makeStage();
  t.teardown(stage.remove);
  await writeFile(stage.path('notes'), 'remember the milk');

  await t.throwsAsync(stage.cert(['show', stage.path('absent')]), { code: 'file-unreadable', message: /absent/ });
  await t.throwsAsync(stage.cert(['show', stage.path('notes')]), { code: 'not-a-certificate', message: /notes/ });
});

test('p12 takes the files of a directory, and puts its own beside them', async (t) => {
  const stage = await makeStage();
  t.teardown(stage.remove);
  await stage.cert(['init', stage.path('made'), '--key-type', 'p-256']);
  await writeFile(stage.path('word'), 'a passphrase of some length\n');
  const pass = ['--passphrase-file', stage.path('word')];
  const { stdout } = await stage.cert(['p12', '--dir', stage.path('made'), ...pass]);
  t.true(stdout.startsWith(stage.path('made/openemr.p12')));
  const shown = await stage.cert(['show', stage.path('made/openemr.p12'), ...pass]);
  t.true(shown.stdout.includes('CN=openemr@localhost'), shown.stdout);
});
