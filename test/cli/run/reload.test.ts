import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { fileRead, watchConfiguration } from '../../../src/cli/run/reload.js';
import { Problems } from '../../../src/lib/problems.js';
import { temporaryDirectory } from '../../support/files.js';
import { ManualClock } from '../../support/manual-clock.js';
import { silent } from '../../support/silent.js';
import { until } from '../../support/wait.js';

test('a configuration file that was changed and not read again is a problem until it is read, or as it was', async (t) => {
  const file = join(temporaryDirectory(t), 'config.yaml');
  const clock = new ManualClock();
  const all = new Problems(clock);
  const stop = new AbortController();
  writeFileSync(file, 'a');
  let used = await fileRead(file, clock);
  const watched = watchConfiguration(() => used, { clock, problems: all.of(silent) }, stop.signal);
  const looked = async () => {
    await until(() => clock.sleepers === 1, { what: 'the watch to sleep' });
    await clock.advance(5_000);
    await until(() => clock.sleepers === 1, { what: 'the file to be looked at' });
    return all.present.map(({ key }) => key);
  };

  t.deepEqual(await looked(), []);
  writeFileSync(file, 'b');
  t.deepEqual(await looked(), ['configuration-changed']);
  writeFileSync(file, 'a');
  t.deepEqual(await looked(), []);
  writeFileSync(file, 'c');
  t.deepEqual(await looked(), ['configuration-changed']);
  used = await fileRead(file, clock);
  t.deepEqual(await looked(), []);
  rmSync(file);
  t.deepEqual(await looked(), []);

  stop.abort();
  await watched;
});
