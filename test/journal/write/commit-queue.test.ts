import test from 'ava';
import { CommitQueue } from '../../../src/journal/write/commit-queue.js';
import type { NewEntry } from '../../../src/model/entry.js';

const entry = (seq: number, frames = 'frames'): NewEntry => ({
  from: undefined,
  to: undefined,
  first: { run: '00112233445566ff', seq },
  count: 1,
  frames: Buffer.from(frames),
});

test('an entry that cannot be written is its giver’s alone: the others keep their numbers, also those that wait', async (t) => {
  const queue = new CommitQueue(7, { limitBytes: 1, seed: 0, nowMs: () => 0 });
  await queue.put(entry(1), false);
  const waiting = queue.put(entry(2), false);

  t.throws(() => queue.put(entry(-1), false), { instanceOf: RangeError });
  const last = queue.put(entry(3), false);

  const numbers: number[] = [];
  while (!queue.isEmpty) {
    const group = queue.group(0, 1);
    numbers.push(...group.map(({ number }) => number));
    queue.done(group);
  }
  await Promise.all([waiting, last]);
  t.deepEqual(numbers, [7, 8, 9]);
  t.is(queue.last, 9);
});
