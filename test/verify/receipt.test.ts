import test from 'ava';
import fc from 'fast-check';
import { formatReceipt, isWithin, parseReceipt } from '../../src/verify/receipt.js';
import { receiptOf, runId } from '../support/stored.js';

const receipt = receiptOf([], {
  messages: 12,
  stretches: [
    { run: runId(1), first: 1, last: 10 },
    { run: runId(2), first: 1, last: 2 },
  ],
  tails: [{ tail: 'aa', path: '/var/log/a "quoted"\nname \u2028 é', from: 0, to: 100 }],
});

test('a receipt is one line and comes back from it', (t) => {
  const line = formatReceipt(receipt);

  t.is(line.indexOf('\n'), line.length - 1);
  t.deepEqual(parseReceipt(line.slice(0, -1)), receipt);
});

test('a line cut short anywhere is no receipt', (t) => {
  const line = formatReceipt(receipt).slice(0, -1);

  for (let end = 0; end < line.length; end++) t.is(parseReceipt(line.slice(0, end)), undefined);
});

test('what is not of this form is no receipt', (t) => {
  const wrong: Record<string, unknown>[] = [
    { time: 'yesterday' },
    { time: 5 },
    { level: 'sure' },
    { messages: -1 },
    { messages: '12' },
    { stretches: {} },
    { stretches: [{ run: runId(1), first: 0, last: 5 }] },
    { stretches: [{ run: runId(1), first: 6, last: 5 }] },
    { stretches: [null] },
    { tails: [{ tail: 'aa', path: '/a', from: 1.5, to: 2 }] },
    { sha256: undefined },
  ];

  for (const change of wrong)
    t.is(parseReceipt(JSON.stringify({ ...receipt, ...change })), undefined, JSON.stringify(change));
});

test('no text makes the reader fail', (t) => {
  fc.assert(fc.property(fc.oneof(fc.string(), fc.json()), (text) => t.is(parseReceipt(text), undefined)));
});

test('a stretch holds its ends and nothing of another run', (t) => {
  const stretch = { run: runId(1), first: 5, last: 7 };

  t.deepEqual(
    [4, 5, 7, 8].map((seq) => isWithin(stretch, { run: runId(1), seq })),
    [false, true, true, false],
  );
  t.false(isWithin(stretch, { run: runId(2), seq: 6 }));
});
