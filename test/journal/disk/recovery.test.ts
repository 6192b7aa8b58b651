/** Things in the journal's directory that no agent has made, met at a start: they are passed, and nothing is lost. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { temporaryDirectory } from '../../support/files.js';
import { JournalBench } from '../../support/journal-bench.js';

const NEXT = 'segments/00000000000000000004.segment';

const STRANGERS: Record<string, (directory: string) => void> = {
  'a directory named like a segment': (directory) => mkdirSync(join(directory, NEXT)),
  'a pipe named like a segment': (directory) => void execFileSync('mkfifo', ['-m', '0600', join(directory, NEXT)]),
  'a link to nothing named like a segment': (directory) => symlinkSync('/nowhere', join(directory, NEXT)),
  'a directory named like an unfinished segment': (directory) => mkdirSync(join(directory, `${NEXT}.new`)),
  'a file of another program among the segments': (directory) => writeFileSync(join(directory, 'segments/README'), ''),
  'a directory among the locks': (directory) => mkdirSync(join(directory, 'lock/0123456789abcdef')),
  'a directory in the quarantine': (directory) => mkdirSync(join(directory, 'quarantine/more')),
  'a directory in the place of the ballast': (directory) => {
    rmSync(join(directory, 'ballast'), { force: true });
    mkdirSync(join(directory, 'ballast'));
  },
  'a directory in the place of the cursor': (directory) => {
    rmSync(join(directory, 'cursor.json'), { force: true });
    mkdirSync(join(directory, 'cursor.json'));
  },
  'a cursor of a gigabyte': (directory) => {
    writeFileSync(join(directory, 'cursor.json'), '');
    truncateSync(join(directory, 'cursor.json'), 1e9);
  },
  'a newest segment with gigabytes of zeros behind it': (directory) => {
    const [name = ''] = readdirSync(join(directory, 'segments')).toSorted().slice(-1);
    truncateSync(join(directory, 'segments', name), 5e9);
  },
};

for (const [what, put] of Object.entries(STRANGERS)) {
  test(`${what} keeps no agent from starting and costs no message`, async (t) => {
    const bench = new JournalBench(join(temporaryDirectory(t), 'journal'));
    t.teardown(() => bench.close());
    await bench.open();
    const before = await bench.write(3);
    await bench.close();
    put(bench.directory);

    await bench.open();
    const after = await bench.write(3);
    t.deepEqual((await bench.readAll()).map(JournalBench.plain), [...before, ...after]);
    await bench.reopen();
    t.is((await bench.readAll()).length, 6);
    t.deepEqual(bench.notices, []);
  });
}
