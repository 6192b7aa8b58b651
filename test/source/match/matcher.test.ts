import { appendFileSync, copyFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { systemFiles } from '../../../src/lib/files.js';
import { Finder } from '../../../src/source/find/finder.js';
import { FollowedLogs } from '../../../src/source/match/followed-logs.js';
import { Placement } from '../../../src/source/match/matcher.js';
import { Newcomers } from '../../../src/source/match/new-files.js';
import { Descriptors, Opener } from '../../../src/source/read/open-files.js';
import { Tails } from '../../../src/source/read/tail-registry.js';
import { temporaryDirectory } from '../../support/files.js';
import { ManualClock } from '../../support/manual-clock.js';
import { complete } from '../../support/recorder.js';
import { silent } from '../../support/silent.js';

for (const looks of [0, 1]) {
  test(`a copy that was written anew since it was looked at is followed as it is now, ${looks} looks before`, async (t) => {
    const log = join(temporaryDirectory(t), 'audit.log');
    const { look, tails, descriptors, placement } = stage(log);
    writeFileSync(log, 'a long line that is read\n');
    await placement.apply(await look(), 0);
    const [tail] = tails.all;
    await descriptors.open(tail!);
    await tail!.read(0, 0);
    appendFileSync(log, 'and one that is not\n');
    copyFileSync(log, `${log}~`);
    renameSync(`${log}~`, log);
    for (let before = 0; before < looks; before++) await placement.apply(await look(), 0);
    if (looks > 0) {
      await descriptors.release(tail!);
      tails.lose(tail!, 'deleted', tail!.offset, false, 0);
    }

    const late = await look();
    writeFileSync(log, 'anew\n');
    const others = () => [...tails.all].filter((one) => one !== tail);
    for (const view of [late, await look()]) {
      await placement.apply(view, 1);
      for (const one of others()) if ((await descriptors.open(one)).kind === 'open') await one.read(0, 0);
    }

    t.deepEqual(
      others().map(({ place, path }) => [place.name, place.size, path]),
      [['placed', 5, log]],
    );
  });
}

test('a file that got the inode of one of which nothing was read is another file', async (t) => {
  const log = join(temporaryDirectory(t), 'audit.log');
  const { look, tails, descriptors, placement } = stage(log);
  writeFileSync(log, '');
  await placement.apply(await look(), 0);
  const [tail] = tails.all;
  const { place, identity } = tail!;
  // While it is open its inode is used for nothing else.
  await descriptors.release(tail!);
  renameSync(log, `${log}.1`);
  const view = await look();
  const [seen] = view.files.values();
  const key = place.name === 'placed' ? place.key : '';
  const bornLater = { ...seen!.stats, birthtimeMs: identity.birthtimeMs + 1, ctimeMs: identity.birthtimeMs + 2 };

  await placement.apply({ ...view, files: new Map([[key, { ...seen!, stats: bornLater }]]) }, 0);

  t.is(tail!.place.name, 'lost');
});

function stage(log: string) {
  const source = complete({ paths: [log] });
  const clock = new ManualClock();
  const tails = new Tails();
  const descriptors = new Descriptors(8, systemFiles);
  const opener = new Opener(systemFiles);
  const sources = new Map([[source.name, source]]);
  const logs = new FollowedLogs({ sources, tails, clock });
  const common = { sources, tails, logs, opener, clock, report: silent };
  const newcomers = new Newcomers({ ...common, startedBefore: new Set(), newTailId: () => String(tails.nextAge()) });
  const placement = new Placement({ ...common, descriptors, newcomers, cutOff: () => undefined });
  const finder = new Finder([source], { files: systemFiles, nowMs: Date.now });
  const look = () => finder.find([...tails.all].map(({ path }) => ({ path, source: source.name })));
  return { look, tails, descriptors, placement };
}
