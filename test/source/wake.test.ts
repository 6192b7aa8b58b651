import { EventEmitter } from 'node:events';
import test from 'ava';
import type { FSWatcher } from 'chokidar';
import { ChokidarWake } from '../../src/source/wake.js';

/** Stands in for chokidar: notes what is asked of it. */
class Watcher extends EventEmitter {
  readonly asked: string[] = [];
  add(paths: readonly string[]): void {
    this.asked.push(...paths.map((path) => `add ${path}`));
  }
  unwatch(paths: readonly string[]): void {
    this.asked.push(...paths.map((path) => `unwatch ${path}`));
  }
  close(): Promise<void> {
    this.asked.push('close');
    return Promise.resolve();
  }
}

function wakeWith(hint: (path: string) => void = () => undefined) {
  const watchers: Watcher[] = [];
  const told: string[] = [];
  let nowMs = 0;
  const tell = (message: string) => told.push(message);
  const wake = new ChokidarWake(
    {
      hint,
      concerns: () => true,
      report: { debug: tell, info: tell, notice: tell, warning: tell, error: tell },
      clock: { nowMs: () => nowMs, monotonicMs: () => nowMs, sleep: () => Promise.resolve() },
    },
    () => {
      watchers.push(new Watcher());
      return watchers.at(-1) as unknown as FSWatcher;
    },
  );
  return { wake, watchers, told, later: (ms: number) => (nowMs += ms) };
}

test('directories are watched and left as they are asked for', async (t) => {
  const hints: string[] = [];
  const { wake, watchers } = wakeWith((path) => hints.push(path));
  wake.watch(new Set(['/a', '/b']));
  wake.watch(new Set(['/b', '/c']));
  watchers[0]!.emit('all', 'change', '/b/x.log');
  await wake.close();

  t.deepEqual(watchers[0]!.asked, ['add /a', 'add /b', 'unwatch /a', 'add /c', 'close']);
  t.deepEqual(hints, ['/b/x.log']);
});

test('when the system gives no more watches it is said once, and tried again later', async (t) => {
  const { wake, watchers, told, later } = wakeWith();
  const everything = new Set(['/a']);
  const exhausted = Object.assign(new Error('no space'), { code: 'ENOSPC' });
  wake.watch(everything);
  watchers[0]!.emit('error', exhausted);
  wake.watch(everything);
  t.is(watchers.length, 1);

  later(600_000);
  wake.watch(everything);
  watchers[1]!.emit('error', exhausted);
  later(600_000);
  wake.watch(everything);
  watchers[2]!.emit('ready');
  await wake.close();

  t.deepEqual(watchers[2]!.asked, ['add /a', 'close']);
  t.is(told.length, 2);
  t.regex(told[0]!, /polling instead/);
  t.regex(told[1]!, /Watching files again/);
});
