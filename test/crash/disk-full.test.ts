/** 44 000 lines at 2 000 a second while somebody else's file fills the journal's disk. Needs root, to mount it. */
import test from 'ava';
import { CrashStory } from '../support/crash-story.js';
import { Volume } from '../support/volume.js';

const LOAD = { lines: 44_000, linesPerSecond: 2_000 };

for (const collectorIs of ['up', 'down'] as const) {
  test.serial(`the disk is filled and freed three times while the collector is ${collectorIs}`, async (t) => {
    const volume = Volume.make(t, 'ext4', 64);
    const story = await CrashStory.begin(t, { ...LOAD, journal: { parent: volume.path, keepFree: '0%' } });
    await story.startCollector();
    await story.startAgent();
    await story.play(async () => {
      for (const share of [0.2, 0.4, 0.6]) {
        await story.at(share);
        if (collectorIs === 'down') await story.killCollector();
        await story.fillDisk(volume);
        await story.at(share + 0.1);
        volume.free();
        if (collectorIs === 'down') await story.startCollector();
      }
    });
  });
}
