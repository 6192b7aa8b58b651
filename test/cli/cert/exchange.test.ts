/** The way to the exchange and back: request, sign, import, renew. */
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import test, { type ExecutionContext } from 'ava';
import type { AgentError } from '../../../src/lib/errors.js';
import { writeKey } from '../../../src/pki/files/keys.js';
import { pemOf } from '../../../src/pki/inspect.js';
import { writePkcs12 } from '../../../src/pki/pkcs12/file.js';
import { makeStage } from '../../support/cert-stage.js';
import { makeLongChain, makeTestPki } from '../../support/certificates.js';

/** The clinic's directory and an exchange with an authority. */
async function clinic(t: ExecutionContext) {
  const stage = await makeStage();
  t.teardown(stage.remove);
  const exchange = await makeTestPki();
  t.teardown(exchange.remove);
  const signing = ['--ca', exchange.caFile, '--ca-key', exchange.caKeyFile, '--yes'];
  const dir = ['--dir', stage.directory];
  const read = async (name: string) => readFile(stage.path(name), 'utf8');
  const isPair = async () =>
    new X509Certificate(await read('openemrcert.pem')).checkPrivateKey(createPrivateKey(await read('openemr.key')));
  return { stage, exchange, signing, dir, read, isPair };
}

const asking = (stage: { path(name: string): string }, name = 'openemr') => [
  'request',
  ...['--subject', '/C=US/O=My Clinic/CN=emr.clinic.example', '--dns', 'emr.clinic.example', '--key-type', 'p-256'],
  ...['--out', stage.path(`${name}.csr`), '--key-out', stage.path(`${name}.key`)],
];

test('a request is signed by the exchange and its answer installed beside the key', async (t) => {
  const { stage, exchange, signing, dir, read, isPair } = await clinic(t);
  const { stdout } = await stage.cert(asking(stage));
  t.true(stdout.includes('CERTIFICATE REQUEST'));
  t.false(stdout.includes('PRIVATE'));

  const { stderr } = await stage.cert([
    'sign',
    stage.path('openemr.csr'),
    ...signing,
    '--out',
    stage.path('answer.pem'),
  ]);
  t.true(stderr.includes('DNS:emr.clinic.example'), 'what is asked is shown before it is signed');
  await stage.cert(['import', exchange.caFile, stage.path('answer.pem'), '--trust', ...dir]);

  t.true(await isPair());
  t.is(await read('cacert.pem'), exchange.ca);
  const certificate = new X509Certificate(await read('openemrcert.pem'));
  t.is(certificate.subject, 'C=US\nO=My Clinic\nCN=emr.clinic.example');
  t.is((await stage.cert(['verify', ...dir])).exitStatus, 0);
});

test('nothing is signed unseen: without a terminal --yes is asked for', async (t) => {
  const { stage, signing } = await clinic(t);
  await stage.cert(asking(stage));
  const unasked = signing.filter((word) => word !== '--yes');

  await t.throwsAsync(stage.cert(['sign', stage.path('openemr.csr'), ...unasked, '--out', stage.path('x.pem')]), {
    code: 'usage',
  });
  t.false((await readdir(stage.directory)).includes('x.pem'));
});

test('a forged request is refused', async (t) => {
  const { stage, signing } = await clinic(t);
  await stage.cert(asking(stage));
  const [, body = ''] = /-----\n([^-]+)\n-----/.exec(await readFile(stage.path('openemr.csr'), 'utf8')) ?? [];
  const der = Buffer.from(body, 'base64');
  der[der.indexOf('emr.clinic')]! ^= 1;
  await writeFile(stage.path('forged.csr'), der);

  const sign = ['sign', stage.path('forged.csr'), ...signing, '--out', stage.path('x.pem')];
  await t.throwsAsync(stage.cert(sign), { code: 'request-forged' });
});

test('a PKCS#12 file with key and long chain is taken apart and installed', async (t) => {
  const { stage, dir, read, isPair } = await clinic(t);
  const { root, intermediate, leaf } = await makeLongChain();
  const chain = [root, intermediate, leaf].map(({ certificate }) => certificate);
  await writeFile(
    stage.path('from-exchange.p12'),
    await writePkcs12({ key: leaf.key, chain, name: 'x' }, 'their word'),
  );
  await writeFile(stage.path('word'), 'their word');

  await stage.cert(['import', stage.path('from-exchange.p12'), '--passphrase-file', stage.path('word'), ...dir]);

  t.is(await read('openemrcert.pem'), pemOf(leaf.certificate) + pemOf(intermediate.certificate));
  const key = createPrivateKey({ key: await read('openemr.key'), passphrase: 'their word' });
  t.true(leaf.certificate.checkPrivateKey(key), 'what came locked stays locked');
  await t.throwsAsync(isPair());
});

test('a certificate whose key is not here, an expired one and one for servers change nothing', async (t) => {
  const { stage, exchange, dir } = await clinic(t);
  await writeFile(stage.path('openemrcert.pem'), exchange.agent.cert);
  await writeFile(stage.path('openemr.key'), exchange.agent.key);
  const stranger = await exchange.leaf('other-authority', 'agent');
  const expired = await exchange.leaf('expired', 'agent');
  const names = await readdir(stage.directory);

  const wrong = await t.throwsAsync<AgentError>(stage.cert(['import', stranger.certFile, ...dir]), { code: 'no-key' });
  t.true(wrong?.hint?.includes('--key'));
  await t.throwsAsync(stage.cert(['import', expired.certFile, expired.keyFile, ...dir]), { code: 'certificate-dates' });
  await t.throwsAsync(stage.cert(['import', exchange.collectorCert, exchange.collectorKey, ...dir]), {
    code: 'certificate-usage',
  });
  t.is(await readFile(stage.path('openemrcert.pem'), 'utf8'), exchange.agent.cert);
  t.deepEqual(await readdir(stage.directory), names);
});

test('an import keeps the old pair, and the combined file for PHP in step', async (t) => {
  const { stage, exchange, dir, read, isPair } = await clinic(t);
  await writeFile(stage.path('openemrcert.pem'), exchange.agent.cert);
  await writeFile(stage.path('openemr.key'), exchange.agent.key);
  await writeFile(stage.path('openemrcertkey.pem'), exchange.agent.cert + exchange.agent.key);
  const next = await exchange.leaf('wildcard', 'agent');

  await stage.cert(['import', next.certFile, next.keyFile, ...dir]);

  t.true(await isPair());
  t.is(await read('openemrcertkey.pem'), next.cert + next.key);
  const kept = (await readdir(stage.directory)).filter((name) => /\.\d{8}T\d{6}Z$/.test(name));
  t.is(kept.length, 3);
  const oldKey = kept.find((name) => name.startsWith('openemr.key'))!;
  t.is(await read(oldKey), exchange.agent.key);
});

test('renewal by our own authority keeps names and kind of key, with a new key or the same', async (t) => {
  const { stage, exchange, dir, read, isPair } = await clinic(t);
  await writeFile(stage.path('openemrcert.pem'), exchange.agent.cert);
  await writeFile(stage.path('openemr.key'), exchange.agent.key);
  const renew = ['renew', ...dir, '--ca', exchange.caFile, '--ca-key', exchange.caKeyFile];

  await stage.cert([...renew, '--same-key']);
  t.is(await read('openemr.key'), exchange.agent.key);
  t.true(await isPair());
  const first = new X509Certificate(await read('openemrcert.pem'));
  t.is(first.subjectAltName, exchange.agent.certificate.subjectAltName);
  t.not(first.serialNumber, exchange.agent.certificate.serialNumber);

  await stage.cert(renew);
  t.not(await read('openemr.key'), exchange.agent.key);
  t.true(await isPair());
});

test('renewals within one second keep every certificate that they replace', async (t) => {
  const { stage, exchange, dir } = await clinic(t);
  await writeFile(stage.path('openemrcert.pem'), exchange.agent.cert);
  await writeFile(stage.path('openemr.key'), exchange.agent.key);
  const renew = ['renew', ...dir, '--ca', exchange.caFile, '--ca-key', exchange.caKeyFile, '--same-key'];

  for (let round = 0; round < 4; round += 1) await stage.cert(renew);

  const kept = (await readdir(stage.directory)).filter((name) => /^openemrcert\.pem\.\d{8}T\d{6}Z(-\d)?$/.test(name));
  t.is(kept.length, 4);
});

test('renewal by the exchange leaves the old pair in use until its answer is imported', async (t) => {
  const { stage, exchange, signing, dir, read, isPair } = await clinic(t);
  await writeFile(stage.path('openemrcert.pem'), exchange.agent.cert);
  await writeFile(stage.path('openemr.key'), writeKey(exchange.agent.privateKey));

  await stage.cert(['renew', ...dir, '--request', stage.path('renewal.csr')]);
  t.is(await read('openemrcert.pem'), exchange.agent.cert);
  t.true(await isPair());
  await stage.cert(['sign', stage.path('renewal.csr'), ...signing, '--out', stage.path('answer.pem')]);
  await stage.cert(['import', stage.path('answer.pem'), ...dir]);

  t.true(await isPair());
  t.not(await read('openemrcert.pem'), exchange.agent.cert);
  t.false((await readdir(stage.directory)).includes('openemr.key.new'), 'no copy of the key is left');
  await t.throwsAsync(stage.cert(['renew', ...dir]), { code: 'no-authority' });
});

test('request --dir says how to import the answer beside the key', async (t) => {
  const { directory, cert, path, remove } = await makeStage();
  t.teardown(remove);
  const named = ['--subject', '/CN=x', '--dns', 'x.example', '--key-type', 'p-256'];

  const { stderr } = await cert(['request', '--dir', directory, ...named]);
  t.regex(stderr, new RegExp(`cert import ANSWER… --dir ${directory}\n`));
  const other = await cert(['request', '--out', path('o.csr'), '--key-out', path('o.key'), ...named]);
  t.regex(other.stderr, new RegExp(`cert import ANSWER… --dir ${directory} --key ${path('o.key')}\n`));
});
