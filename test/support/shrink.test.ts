import test from 'ava';
import { shrink } from './shrink.js';

const steps = Array.from({ length: 60 }, (_, index) => index);

test('of many steps the few are left that fail together', async (t) => {
  const guilty = [3, 4, 41];
  t.deepEqual(await shrink(steps, async (list) => guilty.every((step) => list.includes(step))), guilty);
});

test('a single guilty step is found, and none when nothing is needed', async (t) => {
  t.deepEqual(await shrink(steps, async (list) => list.includes(59)), [59]);
  t.deepEqual(await shrink(steps, async () => true), []);
});

test('what fails only as a whole stays whole', async (t) => {
  t.deepEqual(await shrink(steps, async (list) => list.length === steps.length), steps);
});
