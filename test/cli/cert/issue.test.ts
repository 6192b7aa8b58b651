import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFile, stat, writeFile } from 'node:fs/promises';
import { userInfo } from 'node:os';
import test, { type ExecutionContext } from 'ava';
import type { AgentError } from '../../../src/lib/errors.js';
import { makeStage } from '../../support/cert-stage.js';

async function withAuthority(t: ExecutionContext, ...args: string[]) {
  const stage = await makeStage();
  t.teardown(stage.remove);
  const signing = ['--ca', stage.path('cacert.pem'), '--ca-key', stage.path('cakey.pem')];
  const paths = ['--out', stage.path('cacert.pem'), '--key-out', stage.path('cakey.pem')];
  await stage.cert(['ca', '--key-type', 'p-256', ...paths, ...args]);
  const out = ['--out', stage.path('leaf.pem'), '--key-out', stage.path('leaf.key'), '--key-type', 'p-256'];
  return { stage, issue: ['issue', ...signing, ...out], signing };
}

test('a leaf bears the subject, names, usages and days asked for', async (t) => {
  const { stage, issue } = await withAuthority(t);
  const names = ['--dns', 'hie.example.org', '--ip', '192.0.2.1', '--email', 'ops@hie.example'];

  const { stdout } = await stage.cert([
    ...issue,
    ...['--subject', 'CN=hie,O=Exchange,C=US', '--server', '--client', '--days', '30', '--serial', '10', '--json'],
    ...names,
  ]);

  const facts = JSON.parse(stdout);
  t.deepEqual(facts.subjectAltName, ['DNS:hie.example.org', 'IP:192.0.2.1', 'email:ops@hie.example']);
  t.deepEqual(facts.extendedKeyUsage, ['serverAuth', 'clientAuth']);
  t.is(facts.serial, '0A');
  t.is(facts.daysLeft, 29);
  t.is(facts.subjectOneLine, '/C=US/O=Exchange/CN=hie');
  t.is((await stat(stage.path('leaf.key'))).mode & 0o777, 0o600);
});

test('without names the certificate bears that of its subject, and says so', async (t) => {
  const { stage, issue } = await withAuthority(t);

  const { stderr } = await stage.cert([...issue, '--subject', '/C=US/CN=openemr@localhost']);

  const certificate = new X509Certificate(await readFile(stage.path('leaf.pem')));
  t.is(certificate.checkEmail('openemr@localhost'), 'openemr@localhost');
  t.true(stderr.includes('openemr@localhost'));
  const nameless = stage.cert([...issue, '--force', '--subject', '/C=US/O=My Clinic']);
  await t.throwsAsync(nameless, { code: 'no-name' });
});

test("an authority's encrypted key is opened with the file that holds its passphrase, and only with it", async (t) => {
  const stage = await makeStage();
  t.teardown(stage.remove);
  await writeFile(stage.path('pass'), 'correct horse\n');
  const ca = ['--out', stage.path('cacert.pem'), '--key-out', stage.path('cakey.pem'), '--key-type', 'p-256'];
  await stage.cert(['ca', ...ca, '--passphrase-file', stage.path('pass')]);
  const key = await readFile(stage.path('cakey.pem'));
  t.throws(() => createPrivateKey(key));
  t.is(createPrivateKey({ key, passphrase: 'correct horse' }).asymmetricKeyType, 'ec');

  const signing = ['--ca', stage.path('cacert.pem'), '--ca-key', stage.path('cakey.pem')];
  const out = ['--out', stage.path('leaf.pem'), '--key-out', stage.path('leaf.key'), '--key-type', 'p-256'];
  const issue = ['issue', ...signing, ...out, '--subject', '/CN=x.example'];
  const error = await t.throwsAsync<AgentError>(stage.cert(issue), { code: 'passphrase-missing' });
  t.truthy(error?.hint);
  await stage.cert([...issue, '--ca-passphrase-file', stage.path('pass')]);
  t.true(
    new X509Certificate(await readFile(stage.path('leaf.pem'))).checkIssued(
      new X509Certificate(await readFile(stage.path('cacert.pem'))),
    ),
  );
});

test('what is self-signed is shown as such, and the next command verifies it by itself', async (t) => {
  const { cert, path, remove } = await makeStage();
  t.teardown(remove);
  const files = ['--out', path('s.pem'), '--key-out', path('s.key')];
  const made = await cert([
    'issue',
    '--self-signed',
    '--subject',
    '/CN=x',
    '--dns',
    'x.example',
    '--key-type',
    'p-256',
    ...files,
  ]);
  t.regex(made.stdout, /issuer +itself \(self-signed\)/);
  const next = /Next: openemr-audit-forwarder cert (.*)/.exec(made.stderr)?.[1] ?? '';
  const verified = await cert(next.split(' '));
  t.is(verified.exitStatus, 0, verified.stdout);
});

test('a self-signed certificate needs no authority; certificate and key can lie in one file for PHP', async (t) => {
  const stage = await makeStage();
  t.teardown(stage.remove);
  const out = [
    '--out',
    stage.path('own.pem'),
    '--key-out',
    stage.path('own.key'),
    '--combined',
    stage.path('both.pem'),
  ];

  await stage.cert(['issue', '--self-signed', '--subject', '/CN=emr.clinic.example', '--key-type', 'p-256', ...out]);

  const both = await readFile(stage.path('both.pem'));
  const certificate = new X509Certificate(both);
  t.true(certificate.verify(certificate.publicKey));
  t.true(certificate.checkPrivateKey(createPrivateKey(both)));
  t.is((await stat(stage.path('both.pem'))).mode & 0o777, 0o600);
});

test('wrong words on the command line are refused before a key is made', async (t) => {
  const { stage, issue } = await withAuthority(t);
  const subject = ['--subject', '/CN=x.example'];
  for (const wrong of [
    ['--days', '0'],
    ['--days', 'many'],
    ['--serial', '-5'],
    ['--serial', `0x${'f'.repeat(40)}`],
    ['--key-type', 'rsa-1024'],
  ]) {
    await t.throwsAsync(
      stage.cert([...issue, ...subject, ...wrong]),
      { code: 'commander.invalidArgument' },
      wrong.join(' '),
    );
  }
  await t.throwsAsync(stage.cert([...issue, ...subject, '--owner', 'nobody-of-this-name']), { code: 'unknown-user' });
  await t.throwsAsync(stage.cert([...issue, ...subject, '--owner', 'root:no-such-group']), { code: 'unknown-user' });
  await t.throwsAsync(stage.cert([...issue, ...subject, '--dns', 'not a name']), { code: 'dns-invalid' });
  await t.throwsAsync(stage.cert([...issue, ...subject, '--dns', '*.org']), { code: 'dns-invalid' });
});

test('--owner names who can read the key; who is not root can only name himself', async (t) => {
  const { stage, issue } = await withAuthority(t);
  const { uid, username } = userInfo();
  const made = ['--subject', '/CN=x.example', '--key-type', 'p-256', '--force'];
  await stage.cert([...issue, ...made, '--owner', username]);
  t.is((await stat(stage.path('leaf.key'))).uid, uid);
  if (uid !== 0)
    return void (await t.throwsAsync(stage.cert([...issue, ...made, '--owner', 'root']), { code: 'not-root' }));
  await stage.cert([...issue, ...made, '--owner', 'root:daemon']);
  const { gid, mode } = await stat(stage.path('leaf.key'));
  t.not(gid, 0);
  t.is(mode & 0o777, 0o640);
  await stage.cert(['init', stage.path('php'), '--key-type', 'p-256', '--owner', 'daemon']);
  t.is((await stat(stage.path('php/openemrcertkey.pem'))).uid, 1);
  t.is((await stat(stage.path('php'))).mode & 0o777, 0o751);
  for (const others of ['php/cakey.pem', 'php/hie.key']) {
    const { uid: theirs, mode: modes } = await stat(stage.path(others));
    t.deepEqual([theirs, modes & 0o077], [0, 0], others);
  }
});
