import test from 'ava';
import { Pace } from '../../../src/agent/delivery/pace.js';
import { type EpochLimit, epochRoom } from '../../../src/link/epoch.js';

const KiB = 1024;
const options = { epochBytes: 1024 * KiB, epochIntervalMs: 30_000 };

test('an agent that starts with a backlog begins with little and doubles it with each acknowledgement', (t) => {
  const pace = new Pace(options, true);
  const limits: EpochLimit[] = [];
  for (let epoch = 1; epoch <= 6; epoch += 1) {
    limits.push(pace.limit(false));
    pace.acknowledged();
  }
  t.deepEqual(
    limits.map(({ bytes, strict, alone }) => [bytes / KiB, strict, alone]),
    [
      [64, true, true],
      [128, true, true],
      [256, true, true],
      [512, true, true],
      [1024, false, false],
      [1024, false, false],
    ],
  );
});

test('the first epochs after a start take whole entries, for the cursor moves by these', (t) => {
  const limit = new Pace(options, true).limit(false);
  t.true(epochRoom(limit, 63 * KiB) > 256 * KiB);
  t.is(epochRoom(new Pace(options, true).limit(true), 63 * KiB), KiB, 'but for those that teach the level');
});

test('without a backlog only the first epoch is short', (t) => {
  const pace = new Pace(options, false);
  t.like(pace.limit(false), { bytes: 64 * KiB, intervalMs: 1_000, alone: false });
  pace.acknowledged();
  t.like(pace.limit(false), { bytes: 1024 * KiB, intervalMs: 30_000, strict: false });
});

test('a failure after such a start makes the epoch smaller still', (t) => {
  const pace = new Pace(options, true);
  pace.acknowledged();
  pace.failed(100 * KiB);
  t.like(pace.limit(false), { bytes: 50 * KiB, alone: true, cuts: true });
  pace.acknowledged();
  t.like(pace.limit(false), { bytes: 100 * KiB });
});
