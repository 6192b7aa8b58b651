/** Files as openssl makes them in every form that people bring: opened, or refused with the algorithm and what converts it. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import type { AgentError } from '../../src/lib/errors.js';
import { readBundle } from '../../src/pki/files/bundle.js';
import { temporaryDirectory } from '../support/files.js';

function stage(t: ExecutionContext) {
  const directory = temporaryDirectory(t);
  const openssl = (...args: string[]) =>
    execFileSync('openssl', args, { cwd: directory, stdio: ['ignore', 'pipe', 'ignore'] });
  openssl('req', '-x509', '-noenc', '-newkey', 'rsa:2048', '-subj', '/CN=x', '-keyout', 'x.key', '-out', 'x.pem');
  const read = (name: string, passphrase?: string) =>
    readBundle(readFileSync(join(directory, name)), async () => passphrase);
  return { directory, openssl, read };
}

const LEGACY = ['-provider', 'legacy', '-provider', 'default'];

test('PKCS#12 files without encryption, without MAC or with an empty passphrase are opened without one', async (t) => {
  const { openssl, read } = stage(t);
  const forms: Record<string, string[]> = {
    'neither.p12': ['-keypbe', 'NONE', '-certpbe', 'NONE', '-nomac'],
    'only-mac.p12': ['-keypbe', 'NONE', '-certpbe', 'NONE'],
    'only-encrypted.p12': ['-nomac'],
    'all.p12': [],
  };
  for (const [name, options] of Object.entries(forms)) {
    const source = ['-export', '-in', 'x.pem', '-inkey', 'x.key', '-out', name, '-passout', 'pass:'];
    openssl('pkcs12', ...source, ...options);
    const kinds = (await read(name)).map(({ kind }) => kind);
    t.deepEqual(kinds, ['certificate', 'key'], name);
  }
});

test('keys with encryption that OpenSSL 3 no longer reads are named with it, and converted by the command of the hint', async (t) => {
  const { directory, openssl, read } = stage(t);
  const pbes: [option: string, name: RegExp][] = [
    ['PBE-MD5-DES', /MD5 and DES/],
    ['PBE-SHA1-RC2-64', /SHA-1 and RC2/],
    ['PBE-SHA1-RC4-128', /SHA-1 and RC4 \(128 bits\)/],
    ['PBE-SHA1-RC2-40', /SHA-1 and RC2 \(40 bits\)/],
  ];
  const encrypted = ['-in', 'x.key', '-passout', 'pass:secret', '-out', 'old.key', ...LEGACY];
  const makes: [make: () => void, name: RegExp][] = [
    ...pbes.map(([option, name]): [() => void, RegExp] => [
      () => openssl('pkcs8', '-topk8', '-v1', option, ...encrypted),
      name,
    ]),
    [() => openssl('pkcs8', '-topk8', '-v2', 'des', ...encrypted), / DES,/],
    [() => openssl('pkcs8', '-topk8', '-v2', 'rc2', ...encrypted), / RC2,/],
    [() => openssl('rsa', '-traditional', '-des', ...encrypted), /DES-CBC/],
  ];
  for (const [make, name] of makes) {
    make();
    const error = await t.throwsAsync<AgentError>(read('old.key', 'secret'), { code: 'key-legacy' });
    t.regex(error?.message ?? '', name);
    const command = /\(umask.*\)$/.exec(error?.hint ?? '')?.[0] ?? '';
    const known = command.replace('-aes256', '-aes256 -passin pass:secret -passout pass:secret');
    execFileSync('sh', ['-c', known], { cwd: directory, stdio: 'ignore' });
    t.deepEqual(
      (await read('openemr.key', 'secret')).map(({ kind }) => kind),
      ['key'],
    );
  }
});

test('keys with encryption that OpenSSL 3 reads are opened, scrypt and 3DES too', async (t) => {
  const { openssl, read } = stage(t);
  const encrypted = ['-in', 'x.key', '-passout', 'pass:secret', '-out', 'x8.key', ...LEGACY];
  for (const how of [
    ['-scrypt'],
    ['-v1', 'PBE-SHA1-3DES'],
    ['-v2', 'des3'],
    ['-v2', 'aes128'],
    ['-v2', 'camellia256'],
  ]) {
    openssl('pkcs8', '-topk8', ...how, ...encrypted);
    t.deepEqual(
      (await read('x8.key', 'secret')).map(({ kind }) => kind),
      ['key'],
      how.join(' '),
    );
    await t.throwsAsync(read('x8.key', 'wrong'), { code: 'passphrase-wrong' });
  }
});

test('files that would keep us computing are refused at once', async (t) => {
  const { openssl, read } = stage(t);
  const p12 = ['-export', '-in', 'x.pem', '-inkey', 'x.key', '-passout', 'pass:secret'];
  openssl('pkcs12', ...p12, '-iter', '1000001', '-out', 'slow.p12');
  await t.throwsAsync(read('slow.p12', 'secret'), { code: 'too-costly' });
  openssl('pkcs8', '-topk8', '-iter', '1000001', '-in', 'x.key', '-passout', 'pass:secret', '-out', 'slow.key');
  await t.throwsAsync(read('slow.key', 'secret'), { code: 'too-costly' });
});
