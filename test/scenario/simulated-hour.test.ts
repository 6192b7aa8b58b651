/**
 * A whole agent in one process on simulated time, disk and network: logs that
 * are written and rotated, a collector that is killed, a network that is cut, a
 * disk that is full and one that fails. An hour passes in seconds, and the same
 * seed tells the same story.
 */
import test from 'ava';
import { makeTestPki, type TestPki } from '../support/certificates.js';
import { simulate } from '../support/simulation.js';

let pki: TestPki;
test.before(async () => {
  pki = await makeTestPki();
});
test.after.always(() => pki.remove());

/** More of them in a soak. */
const SEEDS = Number(process.env.OAF_SIMULATED_HOURS ?? 1);

for (let seed = 1; seed <= SEEDS; seed += 1) {
  test.serial(
    `seed ${seed}: in an hour of rotations, crashes of the collector and failures of the disk no line is lost`,
    async (t) => {
      const { written, stored, repeatedUnderOtherNames, holes, story } = await simulate({ pki, seed, minutes: 60 });
      t.log(`${written.length} lines, ${stored.length} messages, ${story.length} events`);
      t.true(written.length > 1_000);
      const arrived = new Set(stored.map(({ line }) => line));
      t.deepEqual(
        written.filter((line) => !arrived.has(line)),
        [],
        'lost',
      );
      t.deepEqual(repeatedUnderOtherNames, []);
      t.deepEqual(holes, [], 'numbers that never arrived');
      for (const happened of ['collector killed', 'network cut', 'disk full', 'disk fails', 'rotated']) {
        t.true(
          story.some((event) => event.includes(happened)),
          happened,
        );
      }
    },
  );
}

test.serial('the same seed tells the same story, another seed another one', async (t) => {
  const [first, again, other] = [
    await simulate({ pki, seed: 7, minutes: 4 }),
    await simulate({ pki, seed: 7, minutes: 4 }),
    await simulate({ pki, seed: 8, minutes: 4 }),
  ];
  t.deepEqual(again.story, first.story);
  t.deepEqual(
    again.stored.map(({ name }) => name),
    first.stored.map(({ name }) => name),
  );
  t.notDeepEqual(other.story, first.story);
});
