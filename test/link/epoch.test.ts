import test from 'ava';
import fc from 'fast-check';
import { type Caution, doubled, epochIsOver, epochLimit, epochRoom, halved } from '../../src/link/epoch.js';

const options = { epochBytes: 4 * 1024 * 1024, epochIntervalMs: 30_000 };
const bold: Caution = { learning: false, first: false, startingBytes: undefined, reducedBytes: undefined };
const MiB = 1024 * 1024;

test('a full epoch ends when it is a second old, and at 64 MiB in any case', (t) => {
  const limit = epochLimit(options, bold);
  t.false(epochIsOver(limit, 4 * MiB, 999));
  t.true(epochIsOver(limit, 4 * MiB, 1000));
  t.true(epochIsOver(limit, 64 * MiB, 1));
  t.is(epochRoom(limit, 60 * MiB), 4 * MiB);
});

test('an epoch that does not fill ends at its interval', (t) => {
  const limit = epochLimit(options, bold);
  t.false(epochIsOver(limit, 1, 29_999));
  t.true(epochIsOver(limit, 1, 30_000));
});

test('a collector of unknown level is asked after 64 KiB or a second', (t) => {
  const limit = epochLimit(options, { ...bold, learning: true });
  t.true(epochIsOver(limit, 64 * 1024, 0));
  t.true(epochIsOver(limit, 1, 1000));
  t.is(epochRoom(limit, 0), 64 * 1024);
});

test('failures halve the epoch down to a single message', (t) => {
  let reduced: number | undefined;
  const sizes: number[] = [];
  for (let failures = 0; failures < 24; failures += 1) {
    reduced = halved(reduced, reduced ?? 64 * MiB, options);
    sizes.push(reduced);
  }
  t.is(sizes[0], 2 * MiB);
  t.is(sizes.at(-1), 1);
  t.true(epochIsOver(epochLimit(options, { ...bold, reducedBytes: 1 }), 366, 0));
});

test('successes double it until the configured size is reached again', (t) => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: options.epochBytes }), (start) => {
      let reduced: number | undefined = start;
      let steps = 0;
      while (reduced !== undefined) {
        const next = doubled(reduced, options);
        t.true(next === undefined || next > reduced);
        reduced = next;
        steps += 1;
      }
      t.true(steps <= 12);
    }),
  );
});
