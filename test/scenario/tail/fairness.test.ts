import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { append, temporaryDirectory } from '../../support/files.js';
import { Recorder } from '../../support/recorder.js';

test('a log that has more than can be sent does not keep the others from being read', async (t) => {
  const directory = temporaryDirectory(t);
  const [flood, ...others] = ['flood', 'a', 'b', 'c'].map((name) => join(directory, `${name}.log`));
  for (const log of [flood!, ...others]) append(log, `first of ${log}`);
  const recorder = await Recorder.open(t, [{ paths: [join(directory, '*.log')] }]);
  await recorder.until(() => recorder.lines().length === 4, 'the first lines');

  await recorder.pause();
  appendFileSync(flood!, `${'x'.repeat(1023)}\n`.repeat(20 * 1024));
  await recorder.quiet();
  for (const log of others) append(log, `second of ${log}`);
  await recorder.quiet();
  const before = recorder.chunks.length;
  recorder.resume();
  await recorder.until(() => recorder.lines().filter((line) => line.startsWith('second')).length === 3, 'the others');

  const paths = recorder.chunks.slice(before).map(({ from }) => from.path);
  const last = Math.max(...others.map((log) => paths.indexOf(log)));
  const ofFlood = paths.slice(0, last).filter((path) => path === flood).length;
  t.true(ofFlood <= others.length, `${ofFlood} chunks of the flood came before the last of the others`);
});
