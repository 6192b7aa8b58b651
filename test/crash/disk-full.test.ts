/**
 * 44 000 lines at 2 000 a second, and 200 000 at 10 000, while somebody else's
 * file fills the journal's disk and goes again. Needs root, to mount it.
 * CRASH_LOADS=44000/2000 plays less.
 */
import test from 'ava';
import { CrashStory, LOADS } from '../support/crash-story.js';
import { Volume } from '../support/volume.js';

/** Room for them all, three times over. */
const BYTES_A_LINE = 1024;

for (const load of LOADS) {
  for (const collectorIs of ['up', 'down'] as const) {
    const title = `the disk is filled and freed three times while the collector is ${collectorIs}`;
    test.serial(`${title} (${load.lines} lines at ${load.linesPerSecond}/s)`, async (t) => {
      const volume = Volume.make(t, 'ext4', 32 + Math.ceil((load.lines * BYTES_A_LINE) / 1024 ** 2));
      const story = await CrashStory.begin(t, { ...load, journal: { parent: volume.path, keepFree: '0%' } });
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
}
