/** The system's files and those in memory, which stand for them in tests, do the same. */
import { linkSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { type Files, systemFiles } from '../../src/lib/files.js';
import { temporaryDirectory } from '../support/files.js';
import { MemoryFiles, systemError } from '../support/memory-files.js';

interface Stage {
  readonly files: Files;
  readonly directory: string;
  symlink(target: string, path: string): void;
  link(path: string, other: string): void;
}

const STAGES: Readonly<Record<string, (t: ExecutionContext) => Stage>> = {
  'on the system': (t) => ({
    files: systemFiles,
    directory: temporaryDirectory(t),
    symlink: symlinkSync,
    link: linkSync,
  }),
  'in memory': () => {
    const files = new MemoryFiles();
    files.makeDirectory('/logs');
    const symlink = (target: string, path: string) => files.symlink(target, path);
    return { files, directory: '/logs', symlink, link: (path, other) => files.link(path, other) };
  },
};

async function write(files: Files, path: string, text: string): Promise<void> {
  const file = await files.open(path, 'create');
  await file.write([Buffer.from(text.slice(0, 2)), Buffer.from(text.slice(2))], 0);
  await file.close();
}

async function read(files: Files, path: string): Promise<string> {
  const file = await files.open(path, 'read');
  const into = Buffer.alloc(100);
  const length = await file.read(into, 0);
  await file.close();
  return into.toString('utf8', 0, length);
}

for (const [where, stage] of Object.entries(STAGES)) {
  test(`${where} a file is created once, written, read and cut`, async (t) => {
    const { files, directory } = stage(t);
    const path = join(directory, 'a.log');
    await write(files, path, 'a text');
    await t.throwsAsync(files.open(path, 'create'), { code: 'EEXIST' });
    const file = await files.open(path, 'write');
    await file.truncate(2);
    await file.write([Buffer.from('b')], 4);
    const into = Buffer.alloc(10);

    t.is(await file.readOnce(into, 1), 4);
    t.is(into.toString('latin1', 0, 4), ' \0\0b');
    t.is(await file.read(into, 5), 0);
    t.like(await files.stat(path), { size: 5, isFile: true, isDirectory: false, nlink: 1, mode: 0o600 });
    await file.close();
  });

  test(`${where} a file keeps its inode when it is renamed, and its text while it is open`, async (t) => {
    const { files, directory } = stage(t);
    const [path, moved] = [join(directory, 'a.log'), join(directory, 'a.log.1')];
    await write(files, path, 'first');
    const file = await files.open(path, 'read');
    const { dev, ino } = await file.stat();
    await files.rename(path, moved);
    t.like(await files.stat(moved), { dev, ino });
    await write(files, path, 'second');
    t.not((await files.stat(path)).ino, ino);

    await files.rename(path, moved);
    t.is(await read(files, moved), 'second');
    await t.throwsAsync(files.stat(path), { code: 'ENOENT' });
    t.like(await file.stat(), { ino, nlink: 0, size: 5 });
    const into = Buffer.alloc(5);
    await file.read(into, 0);
    t.is(into.toString(), 'first');
    await file.close();
  });

  test(`${where} names are listed with what they stand for, and links are followed`, async (t) => {
    const { files, directory, symlink, link } = stage(t);
    await files.mkdir(join(directory, 'deep', 'er'));
    await write(files, join(directory, 'deep', 'a.log'), 'text');
    symlink('deep', join(directory, 'way'));
    symlink('../nothing', join(directory, 'deep', 'broken'));
    link(join(directory, 'deep', 'a.log'), join(directory, 'hard.log'));
    const byName = (a: { name: string }, b: { name: string }) => (a.name < b.name ? -1 : 1);

    t.deepEqual((await files.list(directory)).toSorted(byName), [
      { name: 'deep', kind: 'directory' },
      { name: 'hard.log', kind: 'file' },
      { name: 'way', kind: 'link' },
    ]);
    t.deepEqual((await files.readdir(join(directory, 'way'))).toSorted(), ['a.log', 'broken', 'er']);
    t.is(await files.realpath(join(directory, 'way', 'a.log')), await files.realpath(join(directory, 'deep', 'a.log')));
    t.is((await files.stat(join(directory, 'hard.log'))).nlink, 2);
    t.true((await files.stat(join(directory, 'way'))).isDirectory);
  });

  test(`${where} what is not there is refused with the system's code`, async (t) => {
    const { files, directory, symlink } = stage(t);
    const path = join(directory, 'a.log');
    await write(files, path, 'text');
    symlink('loop', join(directory, 'loop'));

    for (const [call, code] of [
      [files.open(join(directory, 'gone'), 'read'), 'ENOENT'],
      [files.open(join(directory, 'gone', 'a.log'), 'create'), 'ENOENT'],
      [files.unlink(join(directory, 'gone')), 'ENOENT'],
      [files.rename(join(directory, 'gone'), path), 'ENOENT'],
      [files.list(join(directory, 'gone')), 'ENOENT'],
      [files.list(path), 'ENOTDIR'],
      [files.stat(join(path, 'b.log')), 'ENOTDIR'],
      [files.stat(join(directory, 'loop')), 'ELOOP'],
      [files.realpath(join(directory, 'gone')), 'ENOENT'],
    ] as const) {
      await t.throwsAsync(call, { code });
    }
  });

  test(`${where} a name that is not UTF-8 is one like any other`, async (t) => {
    const { files, directory } = stage(t);
    const path = join(directory, 'lat\udcfc1.log');
    await write(files, path, 'text');

    t.deepEqual(await files.list(directory), [{ name: 'lat\udcfc1.log', kind: 'file' }]);
    t.is(await read(files, path), 'text');
    t.true((await files.realpath(path)).endsWith('/lat\udcfc1.log'));
    await files.rename(path, join(directory, 'plain.log'));
    await files.unlink(join(directory, 'plain.log'));
    t.deepEqual(await files.readdir(directory), []);
  });
}

test('in memory any call can be made to fail, and inode numbers are used again', async (t) => {
  const files = new MemoryFiles();
  files.put('/logs/a.log', 'text');
  const { ino } = await files.stat('/logs/a.log');
  files.fault = (call, path) => (call === 'open' && path.endsWith('a.log') ? systemError('EIO') : undefined);
  await t.throwsAsync(files.open('/logs/a.log', 'read'), { code: 'EIO' });
  files.fault = () => undefined;
  const open = await files.open('/logs/a.log', 'read');
  files.remove('/logs/a.log');
  files.put('/logs/b.log', '');
  t.not((await files.stat('/logs/b.log')).ino, ino);

  await open.close();
  files.put('/logs/c.log', '');
  t.is((await files.stat('/logs/c.log')).ino, ino);
});
