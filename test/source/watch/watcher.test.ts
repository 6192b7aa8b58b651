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
import { systemClock } from '../../../src/lib/clock.js';
import { Problems } from '../../../src/lib/problems.js';
import { type Change, DirectoryWatcher, watchDirectory } from '../../../src/source/watch/watcher.js';
import { append, temporaryDirectory } from '../../support/files.js';
import { silentProblems } from '../../support/silent.js';
import { until } from '../../support/wait.js';

type Told = [message: string, facts: Readonly<Record<string, unknown>> | undefined];

/** A watcher on a system that gives as many watches as `free` says, and fails with `code` then. */
function watcherWith({ free = 100, code = 'ENOSPC' } = {}) {
  const asked: string[] = [];
  const hints: string[] = [];
  const told: Told[] = [];
  const changed = new Map<string, (change: Change, name: string | null) => void>();
  const system = { free, code };
  const tell = (...all: Told) => void told.push(all);
  const watcher = new DirectoryWatcher(
    {
      hint: (path, change) => hints.push(`${change} ${path}`),
      problems: new Problems(systemClock).of({ debug: tell, info: tell, notice: tell, warning: tell, error: tell }),
    },
    (directory, tellChange) => {
      asked.push(`watch ${directory}`);
      const given = system.free > 0;
      if (given) system.free--;
      changed.set(directory, tellChange);
      const denial = Object.assign(new Error(`${system.code}: denied`), { code: system.code });
      return {
        ready: given ? Promise.resolve() : Promise.reject(denial),
        async close() {
          if (!given) return;
          asked.push(`leave ${directory}`);
          system.free++;
        },
      };
    },
  );
  return { watcher, asked, hints, told, changed, system };
}

/** Directories by what they are known by: `{ '/a': '1' }`. */
const these = (known: Record<string, string>) => new Map(Object.entries(known));

test('directories are watched and left as they are asked for', async (t) => {
  const { watcher, asked } = watcherWith();
  t.true(await watcher.watch(these({ '/a': '1', '/b': '2' })));
  t.true(await watcher.watch(these({ '/b': '2', '/c': '3' })));
  t.false(await watcher.watch(these({ '/b': '2', '/c': '3' })));
  await watcher.close();

  t.deepEqual(asked, ['watch /a', 'watch /b', 'leave /a', 'watch /c', 'leave /b', 'leave /c']);
});

test('closed while it begins to watch, it asks for no more', async (t) => {
  const asked: string[] = [];
  const watcher: DirectoryWatcher = new DirectoryWatcher(
    { hint: () => undefined, problems: silentProblems },
    (directory) => {
      asked.push(`watch ${directory}`);
      return {
        ready: Promise.resolve().then(() => watcher.close()),
        async close() {
          asked.push(`leave ${directory}`);
        },
      };
    },
  );

  await watcher.watch(these({ '/a': '1', '/b': '2' }));
  t.deepEqual(asked, ['watch /a', 'leave /a']);
});

test('another directory under the same name is watched in its place', async (t) => {
  const { watcher, asked } = watcherWith();
  await watcher.watch(these({ '/a': '1' }));
  t.true(await watcher.watch(these({ '/a': '2' })));

  t.deepEqual(asked, ['watch /a', 'leave /a', 'watch /a']);
});

test('a hint names the path of what changed', async (t) => {
  const { watcher, hints, changed } = watcherWith();
  await watcher.watch(these({ '/a': '1', '/': '0' }));
  changed.get('/a')!('change', 'x.log');
  changed.get('/')!('rename', 'b');

  t.deepEqual(hints, ['change /a/x.log', 'rename /b']);
});

test('a directory that was removed or moved away is hinted itself, and watched again when it is back', async (t) => {
  const { watcher, asked, hints, changed } = watcherWith();
  await watcher.watch(these({ '/logs/a': '1' }));
  changed.get('/logs/a')!('rename', 'a');
  t.true(await watcher.watch(these({ '/logs/a': '1' })));

  t.is(hints[0], 'rename /logs/a');
  t.deepEqual(asked, ['watch /logs/a', 'leave /logs/a', 'watch /logs/a']);
});

test('when the system gives no more watches, those that there are stay, and each look asks for one more', async (t) => {
  const { watcher, asked, system, told } = watcherWith({ free: 1 });
  const all = these({ '/a': '1', '/b': '2', '/c': '3' });
  t.true(await watcher.watch(all));
  t.false(await watcher.watch(all));
  t.deepEqual(asked, ['watch /a', 'watch /b', 'watch /b']);
  t.is(told.length, 1);

  system.free = 1;
  t.true(await watcher.watch(all));
  t.is(told.length, 1);
  system.free = 1;
  t.true(await watcher.watch(all));
  t.is(told.length, 2);
  t.regex(told[1]![0], /Watching files again/);
  t.false(asked.some((what) => what.startsWith('leave')));
});

for (const [code, remedy] of [
  ['ENOSPC', /fs\.inotify\.max_user_watches/],
  ['EMFILE', /fs\.inotify\.max_user_instances/],
  ['ENFILE', /fs\.file-max/],
  ['ENOMEM', /none is lost/],
] as const) {
  test(`that watches are denied for ${code} is said once, with what helps and how far they went`, async (t) => {
    const { watcher, told } = watcherWith({ free: 0, code });
    await watcher.watch(these({ '/a': '1' }));
    await watcher.watch(these({ '/a': '1', '/b': '2' }));

    t.is(told.length, 1);
    const [message, facts] = told[0]!;
    t.regex(message, /polling instead/);
    t.regex(String(facts?.remedy), remedy);
    t.like(facts, { code, watched: 0, directories: 1 });
  });
}

test('a directory that is gone or may not be read is no shortage of watches', async (t) => {
  for (const code of ['ENOENT', 'EACCES']) {
    const { watcher, asked, told } = watcherWith({ free: 0, code });
    t.false(await watcher.watch(these({ '/a': '1', '/b': '2' })));

    t.deepEqual(asked, ['watch /a', 'watch /b']);
    t.deepEqual(told, []);
  }
});

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
  await watched.ready;
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
  await Promise.all([watched.ready, watched.close()]);

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
    await t.throwsAsync(refused.ready, { code });
    await refused.close();
    append(join(directory, 'other.log'), 'line');
  }
  const { told } = await watch(t, directory);
  append(join(directory, 'other.log'), 'last');
  await until(() => told.includes('change other.log'), { what: 'a change that is heard of' });
});
