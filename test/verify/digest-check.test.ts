import test from 'ava';
import fc from 'fast-check';
import { DigestCheck } from '../../src/verify/digest-check.js';
import type { Receipt } from '../../src/verify/receipt.js';
import { auditMessage, receiptOf, runId } from '../support/stored.js';

interface Sent {
  readonly run: string;
  readonly seq: number;
  readonly bytes: Buffer;
}

const [one, two] = [runId(1), runId(2)];

function sent(run: string, first: number, last: number, msg?: string): Sent[] {
  return Array.from({ length: last - first + 1 }, (_, index) => {
    const seq = first + index;
    return { run, seq, bytes: auditMessage(run, seq, msg === undefined ? {} : { msg: `${msg} ${seq}` }) };
  });
}

function receipt(messages: readonly Sent[], ...stretches: [string, number, number][]): Receipt {
  const bytes = messages.map((message) => message.bytes);
  return receiptOf(bytes, { stretches: stretches.map(([run, first, last]) => ({ run, first, last })) });
}

function results(receipts: readonly Receipt[], stored: readonly Sent[]): string[] {
  const check = new DigestCheck();
  for (const each of receipts) check.expect(each);
  for (const { run, seq, bytes } of stored) check.take({ run, seq }, bytes);
  return receipts.map((_, ordinal) => check.result(ordinal));
}

test('epochs that lie in the store as they were sent have the same digest', (t) => {
  const receipts = [
    receipt(sent(one, 1, 40), [one, 1, 40]),
    receipt([...sent(one, 41, 60), ...sent(two, 1, 5)], [one, 41, 60], [two, 1, 5]),
    receipt(sent(two, 6, 6), [two, 6, 6]),
  ];

  t.deepEqual(results(receipts, [...sent(one, 1, 60), ...sent(two, 1, 6)]), ['same', 'same', 'same']);
});

test('order and repeats in the store do not matter', (t) => {
  const all = [...sent(one, 1, 12), ...sent(two, 1, 6)];
  const receipts = [
    receipt(sent(one, 1, 7), [one, 1, 7]),
    receipt([...sent(one, 8, 12), ...sent(two, 1, 6)], [one, 8, 12], [two, 1, 6]),
  ];
  const order = fc.shuffledSubarray(all, { minLength: all.length });
  fc.assert(
    fc.property(order, fc.array(fc.constantFrom(...all)), (stored, repeated) => {
      t.deepEqual(results(receipts, [...repeated, ...stored]), ['same', 'same']);
    }),
  );
});

test('one octet that is not as it was sent is found', (t) => {
  const stored = sent(one, 1, 20);
  const other = Buffer.from(stored[13]!.bytes);
  other[other.length - 1]! ^= 1;
  stored[13] = { ...stored[13]!, bytes: other };

  t.deepEqual(results([receipt(sent(one, 1, 10), [one, 1, 10]), receipt(sent(one, 11, 20), [one, 11, 20])], stored), [
    'same',
    'differs',
  ]);
});

test('an epoch whose messages are not all there is not judged', (t) => {
  const stored = sent(one, 1, 20).filter(({ seq }) => seq !== 5);

  t.deepEqual(results([receipt(sent(one, 1, 10), [one, 1, 10]), receipt(sent(one, 11, 20), [one, 11, 20])], stored), [
    'not-recomputed',
    'same',
  ]);
});

test('messages acknowledged twice count for both receipts', (t) => {
  const receipts = [
    receipt(sent(one, 1, 100), [one, 1, 100]),
    receipt(sent(one, 10, 20), [one, 10, 20]),
    receipt(sent(one, 15, 120), [one, 15, 120]),
  ];

  t.deepEqual(results(receipts, sent(one, 1, 120)), ['same', 'same', 'same']);
});

test('numbers that never went out leave a hole between stretches', (t) => {
  const messages = [...sent(one, 1, 3), ...sent(one, 7, 9)];

  t.deepEqual(results([receipt(messages, [one, 1, 3], [one, 7, 9])], messages), ['same']);
});

test('control characters that the store rewrote are taken back', (t) => {
  const original = sent(one, 1, 9, 'tab\there, NUL\0there');
  const stored = original.map((each) => ({
    ...each,
    bytes: Buffer.from(each.bytes.toString('latin1').replaceAll('\t', '#011').replaceAll('\0', '#000'), 'latin1'),
  }));

  t.deepEqual(results([receipt(original, [one, 1, 9])], stored), ['same']);
});

test('text that only looks rewritten is taken as it is', (t) => {
  const original = sent(one, 1, 9, 'room #012');

  t.deepEqual(results([receipt(original, [one, 1, 9])], original), ['same']);
});

test('messages out of turn are kept within bounds', (t) => {
  const huge = 'x'.repeat(1024 * 1024);
  const late = sent(one, 2, 80, huge);
  const receipts = [receipt([...sent(one, 1, 1), ...late], [one, 1, 80]), receipt(sent(two, 1, 3), [two, 1, 3])];

  t.deepEqual(results(receipts, [...late, ...sent(one, 1, 1), ...sent(two, 1, 3)]), ['not-recomputed', 'same']);
});

test('epochs that are never done make room for others', (t) => {
  const begun = Array.from({ length: 1500 }, (_, index) => receipt([], [one, 2 * index + 1, 2 * index + 2]));
  const stored = begun.map((_, index) => sent(one, 2 * index + 1, 2 * index + 1)[0]!);

  const found = results([...begun, receipt(sent(two, 1, 3), [two, 1, 3])], [...stored, ...sent(two, 1, 3)]);

  t.is(found.at(-1), 'same');
  t.true(found.slice(0, -1).every((result) => result === 'not-recomputed'));
});
