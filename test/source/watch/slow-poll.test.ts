/** What the slow poll finds when no hint comes, and what it costs when nothing happens. On files and a clock in memory. */
import { setImmediate as turn } from 'node:timers/promises';
import test, { type ExecutionContext } from 'ava';
import { Sources } from '../../../src/source/sources.js';
import { pollingOnly, type WatchFiles } from '../../../src/source/watch/watcher.js';
import { ManualClock } from '../../support/manual-clock.js';
import { MemoryFiles } from '../../support/memory-files.js';
import { complete } from '../../support/recorder.js';
import { silent, silentProblems } from '../../support/silent.js';

const FILES = 60;
const POLL_MS = 5_000;
/** After this nothing is as new as it was at the start. */
const SETTLED_MS = 3 * POLL_MS;
const NFS = 0x6969;

/** Says that it watches every directory, and hints at nothing. */
const deaf: WatchFiles = () => ({
  watch: async () => false,
  watches: () => true,
  close: async () => undefined,
});

class Followed {
  readonly clock = new ManualClock();
  readonly files = new MemoryFiles(() => this.clock.nowMs());
  text = '';
  readonly #stop = new AbortController();
  #reading = Promise.resolve();

  static async start(t: ExecutionContext, watch: WatchFiles, type?: number): Promise<Followed> {
    const followed = new Followed();
    const { files, clock } = followed;
    if (type !== undefined) files.space = { ...files.space, type };
    for (let n = 0; n < FILES; n++) files.put(`/logs/${n}.log`, `first of ${n}\n`);
    let ids = 0;
    const opening = Sources.open([complete({ paths: ['/logs/*.log'] })], [], {
      clock,
      files,
      report: silent,
      problems: silentProblems,
      notice: (notice) => t.fail(JSON.stringify(notice)),
      newTailId: () => String(ids++).padStart(16, '0'),
      watch,
    });
    await followed.pass(SETTLED_MS);
    followed.#reading = followed.#read(await opening);
    await followed.pass(SETTLED_MS);
    t.teardown(() => followed.#end());
    return followed;
  }

  async pass(ms: number): Promise<void> {
    for (let passed = 0; passed < ms; passed += 500) {
      await this.clock.advance(500);
      for (let n = 0; n < 200; n++) await turn();
    }
  }

  /** How often the file system is asked in this time. */
  async callsIn(ms: number): Promise<number> {
    const before = this.files.calls.length;
    await this.pass(ms);
    return this.files.calls.length - before;
  }

  async #end(): Promise<void> {
    this.#stop.abort();
    await this.pass(1_000);
    await this.#reading;
  }

  async #read(sources: Sources): Promise<void> {
    const { signal } = this.#stop;
    while (!signal.aborted) this.text += (await sources.read(signal))?.bytes.toString() ?? '';
    await sources.close();
  }
}

test('while nothing happens a poll asks for a directory and a sixth of the files, and now and then for all', async (t) => {
  const followed = await Followed.start(t, deaf);
  const calls: number[] = [];
  for (let poll = 0; poll < 24; poll++) calls.push(await followed.callsIn(POLL_MS));

  t.is(calls.filter((count) => count > FILES).length, 2, `${calls} calls`);
  t.true(calls.toSorted((a, b) => a - b)[20]! <= FILES / 6 + 2, `${calls} calls`);
});

test('what is written where no hint comes is read within six polls, whichever file it is', async (t) => {
  const followed = await Followed.start(t, deaf);
  const all = Array.from({ length: FILES }, (_, n) => `unheard ${n}`);
  for (const [n, line] of all.entries()) followed.files.append(`/logs/${n}.log`, `${line}\n`);
  await followed.pass(6.5 * POLL_MS);

  t.deepEqual(
    followed.text
      .split('\n')
      .filter((line) => line.startsWith('unheard'))
      .sort(),
    all.sort(),
  );
});

test('a file that comes, goes or changes its name where no hint comes is noticed at the next poll', async (t) => {
  const followed = await Followed.start(t, deaf);
  const { files } = followed;
  files.move('/logs/1.log', '/logs/1.log.1');
  files.append('/logs/1.log.1', 'to the old one\n');
  files.put('/logs/1.log', 'to the new one\n');
  files.put('/logs/other.log', 'to another\n');
  await followed.pass(2 * POLL_MS);

  t.regex(followed.text, /to the old one\n(.*\n)*to the new one\n/);
  t.regex(followed.text, /to another\n/);
});

test('a link that is pointed elsewhere where no hint comes is noticed at the next poll', async (t) => {
  const followed = await Followed.start(t, deaf);
  const { files } = followed;
  files.put('/elsewhere/old', 'behind the link\n');
  files.put('/elsewhere/new', 'behind the link later\n');
  files.makeDirectory('/aside');
  files.symlink('../elsewhere/old', '/aside/current');
  files.symlink('../aside/current', '/logs/link.log');
  await followed.pass(SETTLED_MS);
  t.regex(followed.text, /behind the link\n/);

  files.remove('/aside/current');
  files.symlink('../elsewhere/new', '/aside/current');
  await followed.pass(2 * POLL_MS);
  t.regex(followed.text, /behind the link later\n/);
});

for (const [where, watch, type] of [
  ['where there is no inotify', pollingOnly, undefined],
  ['on a file system that others write to, too', deaf, NFS],
] as const) {
  test(`${where} every poll looks at every file`, async (t) => {
    const followed = await Followed.start(t, watch, type);
    t.true((await followed.callsIn(POLL_MS)) >= FILES);
    followed.files.append('/logs/59.log', 'unheard\n');
    await followed.pass(1.5 * POLL_MS);
    t.regex(followed.text, /unheard\n/);
  });
}
