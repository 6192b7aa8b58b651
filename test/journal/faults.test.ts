import test from 'ava';
import { AgentError } from '../../src/lib/errors.js';
import { AuditedJournal, TAILS } from '../support/audited-journal.js';
import { hastyClock } from '../support/hasty-clock.js';
import { JournalBench, withoutLock } from '../support/journal-bench.js';
import { type Call, MemoryFiles, systemError } from '../support/memory-files.js';

const CALLS: Call[] = ['open', 'read', 'write', 'datasync', 'truncate', 'rename', 'unlink', 'syncDirectory'];
const CODES = ['ENOSPC', 'EIO', 'EROFS', 'EMFILE', 'EACCES'];
const LASTS = [1, 4];

/** Tries again what the disk has refused, as the agent does. */
async function insist<T>(work: () => Promise<T>, instead: () => Promise<unknown> = async () => undefined): Promise<T> {
  for (let tries = 0; ; tries += 1) {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof AgentError) || tries > 20) throw error;
      await instead();
    }
  }
}

/** Several segments, read and acknowledged meanwhile, and two restarts. */
async function story(files: MemoryFiles): Promise<AuditedJournal> {
  const audited = new AuditedJournal(files, { clock: hastyClock() });
  const recover = () => audited.recover();
  await insist(() => audited.open());
  for (let round = 0; round < 18; round += 1) {
    const tail = TAILS[round % TAILS.length] ?? '';
    await insist(() => audited.write(tail, 7), recover);
    await insist(() => audited.flush(), recover);
    if (round % 3 === 1) await insist(() => audited.read(1200));
    if (round % 5 === 4) await audited.acknowledge(0.8);
    if (round % 8 === 7) {
      await audited.close();
      await insist(() => audited.open());
    }
  }
  return audited;
}

const count = (files: MemoryFiles, call: Call) => files.calls.filter((made) => made.call === call).length;

for (const call of CALLS) {
  test(`no line is lost, invented or renamed whichever ${call} fails, in whichever way, once or for a while`, async (t) => {
    const calm = new MemoryFiles();
    const untouched = await story(calm);
    t.deepEqual(await untouched.drain(), []);
    const occasions = count(calm, call);

    for (const code of CODES) {
      for (const lasts of LASTS) {
        for (let occasion = 0; occasion < occasions; occasion += lasts === 1 ? 1 : 5) {
          const files = new MemoryFiles();
          let met = 0;
          files.fault = (made, path) => {
            if (made !== call) return undefined;
            met += 1;
            return met > occasion && met <= occasion + lasts ? systemError(code, path) : undefined;
          };
          const audited = await story(files);

          const lost = await insist(
            () => audited.drain(),
            () => audited.recover(),
          );
          const what = `${call} ${occasion} ${code} ${lasts}`;
          t.deepEqual(lost, [], what);
          t.deepEqual(audited.broken, [], what);
          await audited.close();
        }
      }
    }
  });
}

test('after a failed sync writing goes on in a new file, and what was not synced is gone for good', async (t) => {
  const files = new MemoryFiles();
  const bench = new JournalBench('/journal', {}, { files, lock: withoutLock, clock: hastyClock() });
  await bench.open();
  await bench.write(3);
  const [first = ''] = files.paths.filter((path) => path.endsWith('.segment'));
  let fails = true;
  files.fault = (call, path) => (fails && call === 'datasync' && path === first ? systemError('EIO') : undefined);

  await t.throwsAsync(bench.write(2), { code: 'journal-failed' });
  await t.throwsAsync(bench.journal.append(bench.entry()), { code: 'journal-failed' });
  const { positions, nextSeq } = await bench.journal.recover(AbortSignal.timeout(20_000));
  fails = false;
  const writesBefore = files.calls.filter(({ call, path }) => call === 'write' && path === first).length;
  await bench.journal.append({ ...bench.entry(), from: 300, first: { run: bench.journal.run, seq: nextSeq } });
  await bench.journal.flushed();

  t.is(nextSeq, 4);
  t.is(positions[0]?.offset, 300);
  t.is(files.calls.filter(({ call, path }) => call === 'write' && path === first).length, writesBefore);
  t.deepEqual(
    (await bench.readAll()).map(({ number, first }) => [number, first.seq]),
    [
      [1, 1],
      [2, 2],
      [3, 3],
      [4, 4],
    ],
  );
  const after = bench.on(files.cutPower(() => 0.9));
  await after.open();
  t.deepEqual(
    (await after.readAll()).map(({ first }) => first.seq),
    [1, 2, 3, 4],
  );
});

test('a disk that stays full is told once, costs no memory, and can be waited for and given up', async (t) => {
  const files = new MemoryFiles();
  const bench = new JournalBench('/journal', {}, { files, lock: withoutLock });
  await bench.open();
  files.fault = (call) => (call === 'write' ? systemError('ENOSPC') : undefined);
  await t.throwsAsync(bench.write(1), { code: 'journal-failed' });

  for (let attempt = 0; attempt < 3; attempt += 1) {
    await t.throwsAsync(bench.journal.recover(AbortSignal.timeout(20)), { code: 'journal-failed' });
    await t.throwsAsync(bench.journal.append(bench.entry(10_000)), { code: 'journal-failed' });
  }
  t.is(bench.said.filter(({ message }) => message === 'The journal cannot be written').length, 1);
  t.is(bench.journal.state().bytes, 0);
  t.regex(bench.journal.state().failed ?? '', /ENOSPC/);
  t.true(bench.journal.state().faults > 1);

  files.fault = () => undefined;
  const { nextSeq } = await bench.journal.recover(AbortSignal.timeout(20_000));
  await bench.journal.append({ ...bench.entry(), from: 0, first: { run: bench.journal.run, seq: nextSeq } });
  await bench.journal.flushed();
  t.is(bench.said.filter(({ message }) => message === 'The journal can be written again').length, 1);
  t.is(bench.journal.state().failed, undefined);
});
