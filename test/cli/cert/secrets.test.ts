/** Every command that makes files: who could read a key from its first moment on, and what is left when it is cut off anywhere. */
import { createPrivateKey, createPublicKey, X509Certificate } from 'node:crypto';
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import type { Command } from 'commander';
import { certCommand } from '../../../src/cli/cert/cert.js';
import { samePublicKey } from '../../../src/pki/files/keys.js';
import { readPem } from '../../../src/pki/files/pem.js';
import { completeInstallation } from '../../../src/pki/files/store.js';
import { readRequest } from '../../../src/pki/x509/request.js';
import { capturedIo } from '../../support/captured-io.js';
import { makeStage, type Stage } from '../../support/cert-stage.js';
import { onDisk } from '../../support/cut-off-disk.js';

let stage: Stage;
/** A directory as `cert init` and `cert request` leave it, with an answer that waits. */
test.before(async () => {
  stage = await makeStage();
  const { cert, directory, path } = stage;
  const small = ['--key-type', 'p-256'];
  await cert(['init', directory, ...small]);
  const signed = ['--ca', path('cacert.pem'), '--ca-key', path('cakey.pem')];
  await cert([
    'request',
    '--subject',
    '/CN=x',
    '--dns',
    'x.example',
    '--out',
    path('x.csr'),
    '--key-out',
    path('x.key'),
    ...small,
  ]);
  await cert(['sign', path('x.csr'), '--yes', '--out', path('x.pem'), ...signed]);
  writeFileSync(path('passphrase'), 'correct horse\n', { mode: 0o600 });
});
test.after.always(() => stage?.remove());

type Line = (path: (name: string) => string) => string[];
const named = ['--subject', '/CN=n', '--dns', 'n.example', '--key-type', 'p-256'];
const signed: Line = (path) => ['--ca', path('cacert.pem'), '--ca-key', path('cakey.pem')];

/** The first name in each pair is a certificate or a request, the second its key. */
const commands: [name: string, line: Line, made: [string, string][]][] = [
  [
    'init',
    (path) => ['init', path('new'), '--key-type', 'p-256'],
    [
      ['new/cacert.pem', 'new/cakey.pem'],
      ['new/hiecert.pem', 'new/hie.key'],
      ['new/openemrcert.pem', 'new/openemr.key'],
      ['new/openemrcertkey.pem', 'new/openemr.key'],
    ],
  ],
  [
    'ca',
    (path) => ['ca', '--key-type', 'p-256', '--out', path('n.pem'), '--key-out', path('n.key')],
    [['n.pem', 'n.key']],
  ],
  [
    'issue',
    (path) => [
      'issue',
      ...named,
      ...signed(path),
      '--out',
      path('n.pem'),
      '--key-out',
      path('n.key'),
      '--combined',
      path('n2.pem'),
    ],
    [
      ['n.pem', 'n.key'],
      ['n2.pem', 'n.key'],
    ],
  ],
  [
    'request',
    (path) => ['request', ...named, '--out', path('n.csr'), '--key-out', path('n.key')],
    [['n.csr', 'n.key']],
  ],
  ['sign', (path) => ['sign', path('x.csr'), '--yes', ...signed(path), '--out', path('n.pem')], []],
  ['import', (path) => ['import', path('x.pem'), path('cacert.pem'), '--trust', '--dir', path('.')], []],
  ['renew', (path) => ['renew', '--dir', path('.'), '--ca-key', path('cakey.pem')], []],
  [
    'renew --request',
    (path) => ['renew', '--dir', path('.'), '--request', path('n.csr')],
    [['n.csr', 'openemr.key.new']],
  ],
  ['revoke', (path) => ['revoke', path('hiecert.pem'), ...signed(path), '--crl', path('crl.pem')], []],
  [
    'p12',
    (path) => [
      'p12',
      '--cert',
      path('openemrcert.pem'),
      '--key',
      path('openemr.key'),
      '--out',
      path('n.p12'),
      '--passphrase-file',
      path('passphrase'),
    ],
    [],
  ],
];

/** Were there before, and belong together whatever happens. */
const KEPT: [string, string][] = [
  ['cacert.pem', 'cakey.pem'],
  ['hiecert.pem', 'hie.key'],
  ['openemrcert.pem', 'openemr.key'],
  ['openemrcertkey.pem', 'openemr.key'],
];

for (const [name, line, made] of commands) {
  test.serial(
    `cert ${name} cut off anywhere leaves all or nothing, and no key that others could read at any moment`,
    async (t) => {
      const run = async (after: number) => {
        const directory = mkdtempSync(join(tmpdir(), 'cert-cut-'));
        t.teardown(() => rmSync(directory, { recursive: true, force: true }));
        cpSync(stage.directory, directory, { recursive: true });
        const path = (file: string) => join(directory, file);
        const disk = await onDisk(after, () => stage.cert(line(path)));
        return { ...disk, directory, path };
      };

      const whole = await run(Number.POSITIVE_INFINITY);
      t.true(whole.changes > 0 && whole.opened.length > 0);
      for (const { path, mode } of whole.opened) {
        if (/\.key|key\.pem|n2\.pem|\.p12/.test(path)) t.is(mode & 0o077, 0, path);
      }
      for (let after = 0; after < whole.changes; after += 1) {
        const { directory, path } = await run(after);
        for (const each of [directory, path('new')]) completeInstallation(each);
        for (const [one, key] of [...KEPT, ...made]) {
          const both = [one, key].filter((file) => existsSync(path(file)));
          t.not(both.length, 1, `cut off after ${after}: only ${both}`);
          if (both.length === 2) t.true(belongTogether(path(one), path(key)), `cut off after ${after}: ${one}, ${key}`);
        }
        t.deepEqual(exposed(directory), [], `cut off after ${after}`);
      }
    },
  );
}

function belongTogether(path: string, keyPath: string): boolean {
  const key = createPrivateKey(readFileSync(keyPath));
  const block = readPem(readFileSync(path, 'utf8')).find(({ label }) => label.startsWith('CERTIFICATE'))!;
  if (block.label === 'CERTIFICATE') return new X509Certificate(block.der).checkPrivateKey(key);
  return samePublicKey(readRequest(block.der).publicKey, createPublicKey(key));
}

/** Files with a key in them that others than the owner can read. */
function exposed(directory: string): string[] {
  return readdirSync(directory, { recursive: true, encoding: 'utf8' })
    .map((name) => join(directory, name))
    .filter((path) => statSync(path).isFile() && (statSync(path).mode & 0o077) !== 0)
    .filter((path) => readFileSync(path, 'latin1').includes('PRIVATE KEY'));
}

test('no option of any command takes a passphrase itself: it would stand in the list of processes', (t) => {
  const all = (command: Command): Command[] => [command, ...command.commands.flatMap(all)];
  const options = all(certCommand(capturedIo())).flatMap((command) => command.options);
  const secret = options.filter(({ long }) => /pass|secret|password/.test(long ?? ''));
  t.true(secret.length > 0);
  for (const { long } of secret) t.regex(long ?? '', /-file$/);
});
