/** The sources on files, a clock and watches in memory: the same story runs each time, and takes no time. */
import { setImmediate as turn } from 'node:timers/promises';
import test from 'ava';
import { Sources } from '../../src/source/sources.js';
import { DirectoryWatcher } from '../../src/source/watch/watcher.js';
import { ManualClock } from '../support/manual-clock.js';
import { MemoryFiles, systemError } from '../support/memory-files.js';
import { complete } from '../support/recorder.js';
import { silent, silentProblems } from '../support/silent.js';

const LOG = '/var/log/audit.log';

class Story {
  readonly clock = new ManualClock();
  readonly files = new MemoryFiles(() => this.clock.nowMs());
  readonly notices: unknown[] = [];
  text = '';
  readonly #stop = new AbortController();
  #reading = Promise.resolve();
  #tails = 0;

  async start(): Promise<void> {
    const opening = Sources.open([complete({ paths: ['/var/log/*.log'], partialLineTimeoutMs: 10_000 })], [], {
      clock: this.clock,
      files: this.files,
      report: silent,
      problems: silentProblems,
      notice: (notice) => this.notices.push(notice),
      newTailId: () => String(this.#tails++).padStart(16, '0'),
      watch: (options) => new DirectoryWatcher(options, this.files.watch),
    });
    await this.pass(1_000);
    this.#reading = this.#read(await opening);
  }

  /** So much time, in steps of a tenth of a second. */
  async pass(ms: number): Promise<void> {
    for (let passed = 0; passed < ms; passed += 100) {
      await this.clock.advance(100);
      for (let n = 0; n < 50; n++) await turn();
    }
  }

  async end(): Promise<void> {
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

async function play(): Promise<Story> {
  const story = new Story();
  const { files } = story;
  files.put(LOG, 'before the start\n');
  await story.start();
  files.append(LOG, 'one\n');
  await story.pass(1_000);
  files.move(LOG, `${LOG}.1`);
  files.append(`${LOG}.1`, 'two, by a writer that has not noticed\n');
  files.append(LOG, 'three\n');
  await story.pass(1_000);
  files.put(`${LOG}.2`, files.content(LOG));
  files.cut(LOG);
  files.append(LOG, 'four\n');
  await story.pass(1_000);
  files.fault = (call, path) => (call === 'read' && path === LOG ? systemError('EIO', path) : undefined);
  files.append(LOG, 'five\n');
  await story.pass(10_000);
  files.fault = () => undefined;
  await story.pass(10_000);
  files.remove(LOG);
  await story.pass(1_000);
  files.put(LOG, 'six\n');
  await story.pass(20_000);
  await story.end();
  return story;
}

test('a log is followed through renames, copytruncate, a disk that fails and deletion, without a disk', async (t) => {
  const { text, notices } = await play();

  t.deepEqual(text.split('\n'), [
    'before the start',
    'one',
    'two, by a writer that has not noticed',
    'three',
    'four',
    'five',
    'six',
    '',
  ]);
  t.deepEqual(notices, []);
});

test('the same story is the same to the last call', async (t) => {
  const [first, again] = [await play(), await play()];

  t.is(first.text, again.text);
  t.deepEqual(first.files.calls, again.files.calls);
});
