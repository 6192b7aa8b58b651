import test from 'ava';
import { findByOffset, findBySeq } from '../../src/verify/find-receipt.js';
import type { Receipt } from '../../src/verify/receipt.js';
import { receiptOf, runId } from '../support/stored.js';

const [one, two] = [runId(1), runId(2)];

function at(time: string, stretch: [string, number, number], ...tails: [string, string, number, number][]): Receipt {
  const [run, first, last] = stretch;
  return receiptOf([], {
    time: `2026-11-23T${time}:00.000Z`,
    stretches: [{ run, first, last }],
    tails: tails.map(([tail, path, from, to]) => ({ tail, path, from, to })),
  });
}

const receipts = [
  at('10:00', [one, 1, 10], ['aa', '/log/main.log', 0, 1000]),
  at('10:01', [one, 11, 20], ['aa', '/log/main.log', 1000, 1500], ['bb', '/log/other.log', 0, 10]),
  at('10:02', [two, 1, 5], ['aa', '/log/main.log.1', 1500, 1600], ['cc', '/log/main.log', 0, 300]),
];

async function* stream(): AsyncGenerator<Receipt> {
  yield* receipts;
}

const times = (found: readonly Receipt[]) => found.map(({ time }) => time.slice(11, 16));

test('a message is found by run and seq, at both ends of its epoch', async (t) => {
  t.deepEqual(times((await findBySeq(stream(), { run: one, seq: 10 })).found), ['10:00']);
  t.deepEqual(times((await findBySeq(stream(), { run: one, seq: 11 })).found), ['10:01']);
  t.deepEqual(times((await findBySeq(stream(), { run: two, seq: 5 })).found), ['10:02']);
});

test('a message that is not found: how far its run has come, and how far the receipts go', async (t) => {
  const { found, since, until, reached } = await findBySeq(stream(), { run: one, seq: 21 });

  t.deepEqual(found, []);
  t.deepEqual([since, until], [receipts[0]!.time, receipts[2]!.time]);
  t.deepEqual(reached, { time: receipts[1]!.time, at: 20 });
  t.is((await findBySeq(stream(), { run: runId(9), seq: 1 })).reached, undefined);
});

test('a byte of a file is found; the byte behind the last one read is not', async (t) => {
  const find = (offset: number, path = '/log/other.log') => findByOffset(stream, { path, offset, tail: undefined });

  t.deepEqual(times((await find(9)).found), ['10:01']);
  const beyond = await find(10);
  t.deepEqual(beyond.found, []);
  t.deepEqual(beyond.reached, { time: receipts[1]!.time, at: 10 });
  t.is((await find(0, '/log/none.log')).reached, undefined);
});

test('a renamed file is found by any path that it had', async (t) => {
  const find = (path: string, offset: number) => findByOffset(stream, { path, offset, tail: undefined });

  t.deepEqual(times((await find('/log/main.log.1', 5)).found), ['10:00']);
  t.deepEqual(times((await find('/log/main.log', 1550)).found), ['10:02']);
});

test('files that had one path after another are told apart by their id', async (t) => {
  const find = (tail: string | undefined) => findByOffset(stream, { path: '/log/main.log', offset: 5, tail });

  t.deepEqual(times((await find(undefined)).found), ['10:00', '10:02']);
  t.deepEqual(times((await find('cc')).found), ['10:02']);
});

test('a receipt that is found tells of the file that was asked for only', async (t) => {
  const { found } = await findByOffset(stream, { path: '/log/other.log', offset: 5, tail: undefined });

  t.deepEqual(found[0]?.tails, [{ tail: 'bb', path: '/log/other.log', from: 0, to: 10 }]);
});
