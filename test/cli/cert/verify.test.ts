import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:tls';
import test, { type ExecutionContext } from 'ava';
import { makeStage } from '../../support/cert-stage.js';
import { makeTestPki, type PemPair, type TestPki } from '../../support/certificates.js';

async function prepare(t: ExecutionContext) {
  const stage = await makeStage();
  t.teardown(stage.remove);
  const pki = await makeTestPki();
  t.teardown(pki.remove);
  const own = ['--ca', pki.caFile, '--cert', pki.agentCert, '--key', pki.agentKey];
  return { stage, pki, own };
}

async function serve(t: ExecutionContext, pki: TestPki, { cert, key }: PemPair): Promise<string> {
  const server = createServer({ cert, key, ca: pki.ca, requestCert: true });
  server.on('tlsClientError', () => undefined);
  server.on('secureConnection', (socket) => socket.on('error', () => undefined).resume());
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => server.close());
  return `localhost:${(server.address() as AddressInfo).port}`;
}

test('good files work, as words and as JSON', async (t) => {
  const { stage, own } = await prepare(t);

  const words = await stage.cert(['verify', ...own]);
  const json = await stage.cert(['verify', ...own, '--json']);

  t.is(words.exitStatus, 0);
  t.true(words.stdout.endsWith('It works.\n'));
  const { findings } = JSON.parse(json.stdout);
  t.true(findings.every(({ verdict }: { verdict: string }) => verdict === 'good'));
  t.true(findings.some(({ check }: { check: string }) => check === 'handshake'));
});

test('each reason why it would not work is a line with its remedy, and the exit status is 1', async (t) => {
  const { stage, pki } = await prepare(t);
  const bad = async (pair: PemPair, ...more: string[]) => {
    const files = ['--ca', pki.caFile, '--cert', pair.certFile, '--key', pair.keyFile];
    const { stdout, exitStatus } = await stage.cert(['verify', ...files, ...more, '--json']);
    t.is(exitStatus, 1);
    const findings: { check: string; verdict: string }[] = JSON.parse(stdout).findings;
    return findings.filter(({ verdict }) => verdict === 'bad').map(({ check }) => check);
  };

  t.deepEqual(await bad(await pki.leaf('expired', 'agent')), ['dates', 'handshake']);
  t.deepEqual(await bad(await pki.leaf('other-authority', 'agent')), ['chain', 'handshake']);
  t.deepEqual(await bad(await pki.leaf('wrong-usage', 'agent')), ['usage', 'handshake']);
  t.deepEqual(await bad(await pki.leaf('wrong-name'), '--purpose', 'server', '--name', 'hie.example'), ['name']);
  const { crlFile } = await pki.revoke([pki.agent.certificate]);
  t.deepEqual(await bad(pki.agent, '--crl', crlFile), ['revoked', 'handshake']);
  t.deepEqual(await bad({ ...pki.agent, keyFile: pki.collectorKey }), ['key-match']);
});

test('a real collector is asked: chain, name, protocol, and that both sides accept', async (t) => {
  const { stage, pki, own } = await prepare(t);
  const host = await serve(t, pki, pki.collector);

  const { stdout, exitStatus } = await stage.cert(['verify', ...own, '--host', host]);

  t.is(exitStatus, 0, stdout);
  t.true(stdout.includes('TLSv1.3'));
  t.true(stdout.includes(pki.collector.fingerprint));
  t.true(stdout.includes('the certificate is for localhost'));
});

test('it is said which side refuses', async (t) => {
  const { stage, pki, own } = await prepare(t);
  const wrongName = await serve(t, pki, await pki.leaf('wrong-name'));
  const expired = await serve(t, pki, await pki.leaf('expired'));
  const good = await serve(t, pki, pki.collector);
  const stranger = await pki.leaf('other-authority', 'agent');

  const named = await stage.cert(['verify', ...own, '--host', wrongName]);
  t.is(named.exitStatus, 1);
  t.true(named.stdout.includes('the collector’s certificate is not for localhost'));
  const old = await stage.cert(['verify', ...own, '--host', expired]);
  t.true(old.stdout.includes('refused by this side: '), old.stdout);
  t.true(old.stdout.includes('has expired'));
  const files = ['--ca', pki.caFile, '--cert', stranger.certFile, '--key', stranger.keyFile];
  const refused = await stage.cert(['verify', ...files, '--host', good]);
  t.is(refused.exitStatus, 1);
  t.false(refused.stdout.includes('both sides accepted'));
  const nobody = await stage.cert(['verify', '--dir', stage.directory, '--ca', pki.caFile, '--host', '127.0.0.1:1']);
  t.true(nobody.stdout.includes('nothing listens on that port'));
});

test('without files and without a host there is nothing to verify: wrong usage', async (t) => {
  const { stage } = await prepare(t);
  await t.throwsAsync(stage.cert(['verify', '--dir', stage.directory]), { code: 'usage' });
  await t.throwsAsync(stage.cert(['verify', '--host', 'a:b']), { code: 'commander.invalidArgument' });
});

test('renew --host installs nothing that the collector refuses', async (t) => {
  const { stage, pki } = await prepare(t);
  const other = await makeTestPki();
  t.teardown(other.remove);
  const trusting = await serve(t, pki, pki.collector);
  await writeFile(stage.path('openemrcert.pem'), pki.agent.cert);
  await writeFile(stage.path('openemr.key'), pki.agent.key);
  const renew = ['renew', '--dir', stage.directory, '--host', trusting];

  const foreign = [...renew, '--ca', other.caFile, '--ca-key', other.caKeyFile];
  await t.throwsAsync(stage.cert(foreign), { message: /nothing was changed/ });
  t.is(await readFile(stage.path('openemrcert.pem'), 'utf8'), pki.agent.cert);

  await stage.cert([...renew, '--ca', pki.caFile, '--ca-key', pki.caKeyFile]);
  t.not(await readFile(stage.path('openemrcert.pem'), 'utf8'), pki.agent.cert);
});
