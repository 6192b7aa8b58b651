import {
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { basename, join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { watchDirectory } from '../../src/source/directory-watch.js';
import { append, temporaryDirectory } from '../support/files.js';
import { until } from '../support/wait.js';

/** The inodes that this process watches, by what the kernel says of its descriptors. */
function watchedInodes(): Set<number> {
  const inodes = new Set<number>();
  for (const descriptor of readdirSync('/proc/self/fdinfo')) {
    let text = '';
    try {
      text = readFileSync(join('/proc/self/fdinfo', descriptor), 'utf8');
    } catch {
      // Closed since it was listed.
    }
    for (const [, inode] of text.matchAll(/^inotify wd:\S+ ino:(\S+)/gm)) inodes.add(Number.parseInt(inode!, 16));
  }
  return inodes;
}

async function watch(t: ExecutionContext, directory: string) {
  const told: string[] = [];
  const watched = watchDirectory(directory, (change, name) => told.push(`${change} ${name}`));
  t.teardown(() => watched.close());
  await watched.stands;
  return { watched, told };
}

test('names that come, change and go are told, however fast they follow each other', async (t) => {
  const directory = temporaryDirectory(t);
  const { told } = await watch(t, directory);
  for (const name of ['a.log', 'b.log']) {
    append(join(directory, name), 'one');
    append(join(directory, name), 'two');
    renameSync(join(directory, name), join(directory, `${name}.1`));
    unlinkSync(join(directory, `${name}.1`));
  }
  await until(() => told.at(-1) === 'rename b.log.1' && told.at(-2) === 'rename b.log.1', { what: 'the last change' });

  for (const name of ['a.log', 'b.log']) {
    t.is(told.filter((what) => what === `rename ${name}`).length, 2);
    t.true(told.includes(`change ${name}`));
    t.is(told.filter((what) => what === `rename ${name}.1`).length, 2);
  }
});

test('a directory takes one watch, whatever is in it, and none once it is closed', async (t) => {
  const directory = temporaryDirectory(t);
  const inside = ['one.log', 'two.log', 'deeper'].map((name) => join(directory, name));
  for (const file of inside.slice(0, 2)) append(file, 'one');
  mkdirSync(inside[2]!);
  const { watched, told } = await watch(t, directory);
  for (const file of inside.slice(0, 2)) append(file, 'two');
  await until(() => told.includes('change two.log'), { what: 'the change' });
  const inodes = watchedInodes();
  t.true(inodes.has(statSync(directory).ino));
  t.deepEqual(
    inside.filter((path) => inodes.has(statSync(path).ino)),
    [],
  );

  await watched.close();
  t.false(watchedInodes().has(statSync(directory).ino));
});

test('a watch that is closed while it is being started is given back, and who waits for it goes on', async (t) => {
  const directory = temporaryDirectory(t);
  const watched = watchDirectory(directory, () => t.fail());
  await Promise.all([watched.stands, watched.close()]);

  t.false(watchedInodes().has(statSync(directory).ino));
});

test('that a directory is moved away or removed is told under its own name', async (t) => {
  for (const end of [
    (path: string) => renameSync(path, `${path}-away`),
    (path: string) => rmSync(path, { recursive: true }),
  ]) {
    const directory = join(temporaryDirectory(t), 'logs');
    mkdirSync(directory);
    const { told } = await watch(t, directory);
    end(directory);
    await until(() => told.includes('rename logs'), { what: 'the end of the directory' });
  }
  t.pass();
});

test('a directory is watched through a link, and under a name like an editor’s copy', async (t) => {
  const directory = temporaryDirectory(t);
  const real = join(directory, 'logs~');
  const link = join(directory, 'link');
  mkdirSync(real);
  symlinkSync(real, link);
  for (const path of [real, link]) {
    const { told } = await watch(t, path);
    append(join(real, 'audit.log'), 'line');
    await until(() => told.includes('change audit.log'), { what: `a change in ${basename(path)}` });
  }
  t.pass();
});

test('what cannot be watched is refused with the system’s reason, and its parent is not watched instead', async (t) => {
  const directory = temporaryDirectory(t);
  symlinkSync('loop', join(directory, 'loop'));
  writeFileSync(join(directory, 'file'), '');
  for (const [path, code] of [
    ['gone', 'ENOENT'],
    ['file/in/file', 'ENOTDIR'],
    ['loop/in/loop', 'ELOOP'],
    ['x'.repeat(300), 'ENAMETOOLONG'],
  ] as const) {
    const refused = watchDirectory(join(directory, path), () => t.fail());
    await t.throwsAsync(refused.stands, { code });
    await refused.close();
    append(join(directory, 'other.log'), 'line');
  }
  const { told } = await watch(t, directory);
  append(join(directory, 'other.log'), 'last');
  await until(() => told.includes('change other.log'), { what: 'a change that is heard of' });
});
