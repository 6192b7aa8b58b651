import { rmSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { systemClock } from '../../src/lib/clock.js';
import { systemFiles } from '../../src/lib/files.js';
import { Sources, type SourcesDependencies } from '../../src/source/sources.js';
import { pollingOnly } from '../../src/source/watch/watcher.js';
import { append, temporaryDirectory } from '../support/files.js';
import { complete } from '../support/recorder.js';
import { silent, silentProblems } from '../support/silent.js';
import { until } from '../support/wait.js';

const DEPENDENCIES: SourcesDependencies = {
  clock: systemClock,
  files: systemFiles,
  report: silent,
  problems: silentProblems,
  notice: () => undefined,
  newTailId: () => '0123456789abcdef',
  watch: pollingOnly,
};

test('open files that were given to sources which cannot start are still whole for those that come after', async (t) => {
  const directory = temporaryDirectory(t);
  const log = join(directory, 'audit.log');
  append(log, 'unread');
  const followed = [complete({ paths: [log] })];
  const first = await Sources.open(followed, [], DEPENDENCIES);
  await until(() => first.files()[0]?.open === true, { what: 'the file to be held open' });
  rmSync(log);
  const held = await first.handOver();

  const broken = new Error('there are no ids left');
  const newTailId = () => {
    throw broken;
  };
  append(join(directory, 'other.log'), 'new');
  for (const name of ['other.log', '*.log']) {
    const unlucky = [complete({ name: 'unlucky', paths: [join(directory, name)] })];
    t.is(await t.throwsAsync(Sources.open(unlucky, [], { ...DEPENDENCIES, newTailId, held })), broken);
  }

  const last = await Sources.open(followed, [], { ...DEPENDENCIES, held });
  const chunk = await last.read(new AbortController().signal);
  await last.close();
  t.is(String(chunk?.bytes), 'unread\n');
});
