import test from 'ava';
import type { Beginning } from '../../src/verify/chain.js';
import type { Receipt } from '../../src/verify/receipt.js';
import type { ReceiptFindings } from '../../src/verify/receipt-check.js';
import { asLines, auditMessage, auditMessages, examineFiles, receiptOf, runId } from '../support/stored.js';

const [one, two] = [runId(1), runId(2)];
const messages = (run: string, first: number, last: number) => auditMessages(run, first, last);

function epoch(run: string, first: number, last: number, given: Partial<Receipt> = {}): Receipt {
  return receiptOf(messages(run, first, last), { stretches: [{ run, first, last }], ...given });
}

async function check(
  receipts: readonly Receipt[],
  stored: readonly Buffer[],
  beginnings: readonly Beginning[] = [],
  later: readonly Receipt[] = [],
): Promise<ReceiptFindings> {
  let reads = 0;
  const examined = await examineFiles([asLines(stored)], {
    beginnings,
    receipts: async function* (onDamaged) {
      onDamaged({ file: 'receipts', line: 7 });
      yield* receipts;
      if (reads++ > 0) yield* later;
    },
  });
  return examined.receipts!;
}

const ranges = ({ examples }: ReceiptFindings['uncovered']) =>
  examples.map(({ run, first, last }) => [run, first, last]);

test('everything that was acknowledged is stored, byte for byte', async (t) => {
  const findings = await check([epoch(one, 1, 10), epoch(one, 11, 30)], messages(one, 1, 33));

  t.deepEqual(findings, {
    ...{ receipts: 2, earlier: 0, messages: 30, lost: [], same: 2, notRecomputed: 0, halfAsked: 0 },
    ...{ uncovered: { count: 0, examples: [] }, beside: { count: 3, examples: [{ run: one, first: 31, last: 33 }] } },
    ...{ since: '2026-11-23T10:00:00.000Z', until: '2026-11-23T10:00:00.000Z' },
    differing: { count: 0, examples: [] },
    damaged: { count: 1, examples: [{ file: 'receipts', line: 7 }] },
  });
});

test('a collector that acknowledged and lost is named, with time and level, many receipts as one', async (t) => {
  const hie = { collector: 'hie-b.example.org:6514', address: '192.0.2.9', level: 'fin' } as const;
  const receipts = [
    epoch(one, 1, 10),
    epoch(one, 11, 20, { ...hie, time: '2026-11-23T10:01:00.000Z' }),
    epoch(one, 21, 30, { ...hie, time: '2026-11-23T10:02:00.000Z' }),
    epoch(two, 1, 5, { time: '2026-11-23T10:03:00.000Z' }),
  ];

  const { lost, notRecomputed, same } = await check(receipts, [
    ...messages(one, 1, 14),
    ...messages(one, 28, 30),
    ...messages(two, 1, 4),
  ]);

  t.deepEqual(lost, [
    { run: one, first: 15, last: 27, ...hie, from: '2026-11-23T10:01:00.000Z', to: '2026-11-23T10:02:00.000Z' },
    {
      ...{
        run: two,
        first: 5,
        last: 5,
        collector: 'hie.example.org:6514',
        address: '192.0.2.7',
        level: 'close-notify',
      },
      ...{ from: '2026-11-23T10:03:00.000Z', to: '2026-11-23T10:03:00.000Z' },
    },
  ]);
  t.is(same, 1);
  t.is(notRecomputed, 3);
});

test('a run of which nothing is stored is lost as far as it was acknowledged', async (t) => {
  const { lost } = await check([epoch(one, 1, 10)], messages(two, 1, 4));

  t.deepEqual(
    lost.map(({ run, first, last }) => [run, first, last]),
    [[one, 1, 10]],
  );
});

test('bytes that are not those that were acknowledged are told with their receipt', async (t) => {
  const stored = messages(one, 1, 10);
  stored[4] = Buffer.from(stored[4]!.toString('latin1').replace('line 5', 'line 6'), 'latin1');

  const { differing, lost } = await check([epoch(one, 1, 10)], stored);

  t.deepEqual(lost, []);
  t.is(differing.count, 1);
  t.deepEqual(differing.examples[0]?.stretches, [{ run: one, first: 1, last: 10 }]);
});

test('what was acknowledged before the beginning is not asked for', async (t) => {
  const receipts = [epoch(one, 1, 10), epoch(one, 11, 20), epoch(one, 21, 30), epoch(two, 1, 5)];

  const findings = await check(receipts, [...messages(one, 15, 30), ...messages(two, 1, 5)], [{ run: one, seq: 15 }]);

  t.is(findings.earlier, 1);
  t.deepEqual(findings.lost, []);
  t.is(findings.halfAsked, 1);
});

test('a beginning of which no receipt tells does not hide the receipts', async (t) => {
  const { lost, earlier } = await check([epoch(one, 1, 10)], [], [{ run: two, seq: undefined }]);

  t.is(earlier, 0);
  t.is(lost.length, 1);
});

test('what is acknowledged while the store is read is not asked for', async (t) => {
  const { lost, receipts, until } = await check(
    [epoch(one, 1, 10)],
    messages(one, 1, 10),
    [],
    [epoch(one, 11, 20, { time: '2026-11-23T11:00:00.000Z' })],
  );

  t.is(receipts, 1);
  t.deepEqual(lost, []);
  t.is(until, '2026-11-23T10:00:00.000Z');
});

test('without a receipt there is nothing to hold it against', async (t) => {
  const { receipts, since } = await check([], messages(one, 1, 3));

  t.is(receipts, 0);
  t.is(since, undefined);
});

test('what is stored in between and in no receipt is listed', async (t) => {
  const { uncovered, beside } = await check([epoch(one, 1, 10), epoch(one, 21, 30)], messages(one, 1, 33));

  t.deepEqual(ranges(uncovered), [[one, 11, 20]]);
  t.deepEqual(ranges(beside), [[one, 31, 33]]);
});

test('a run of which no receipt tells, and which is not before or after one, is listed', async (t) => {
  const invented = messages(two, 1, 4);
  const { uncovered } = await check([epoch(one, 1, 10)], [...messages(one, 1, 10), ...invented]);

  t.deepEqual(ranges(uncovered), [[two, 1, 4]]);
});

test('what is newer than the last receipt, or older than the first, is no fault', async (t) => {
  const three = runId(3);
  const stored = [
    ...messages(one, 1, 10),
    auditMessage(two, 1, { follows: `${one}:10` }),
    ...messages(two, 2, 20),
    auditMessage(three, 1, { follows: `${two}:20` }),
  ];
  const { uncovered, beside } = await check([epoch(two, 5, 10)], stored);

  t.deepEqual(ranges(uncovered), []);
  t.deepEqual(ranges(beside), [
    [one, 1, 10],
    [two, 1, 4],
    [two, 11, 20],
    [three, 1, 1],
  ]);
});

test('a run that another was acknowledged after has no newer messages', async (t) => {
  const second = [auditMessage(two, 1, { follows: `${one}:10` }), ...messages(two, 2, 5)];
  const { uncovered } = await check(
    [epoch(one, 1, 8), receiptOf(second, { stretches: [{ run: two, first: 1, last: 5 }] })],
    [...messages(one, 1, 10), ...second],
  );

  t.deepEqual(ranges(uncovered), [[one, 9, 10]]);
});

test('messages out of order are compared as well', async (t) => {
  const stored = messages(one, 1, 40).toReversed();
  t.like(await check([epoch(one, 1, 20), epoch(one, 21, 40)], stored), { same: 2, notRecomputed: 0 });

  stored[7] = Buffer.from(stored[7]!.toString('latin1').replace('line', 'LINE'), 'latin1');
  const { same, differing } = await check([epoch(one, 1, 20), epoch(one, 21, 40)], stored);
  t.deepEqual([same, differing.count], [1, 1]);
});
