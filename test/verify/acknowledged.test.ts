import test from 'ava';
import { Acknowledged } from '../../src/verify/find-receipt.js';
import { receiptOf } from '../support/stored.js';

async function* receipts(...ranges: readonly (readonly [tail: string, from: number, to: number])[]) {
  for (const [tail, from, to] of ranges) {
    yield receiptOf([], { stretches: [], tails: [{ tail, path: '/log/main.log', from, to }] });
  }
}

test('a line that two epochs share is acknowledged, in whatever order they were', async (t) => {
  const acknowledged = await Acknowledged.read(receipts(['aa', 200, 300], ['aa', 0, 100], ['aa', 100, 200]));

  t.true(acknowledged.covers('aa', 50, 250));
  t.false(acknowledged.covers('aa', 250, 301));
});

test('what lies between two ranges is not acknowledged, and one file says nothing of another', async (t) => {
  const acknowledged = await Acknowledged.read(receipts(['aa', 0, 100], ['aa', 150, 200], ['bb', 0, 500]));

  t.false(acknowledged.covers('aa', 90, 160));
  t.true(acknowledged.covers('aa', 150, 200));
  t.true(acknowledged.covers('bb', 90, 160));
  t.false(acknowledged.covers('cc', 0, 1));
});
