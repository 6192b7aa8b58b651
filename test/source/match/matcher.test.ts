import { appendFileSync, copyFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { systemFiles } from '../../../src/lib/files.js';
import { Finder } from '../../../src/source/find/finder.js';
import type { Snapshot } from '../../../src/source/find/snapshot.js';
import { FollowedLogs } from '../../../src/source/match/followed-logs.js';
import { Matcher } from '../../../src/source/match/matcher.js';
import { NewTails } from '../../../src/source/match/new-tails.js';
import { FileInspector, OpenFiles } from '../../../src/source/read/open-files.js';
import { Tail } from '../../../src/source/read/tail.js';
import { Tails } from '../../../src/source/read/tail-registry.js';
import type { Notice } from '../../../src/source/types.js';
import { temporaryDirectory } from '../../support/files.js';
import { ManualClock } from '../../support/manual-clock.js';
import { complete } from '../../support/recorder.js';
import { silent } from '../../support/silent.js';

for (const looks of [0, 1]) {
  test(`a copy that was written anew since it was looked at is followed as it is now, ${looks} looks before`, async (t) => {
    const log = join(temporaryDirectory(t), 'audit.log');
    const { look, tails, openFiles, matcher } = stage(log);
    writeFileSync(log, 'a long line that is read\n');
    await matcher.apply(await look(), 0);
    const [tail] = tails.all;
    await openFiles.open(tail!);
    await tail!.read(0, 0);
    appendFileSync(log, 'and one that is not\n');
    copyFileSync(log, `${log}~`);
    renameSync(`${log}~`, log);
    for (let before = 0; before < looks; before++) await matcher.apply(await look(), 0);
    if (looks > 0) {
      await openFiles.release(tail!);
      tails.lose(tail!, { reason: 'deleted', size: tail!.offset, doubtful: false }, 0);
    }

    const late = await look();
    writeFileSync(log, 'anew\n');
    const others = () => [...tails.all].filter((one) => one !== tail);
    for (const snapshot of [late, await look()]) {
      await matcher.apply(snapshot, 1);
      for (const one of others()) if ((await openFiles.open(one)).kind === 'open') await one.read(0, 0);
    }

    t.deepEqual(
      others().map(({ place, path }) => [place.name, place.size, path]),
      [['placed', 5, log]],
    );
  });
}

for (const [name, itself, others, expected] of [
  ['is another file when it was changed after its birth', { birth: 1, change: 2 }, [], 'lost'],
  [
    'is another file where others tell that births are kept',
    { birth: 1, change: 1 },
    [{ birth: 3, change: 4 }],
    'lost',
  ],
  [
    'is the same where nothing tells that births are kept',
    { birth: 1, change: 1 },
    [{ birth: 4, change: 4 }],
    'placed',
  ],
  ['is the same with the same birth', { birth: 0, change: 2 }, [], 'placed'],
] as const) {
  test(`a file with the inode of one of which nothing was read ${name}`, async (t) => {
    const log = join(temporaryDirectory(t), 'audit.log');
    const { look, tails, openFiles, matcher } = stage(log);
    writeFileSync(log, '');
    await matcher.apply(await look(), 0);
    const [tail] = tails.all;
    const { place, identity } = tail!;
    // While it is open its inode is used for nothing else.
    await openFiles.release(tail!);
    renameSync(log, `${log}.1`);
    const snapshot = await look();
    const [file] = snapshot.files.values();
    const key = place.name === 'placed' ? place.key : '';
    const stats = ({ birth, change }: { birth: number; change: number }) => ({
      ...file!.stats,
      birthtimeMs: identity.birthtimeMs + birth,
      ctimeMs: identity.birthtimeMs + change,
    });
    const files = [
      [key, { ...file!, stats: stats(itself) }] as const,
      ...others.map((times, at) => [`1:${at}`, { ...file!, key: `1:${at}`, stats: stats(times) }] as const),
    ];

    await matcher.apply({ ...snapshot, files: new Map(files) }, 0);

    t.is(tail!.place.name, expected);
  });
}

const QUIET_MS = 5_000;

test('what is lost while a look is under way is not told before another look could find it', async (t) => {
  const { clock, tails, matcher, notices, told } = stage(join(temporaryDirectory(t), 'audit.log'));
  const nothing = { files: new Map(), deviceAt: () => 1 } as unknown as Snapshot;
  tails.add(lostTail(clock.monotonicMs()));
  const lookedMs = clock.monotonicMs();

  await clock.advance(3 * QUIET_MS);
  await matcher.tend(nothing, lookedMs);
  t.deepEqual(notices, []);

  await matcher.tend(nothing, clock.monotonicMs());
  t.like(notices, [{ kind: 'gap', fromOffset: 0, toOffset: 25, reason: 'deleted' }]);
  t.like(told, [{ path: '/logs/audit.log', reason: 'deleted' }]);
  t.regex(told[0]?.remedy ?? '', /openemr-audit-forwarder check/);
});

function lostTail(sinceMs: number): Tail {
  const identity = { inode: 2, device: 1, birthtimeMs: 0, head: '', last: '' };
  return new Tail(
    { tailId: '00000000000000aa', source: 'main', path: '/logs/audit.log', offset: 0, identity },
    { maxLineBytes: 1024, partialLineTimeoutMs: 10_000 },
    {
      lineage: '/logs/audit.log',
      age: 1,
      bornLook: 1,
      journaled: true,
      place: { name: 'lost', sinceMs, reason: 'deleted', size: 25, doubtful: false, told: false },
    },
  );
}

function stage(log: string) {
  const source = complete({ paths: [log] });
  const clock = new ManualClock();
  const tails = new Tails();
  const openFiles = new OpenFiles(8, systemFiles);
  const inspector = new FileInspector(systemFiles);
  const sources = new Map([[source.name, source]]);
  const logs = new FollowedLogs({ sources, tails, clock });
  const common = { sources, tails, logs, inspector, clock, report: silent };
  const notices: Notice[] = [];
  const told: { readonly remedy?: string }[] = [];
  const warning = (_message: string, facts = {}) => {
    told.push(facts);
  };
  const report = { ...silent, warning };
  const newTails = new NewTails({ ...common, startedBefore: new Set(), newTailId: () => String(tails.nextAge()) });
  const matcher = new Matcher({
    ...common,
    report,
    openFiles,
    newTails,
    notice: (notice) => notices.push(notice),
    pollMs: QUIET_MS,
  });
  const finder = new Finder([source], { files: systemFiles, nowMs: Date.now });
  const look = () => finder.find([...tails.all].map(({ path }) => ({ path, source: source.name })));
  return { look, clock, tails, openFiles, matcher, notices, told };
}
