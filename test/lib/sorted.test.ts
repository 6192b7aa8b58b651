import test from 'ava';
import fc from 'fast-check';
import { countUpTo } from '../../src/lib/sorted.js';

test('as many are counted as a look at each would count', (t) => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 50 })), fc.integer({ min: -1, max: 51 }), (numbers, limit) => {
      const ascending = numbers.toSorted((a, b) => a - b);
      return countUpTo(ascending, limit, (number) => number) === ascending.filter((number) => number <= limit).length;
    }),
  );
  t.is(
    countUpTo([], 1, (number) => number),
    0,
  );
});
