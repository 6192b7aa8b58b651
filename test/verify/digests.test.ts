import test from 'ava';
import fc from 'fast-check';
import { Digests } from '../../src/verify/digests.js';
import type { Receipt, Stretch } from '../../src/verify/receipt.js';
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

/** `memoryBytes` for each pass after the first. */
async function results(receipts: readonly Receipt[], stored: readonly Sent[], memoryBytes = 1): Promise<string[]> {
  const digests = new Digests();
  for (const { stretches, sha256 } of receipts) digests.expect({ stretches, sha256: Buffer.from(sha256, 'hex') });
  for (const { run, seq, bytes } of stored) digests.take(run, seq, bytes, 0, bytes.length, bytes.includes('#'));
  const names = new Set(stored.map(({ run, seq }) => `${run}:${seq}`));
  const isStored = ({ run, first, last }: Stretch) => {
    for (let seq = first; seq <= last; seq++) if (!names.has(`${run}:${seq}`)) return false;
    return true;
  };
  while (digests.plan(memoryBytes, 0, isStored)) {
    for (const [at, { run, seq, bytes }] of stored.entries())
      digests.note(run, seq, 0, at, () => bytes, bytes.length, false);
    await digests.compute(async ({ at }) => stored[at]!.bytes);
  }
  return receipts.map((_, ordinal) => digests.result(ordinal));
}

test('epochs that lie in the store as they were sent have the same digest', async (t) => {
  const receipts = [
    receipt(sent(one, 1, 40), [one, 1, 40]),
    receipt([...sent(one, 41, 60), ...sent(two, 1, 5)], [one, 41, 60], [two, 1, 5]),
    receipt(sent(two, 6, 6), [two, 6, 6]),
  ];

  t.deepEqual(await results(receipts, [...sent(one, 1, 60), ...sent(two, 1, 6)]), ['same', 'same', 'same']);
});

test('order and repeats in the store do not matter', async (t) => {
  const all = [...sent(one, 1, 12), ...sent(two, 1, 6)];
  const receipts = [
    receipt(sent(one, 1, 7), [one, 1, 7]),
    receipt([...sent(one, 8, 12), ...sent(two, 1, 6)], [one, 8, 12], [two, 1, 6]),
  ];
  const order = fc.shuffledSubarray(all, { minLength: all.length });
  await fc.assert(
    fc.asyncProperty(order, fc.array(fc.constantFrom(...all)), async (stored, repeated) => {
      t.deepEqual(await results(receipts, [...repeated, ...stored]), ['same', 'same']);
    }),
  );
});

test('one octet that is not as it was sent is found', async (t) => {
  const stored = sent(one, 1, 20);
  const other = Buffer.from(stored[13]!.bytes);
  other[other.length - 1]! ^= 1;
  stored[13] = { ...stored[13]!, bytes: other };

  t.deepEqual(
    await results([receipt(sent(one, 1, 10), [one, 1, 10]), receipt(sent(one, 11, 20), [one, 11, 20])], stored),
    ['same', 'differs'],
  );
});

test('an epoch whose messages are not all there cannot be computed', async (t) => {
  const stored = sent(one, 1, 20).filter(({ seq }) => seq !== 5);

  t.deepEqual(
    await results([receipt(sent(one, 1, 10), [one, 1, 10]), receipt(sent(one, 11, 20), [one, 11, 20])], stored),
    ['incomplete', 'same'],
  );
});

test('messages acknowledged twice count for both receipts', async (t) => {
  const receipts = [
    receipt(sent(one, 1, 100), [one, 1, 100]),
    receipt(sent(one, 10, 20), [one, 10, 20]),
    receipt(sent(one, 15, 120), [one, 15, 120]),
  ];

  t.deepEqual(await results(receipts, sent(one, 1, 120)), ['same', 'same', 'same']);
});

test('numbers that never went out leave a hole between stretches', async (t) => {
  const messages = [...sent(one, 1, 3), ...sent(one, 7, 9)];

  t.deepEqual(await results([receipt(messages, [one, 1, 3], [one, 7, 9])], messages), ['same']);
});

test('control characters that the store rewrote are taken back', async (t) => {
  const original = sent(one, 1, 9, 'tab\there, NUL\0there');
  const stored = original.map((each) => ({
    ...each,
    bytes: Buffer.from(each.bytes.toString('latin1').replaceAll('\t', '#011').replaceAll('\0', '#000'), 'latin1'),
  }));

  t.deepEqual(await results([receipt(original, [one, 1, 9])], stored), ['same']);
});

test('text that only looks rewritten is taken as it is', async (t) => {
  const original = sent(one, 1, 9, 'room #012');

  t.deepEqual(await results([receipt(original, [one, 1, 9])], original), ['same']);
});

test('messages far out of turn are computed all the same, and one that was altered is found', async (t) => {
  const huge = 'x'.repeat(1024 * 1024);
  const late = sent(one, 2, 80, huge);
  const receipts = [receipt([...sent(one, 1, 1), ...late], [one, 1, 80]), receipt(sent(two, 1, 3), [two, 1, 3])];
  const stored = [...late.toReversed(), ...sent(one, 1, 1), ...sent(two, 1, 3)];

  t.deepEqual(await results(receipts, stored), ['same', 'same']);
  stored[40] = { ...stored[40]!, bytes: auditMessage(one, stored[40]!.seq, { msg: 'altered' }) };
  t.deepEqual(await results(receipts, stored), ['differs', 'same']);
});

test('any memory gives the same answer, in more passes or in fewer', async (t) => {
  const receipts = Array.from({ length: 40 }, (_, index) =>
    receipt(sent(one, 100 * index + 1, 100 * index + 100), [one, 100 * index + 1, 100 * index + 100]),
  );
  const stored = sent(one, 1, 4000).toReversed();
  stored[1234] = { ...stored[1234]!, bytes: auditMessage(one, stored[1234]!.seq, { msg: 'altered' }) };

  const found = await results(receipts, stored);
  t.is(found.filter((result) => result === 'differs').length, 1);
  for (const memoryBytes of [4096, 10_000, 2 ** 20]) t.deepEqual(await results(receipts, stored, memoryBytes), found);
});

test('more epochs begun than may be open at once are computed all the same', async (t) => {
  const begun = Array.from({ length: 1500 }, (_, index) =>
    receipt(sent(one, 2 * index + 1, 2 * index + 2), [one, 2 * index + 1, 2 * index + 2]),
  );
  const stored = [...begun.keys()].flatMap((index) => sent(one, 2 * index + 1, 2 * index + 1));
  const rest = [...begun.keys()].flatMap((index) => sent(one, 2 * index + 2, 2 * index + 2));

  const found = await results(
    [...begun, receipt(sent(two, 1, 3), [two, 1, 3])],
    [...stored, ...rest, ...sent(two, 1, 3)],
  );

  t.true(found.every((result) => result === 'same'));
});
