import test from 'ava';
import type { Change } from '../../src/source/directory-watch.js';
import { InotifyWake } from '../../src/source/wake.js';

type Told = [message: string, facts: Readonly<Record<string, unknown>> | undefined];

/** A wake over a system that gives as many watches as `free` says, and fails with `code` then. */
function wakeWith({ free = 100, code = 'ENOSPC' } = {}) {
  const asked: string[] = [];
  const hints: string[] = [];
  const told: Told[] = [];
  const changed = new Map<string, (change: Change, name: string | null) => void>();
  const system = { free, code };
  const tell = (...all: Told) => void told.push(all);
  const wake = new InotifyWake(
    {
      hint: (path, change) => hints.push(`${change} ${path}`),
      report: { debug: tell, info: tell, notice: tell, warning: tell, error: tell } as never,
    },
    (directory, tellChange) => {
      asked.push(`watch ${directory}`);
      const given = system.free > 0;
      if (given) system.free--;
      changed.set(directory, tellChange);
      const denial = Object.assign(new Error(`${system.code}: denied`), { code: system.code });
      return {
        stands: given ? Promise.resolve() : Promise.reject(denial),
        async close() {
          if (!given) return;
          asked.push(`leave ${directory}`);
          system.free++;
        },
      };
    },
  );
  return { wake, asked, hints, told, changed, system };
}

/** Directories by what they are known by: `{ '/a': '1' }`. */
const these = (known: Record<string, string>) => new Map(Object.entries(known));

test('directories are watched and left as they are asked for', async (t) => {
  const { wake, asked } = wakeWith();
  t.true(await wake.watch(these({ '/a': '1', '/b': '2' })));
  t.true(await wake.watch(these({ '/b': '2', '/c': '3' })));
  t.false(await wake.watch(these({ '/b': '2', '/c': '3' })));
  await wake.close();

  t.deepEqual(asked, ['watch /a', 'watch /b', 'leave /a', 'watch /c', 'leave /b', 'leave /c']);
});

test('closed while it begins to watch, it asks for no more', async (t) => {
  const asked: string[] = [];
  const wake: InotifyWake = new InotifyWake({ hint: () => undefined, report: {} as never }, (directory) => {
    asked.push(`watch ${directory}`);
    return {
      stands: Promise.resolve().then(() => wake.close()),
      async close() {
        asked.push(`leave ${directory}`);
      },
    };
  });

  await wake.watch(these({ '/a': '1', '/b': '2' }));
  t.deepEqual(asked, ['watch /a', 'leave /a']);
});

test('another directory under the same name is watched in its place', async (t) => {
  const { wake, asked } = wakeWith();
  await wake.watch(these({ '/a': '1' }));
  t.true(await wake.watch(these({ '/a': '2' })));

  t.deepEqual(asked, ['watch /a', 'leave /a', 'watch /a']);
});

test('a hint names the path of what changed', async (t) => {
  const { wake, hints, changed } = wakeWith();
  await wake.watch(these({ '/a': '1', '/': '0' }));
  changed.get('/a')!('change', 'x.log');
  changed.get('/')!('rename', 'b');

  t.deepEqual(hints, ['change /a/x.log', 'rename /b']);
});

test('a directory that was removed or moved away is hinted itself, and watched again when it is back', async (t) => {
  const { wake, asked, hints, changed } = wakeWith();
  await wake.watch(these({ '/logs/a': '1' }));
  changed.get('/logs/a')!('rename', 'a');
  t.true(await wake.watch(these({ '/logs/a': '1' })));

  t.is(hints[0], 'rename /logs/a');
  t.deepEqual(asked, ['watch /logs/a', 'leave /logs/a', 'watch /logs/a']);
});

test('when the system gives no more watches, those that there are stay, and each look asks for one more', async (t) => {
  const { wake, asked, system, told } = wakeWith({ free: 1 });
  const all = these({ '/a': '1', '/b': '2', '/c': '3' });
  t.true(await wake.watch(all));
  t.false(await wake.watch(all));
  t.deepEqual(asked, ['watch /a', 'watch /b', 'watch /b']);
  t.is(told.length, 1);

  system.free = 1;
  t.true(await wake.watch(all));
  t.is(told.length, 1);
  system.free = 1;
  t.true(await wake.watch(all));
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
    const { wake, told } = wakeWith({ free: 0, code });
    await wake.watch(these({ '/a': '1' }));
    await wake.watch(these({ '/a': '1', '/b': '2' }));

    t.is(told.length, 1);
    const [message, facts] = told[0]!;
    t.regex(message, /polling instead/);
    t.regex(String(facts?.hint), remedy);
    t.like(facts, { code, watched: 0, directories: 1 });
  });
}

test('a directory that is gone or may not be read is no shortage of watches', async (t) => {
  for (const code of ['ENOENT', 'EACCES']) {
    const { wake, asked, told } = wakeWith({ free: 0, code });
    t.false(await wake.watch(these({ '/a': '1', '/b': '2' })));

    t.deepEqual(asked, ['watch /a', 'watch /b']);
    t.deepEqual(told, []);
  }
});
