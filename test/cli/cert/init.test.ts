import { createPrivateKey, X509Certificate } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { certCommand } from '../../../src/cli/cert/cert.js';
import type { AgentError } from '../../../src/lib/errors.js';
import { capturedIo } from '../../support/captured-io.js';
import { makeStage } from '../../support/cert-stage.js';

const FILES = [
  'cacert.pem',
  'cakey.pem',
  'hie.key',
  'hiecert.pem',
  'openemr.key',
  'openemrcert.pem',
  'openemrcertkey.pem',
];

test('init makes the seven files of the recipe, the keys for their owner only', async (t) => {
  const stage = await makeStage();
  t.teardown(stage.remove);

  await stage.cert(['init', stage.directory, '--key-type', 'p-256']);

  t.deepEqual((await readdir(stage.directory)).sort(), FILES);
  const modes = await Promise.all(FILES.map(async (name) => (await stat(stage.path(name))).mode & 0o777));
  t.deepEqual(modes, [0o644, 0o400, 0o600, 0o644, 0o600, 0o644, 0o600]);
});

test('each key that init makes belongs to its certificate, and the authority signed both', async (t) => {
  const stage = await makeStage();
  t.teardown(stage.remove);

  await stage.cert(['init', stage.directory, '--key-type', 'rsa-2048']);

  const certificate = async (name: string) => new X509Certificate(await readFile(stage.path(name)));
  const key = async (name: string) => createPrivateKey(await readFile(stage.path(name)));
  const authority = await certificate('cacert.pem');
  for (const [cert, itsKey] of [
    ['hiecert.pem', 'hie.key'],
    ['openemrcert.pem', 'openemr.key'],
    ['openemrcertkey.pem', 'openemrcertkey.pem'],
  ] as const) {
    t.true((await certificate(cert)).checkPrivateKey(await key(itsKey)), cert);
    t.true((await certificate(cert)).verify(authority.publicKey), cert);
  }
  t.true(authority.checkPrivateKey(await key('cakey.pem')));
});

test("the collector's certificate bears localhost and what --dns and --ip say", async (t) => {
  const stage = await makeStage();
  t.teardown(stage.remove);

  const names = ['--dns', 'hie.example.org', '--dns', 'bücher.example', '--ip', '2001:db8::10'];
  await stage.cert(['init', stage.directory, '--key-type', 'p-256', ...names]);

  const certificate = new X509Certificate(await readFile(stage.path('hiecert.pem')));
  for (const name of ['localhost', 'hie.example.org', 'xn--bcher-kva.example']) t.is(certificate.checkHost(name), name);
  for (const address of ['127.0.0.1', '::1', '2001:db8::10']) t.is(certificate.checkIP(address), address);
});

test('init overwrites nothing, unless it is told to', async (t) => {
  const stage = await makeStage();
  t.teardown(stage.remove);
  await stage.cert(['init', stage.directory, '--key-type', 'p-256']);
  const before = await readFile(stage.path('openemr.key'));

  const refused = await t.throwsAsync<AgentError>(stage.cert(['init', stage.directory, '--key-type', 'p-256']));
  t.is(refused?.code, 'file-exists');
  t.deepEqual(await readFile(stage.path('openemr.key')), before);

  await stage.cert(['init', stage.directory, '--key-type', 'p-256', '--force']);
  t.notDeepEqual(await readFile(stage.path('openemr.key')), before);
});

test('init prints fingerprints as RFC 5425 writes them, and JSON for programs', async (t) => {
  const stage = await makeStage();
  t.teardown(stage.remove);

  const { stdout } = await stage.cert(['init', stage.directory, '--key-type', 'p-256', '--json']);

  const certificate = new X509Certificate(await readFile(stage.path('openemrcert.pem')));
  const agent = JSON.parse(stdout).find((each: { name: string }) => each.name === 'agent');
  t.is(agent.sha256, `sha-256:${certificate.fingerprint256}`);
  t.regex(agent.sha1, /^sha-1:([0-9A-F]{2}:){19}[0-9A-F]{2}$/);
});

test('init stopped while it makes keys writes nothing', async (t) => {
  const directory = await mkdtemp(join(tmpdir(), 'init-'));
  t.teardown(() => rm(directory, { recursive: true }));
  const io = capturedIo();
  io.interrupt();

  await t.throwsAsync(certCommand(io).parseAsync(['init', directory, '--key-type', 'p-256'], { from: 'user' }), {
    code: 'interrupted',
  });

  t.deepEqual(await readdir(directory), []);
});

test('on a terminal init shows that it is working, and takes the sign away again', async (t) => {
  const directory = await mkdtemp(join(tmpdir(), 'init-'));
  t.teardown(() => rm(directory, { recursive: true }));
  const io = capturedIo();

  await certCommand({ ...io, isTerminal: true }).parseAsync(['init', directory, '--key-type', 'p-256'], {
    from: 'user',
  });

  t.true(io.err().startsWith('\r⠋ Making three p-256 keys and certificates'));
  t.true(io.err().includes('\r\u001b[K'));
});

test('init says why where no directory can be made', async (t) => {
  const stage = await makeStage();
  t.teardown(stage.remove);
  const file = stage.path('file');
  await writeFile(file, '');
  for (const [directory, message] of [
    [file, `${file} is not a directory`],
    [join(file, 'below'), `cannot write into ${join(file, 'below')} (ENOTDIR)`],
  ] as const) {
    await t.throwsAsync(stage.cert(['init', directory, '--key-type', 'p-256']), { code: 'cannot-write', message });
  }
});

test('init --collector writes a configuration that permits the name in the agent’s certificate, and says where all goes', async (t) => {
  const stage = await makeStage();
  t.teardown(stage.remove);

  const args = ['init', stage.directory, '--key-type', 'p-256', '--collector', 'rsyslog'];
  const { stderr } = await stage.cert(args);

  const [, peer] = /permittedPeer=\["([^"]+)"\]/.exec(await readFile(stage.path('rsyslog-audit.conf'), 'utf8')) ?? [];
  const { subjectAltName } = new X509Certificate(await readFile(stage.path('openemrcert.pem')));
  t.true(subjectAltName?.split(', ').includes(`DNS:${peer}`), subjectAltName);
  t.regex(stderr, /copy cacert\.pem, hiecert\.pem and hie\.key .* to \/etc\/rsyslog\.d\/tls\n/);
  t.regex(stderr, /for localhost alone: give --dns HOST/);
  const elsewhere = await stage.cert([...args, '--force', '--dns', 'hie.example.org']);
  t.notRegex(elsewhere.stderr, /localhost alone/);
});
