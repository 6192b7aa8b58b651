import { mkdtemp, readdir, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { completeInstallation, installFiles, isBeingInstalled, keyModeLike } from '../../../src/pki/files/store.js';

async function place(t: ExecutionContext) {
  const directory = await mkdtemp(join(tmpdir(), 'store-'));
  t.teardown(() => rm(directory, { recursive: true, force: true }));
  const file = (name: string) => join(directory, name);
  const pair = (version: string) => [
    { path: file('cert.pem'), content: `certificate ${version}`, mode: 0o644 },
    { path: file('key.pem'), content: `key ${version}`, mode: 0o600 },
  ];
  const read = async () => Promise.all(['cert.pem', 'key.pem'].map((name) => readFile(file(name), 'utf8')));
  return { directory, file, pair, read };
}

test('files come with their modes, whatever the umask, and nothing else is left', async (t) => {
  const { directory, file, pair } = await place(t);
  const before = process.umask();

  await installFiles(pair('1'), { force: false });

  t.deepEqual(await readdir(directory), ['cert.pem', 'key.pem']);
  t.is((await stat(file('key.pem'))).mode & 0o777, 0o600);
  t.is((await stat(file('cert.pem'))).mode & 0o777, 0o644);
  t.is(process.umask(), before);
});

test('without force nothing is touched when one of the files exists', async (t) => {
  const { directory, file, pair } = await place(t);
  await writeFile(file('key.pem'), 'precious');

  await t.throwsAsync(installFiles(pair('1'), { force: false }), { code: 'file-exists' });

  t.deepEqual(await readdir(directory), ['key.pem']);
  t.is(await readFile(file('key.pem'), 'utf8'), 'precious');
});

test('with force the old files stay under the suffix asked for', async (t) => {
  const { file, pair, read } = await place(t);
  await installFiles(pair('1'), { force: false });

  await installFiles(pair('2'), { force: true, keepAs: 'old' });

  t.deepEqual(await read(), ['certificate 2', 'key 2']);
  t.is(await readFile(file('cert.pem.old'), 'utf8'), 'certificate 1');
  t.is(await readFile(file('key.pem.old'), 'utf8'), 'key 1');
});

test('when one file cannot be written, none is, and nothing is left behind', async (t) => {
  const { directory, file, pair, read } = await place(t);
  await installFiles(pair('1'), { force: false });
  const elsewhere = { path: join(directory, 'absent', 'x.pem'), content: 'x', mode: 0o600 };

  const error = await t.throwsAsync(installFiles([...pair('2'), elsewhere], { force: true }));

  t.true(error?.message.includes('ENOENT'));
  t.deepEqual(await read(), ['certificate 1', 'key 1']);
  t.deepEqual(await readdir(directory), ['cert.pem', 'key.pem']);
  t.false(isBeingInstalled(directory));
  t.truthy(file);
});

/** As a crash between two renames leaves it. */
async function interrupted(t: ExecutionContext) {
  const where = await place(t);
  await installFiles(where.pair('1'), { force: false });
  const renames = ['cert.pem', 'key.pem'].map((name) => ({
    from: where.file(`.${name}.0a1b2c3d.new`),
    to: where.file(name),
  }));
  await writeFile(renames[1]!.from, 'key 2');
  await writeFile(where.file('cert.pem'), 'certificate 2');
  const note = where.file('.certificates-being-installed');
  return { ...where, renames, note };
}

test('an installation cut off between two renames is completed by whoever comes next', async (t) => {
  const { directory, read, renames, note } = await interrupted(t);
  await writeFile(note, `${JSON.stringify(renames)}\n`);
  t.true(isBeingInstalled(directory));

  completeInstallation(directory);

  t.deepEqual(await read(), ['certificate 2', 'key 2']);
  t.deepEqual(await readdir(directory), ['cert.pem', 'key.pem']);
  completeInstallation(directory);
  t.deepEqual(await read(), ['certificate 2', 'key 2']);
});

test('a note cut short is dropped: no rename had begun', async (t) => {
  const { directory, note, renames } = await interrupted(t);
  await writeFile(note, JSON.stringify(renames).slice(0, 20));

  completeInstallation(directory);

  t.false(isBeingInstalled(directory));
});

test('what a killed command left behind is removed by the next, unless it may still be at work', async (t) => {
  const { directory, file, pair } = await place(t);
  await writeFile(file('.key.pem.00000001.new'), 'of a killed command');
  await utimes(file('.key.pem.00000001.new'), new Date(0), new Date(0));
  await writeFile(file('.key.pem.00000002.new'), 'of one at work');

  await installFiles(pair('1'), { force: false });

  t.deepEqual(await readdir(directory), ['.key.pem.00000002.new', 'cert.pem', 'key.pem']);
});

const models: [what: string, directory: boolean, uid: number, gid: number, mode: number, key: number][] = [
  ['a directory of root that one group may enter', true, 0, 997, 0o750, 0o640],
  ['a directory of root alone', true, 0, 0, 0o750, 0o600],
  ['a directory of root that everybody may enter', true, 0, 997, 0o755, 0o600],
  ['a directory of root that nobody else may enter', true, 0, 997, 0o700, 0o600],
  ['the directory of a user', true, 1000, 1000, 0o750, 0o600],
  ['a key that its group could read', false, 0, 997, 0o640, 0o640],
  ['a key that its owner alone could read', false, 0, 997, 0o600, 0o600],
  ['a key that everybody could read', false, 0, 997, 0o644, 0o600],
];
for (const [what, directory, uid, gid, mode, key] of models) {
  test(`modelled on ${what}, a new key has mode ${key.toString(8).padStart(4, '0')}`, (t) => {
    t.is(keyModeLike({ uid, gid, mode: mode | (directory ? 0o040000 : 0o100000), isDirectory: () => directory }), key);
  });
}
