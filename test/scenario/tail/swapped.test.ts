import { renameSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { append, copyTruncate, numbered, temporaryDirectory } from '../../support/files.js';
import { Recorder } from '../../support/recorder.js';

const ROTATIONS = {
  rename: (log: string) => renameSync(log, `${log}.1`),
  copytruncate: (log: string) => copyTruncate(log, `${log}.1`),
};

for (const [how, rotate] of Object.entries(ROTATIONS)) {
  test(`two logs that have swapped their names are known by their new ones at the next ${how}`, async (t) => {
    const directory = temporaryDirectory(t);
    const [a, b] = [join(directory, 'a.log'), join(directory, 'b.log')];
    append(a, ...numbered('a', 5));
    append(b, ...numbered('b', 5));
    const recorder = await Recorder.open(t, [{ paths: [join(directory, '*.log*')] }]);
    const all = [...numbered('a', 5), ...numbered('b', 5)];
    await recorder.expect(all, 'any order');

    renameSync(a, `${a}~`);
    renameSync(b, a);
    renameSync(`${a}~`, b);
    await recorder.quiet();
    append(a, 'in a that was b');
    rotate(a);
    append(a, 'in the new a');
    all.push('in a that was b', 'in the new a');
    await recorder.expect(all, 'any order');

    await recorder.restart();
    await recorder.quiet();
    await recorder.expect(all, 'any order');
    t.deepEqual(recorder.notices, []);
  });
}
