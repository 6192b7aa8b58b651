import { copyFileSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { CredentialFiles } from '../../../src/agent/certificates/credential-files.js';
import { systemClock } from '../../../src/lib/clock.js';
import { systemFiles } from '../../../src/lib/files.js';
import { Problems } from '../../../src/lib/problems.js';
import { writeKey } from '../../../src/pki/files/keys.js';
import { makeTestPki, type PemPair, type TestPki } from '../../support/certificates.js';
import { temporaryDirectory } from '../../support/files.js';
import { silent } from '../../support/silent.js';

let pki: TestPki;
test.before(async () => {
  pki = await makeTestPki();
});
test.after.always(() => pki.remove());

function install(directory: string, { certFile, keyFile }: Pick<PemPair, 'certFile' | 'keyFile'>): void {
  copyFileSync(certFile, join(directory, 'cert.new'));
  copyFileSync(keyFile, join(directory, 'key.new'));
  renameSync(join(directory, 'key.new'), join(directory, 'key.pem'));
  renameSync(join(directory, 'cert.new'), join(directory, 'cert.pem'));
}

async function installed(t: ExecutionContext, pair: PemPair) {
  const directory = temporaryDirectory(t);
  install(directory, pair);
  const seen = { errors: [] as string[], changes: 0 };
  const paths = {
    ca: pki.caFile,
    cert: join(directory, 'cert.pem'),
    key: join(directory, 'key.pem'),
    p12: undefined,
    passphraseFile: undefined,
    crl: undefined,
  };
  const open = (others: { readonly passphraseFile?: string } = {}) =>
    CredentialFiles.open(
      { ...paths, ...others },
      {
        clock: systemClock,
        credentialsDirectory: undefined,
        files: systemFiles,
        report: silent,
        problems: new Problems(systemClock).of({ ...silent, error: (message) => void seen.errors.push(message) }),
        changed: () => {
          seen.changes += 1;
        },
      },
    );
  return { directory, seen, open };
}

test('a renewed pair is used from the next connection on, and the collector is told', async (t) => {
  const { directory, seen, open } = await installed(t, pki.agent);
  const files = await open();
  const before = (await files.material()).cert;
  t.is((await files.material()).cert, before);
  t.is(seen.changes, 0);

  install(directory, await pki.leaf('ip-only', 'agent'));
  t.not((await files.material()).cert, before);
  t.is(seen.changes, 1);
});

test('a pair that does not fit changes nothing, is told of once, and is used when it is whole', async (t) => {
  const { directory, seen, open } = await installed(t, pki.agent);
  const files = await open();
  const before = (await files.material()).cert;
  const next = await pki.leaf('wildcard', 'agent');

  copyFileSync(next.certFile, join(directory, 'cert.pem'));
  t.is((await files.material()).cert, before);
  writeFileSync(join(directory, 'key.pem'), halfOf(next.keyFile));
  t.is((await files.material()).cert, before);
  t.is((await files.material()).cert, before);
  t.true(seen.errors.length >= 1 && seen.errors.length <= 2);

  install(directory, next);
  t.not((await files.material()).cert, before);
  t.is(seen.changes, 1);
});

test('files that vanish while the agent runs leave it with what it has', async (t) => {
  const { directory, open } = await installed(t, pki.agent);
  const files = await open();
  const before = (await files.material()).cert;
  rmSync(join(directory, 'cert.pem'));
  t.is((await files.material()).cert, before);
});

test('without files the agent does not start; with a certificate that has expired it waits for another', async (t) => {
  const { directory, open } = await installed(t, await pki.leaf('expired', 'agent'));
  const files = await open();
  t.like(await t.throwsAsync(files.material()), { code: 'own-certificate', isAuthenticationFailure: true });
  install(directory, pki.agent);
  t.truthy((await files.material()).cert);
  rmSync(join(directory, 'key.pem'));
  await t.throwsAsync(open());
});

function halfOf(file: string): string {
  const whole = readFileSync(file, 'utf8');
  return whole.slice(0, whole.length / 2);
}

test('a file that is touched, or written anew with the same content, is no news', async (t) => {
  const { directory, seen, open } = await installed(t, pki.agent);
  const files = await open();
  await files.material();
  install(directory, pki.agent);
  await files.material();
  t.is(seen.changes, 0);
});

test('a passphrase file that changes is read again: what the next start could not use is a problem now', async (t) => {
  const { directory, seen, open } = await installed(t, pki.agent);
  const passphraseFile = join(directory, 'passphrase');
  writeFileSync(join(directory, 'key.pem'), writeKey(pki.agent.privateKey, 'right'));
  writeFileSync(passphraseFile, 'right');
  const files = await open({ passphraseFile });
  t.is((await files.material()).cert, pki.agent.cert);
  writeFileSync(passphraseFile, 'wrong one');
  t.is((await files.material()).cert, pki.agent.cert);
  t.deepEqual(seen.errors, ['The new certificate files are not used']);
});
