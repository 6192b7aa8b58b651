import {
  appendFileSync,
  chmodSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { systemFiles } from '../../src/lib/files.js';
import { Problems } from '../../src/lib/problems.js';
import { parseReceipt, type Receipt, readReceipts } from '../../src/verify/receipt.js';
import { ReceiptBook, receiptsDirectory } from '../../src/verify/receipts.js';
import { temporaryDirectory } from '../support/files.js';
import { ManualClock } from '../support/manual-clock.js';
import { MemoryFiles, systemError } from '../support/memory-files.js';
import { silent, silentProblems } from '../support/silent.js';
import { receiptOf, runId } from '../support/stored.js';
import { until } from '../support/wait.js';

const DAY_MS = 86_400_000;

function numbered(seq: number) {
  const { time: _, ...receipt } = receiptOf([], { messages: 1, stretches: [{ run: runId(1), first: seq, last: seq }] });
  return receipt;
}

async function seqsIn(directory: string): Promise<{ seqs: number[]; damaged: number }> {
  let damaged = 0;
  const seqs: number[] = [];
  for await (const { stretches } of readReceipts(directory, () => damaged++)) seqs.push(stretches[0]!.first);
  return { seqs, damaged };
}

async function openBook(t: ExecutionContext, directory: string, clock = new ManualClock(), keepMs?: number) {
  const told: string[] = [];
  const report = { ...silent, error: (m: string) => told.push(m), notice: (m: string) => told.push(m) };
  const problems = new Problems(clock).of(report);
  const context = { clock, files: systemFiles, problems };
  const book = await ReceiptBook.open(directory, { ...context, ...(keepMs === undefined ? {} : { keepMs }) });
  t.teardown(() => book.close());
  return { book, clock, told };
}

test('receipts are kept beside the journal, a file a month, closed to others', async (t) => {
  const directory = receiptsDirectory(temporaryDirectory(t));
  const { book, clock, told } = await openBook(t, directory, new ManualClock(Date.UTC(2026, 9, 31, 23, 59)));

  await book.add(numbered(1));
  await clock.advance(120_000);
  await Promise.all([book.add(numbered(2)), book.add(numbered(3))]);

  t.deepEqual(readdirSync(directory).sort(), ['2026-10.jsonl', '2026-11.jsonl']);
  t.is(statSync(directory).mode & 0o777, 0o700);
  for (const name of readdirSync(directory)) t.is(statSync(join(directory, name)).mode & 0o777, 0o600);
  t.deepEqual(await seqsIn(directory), { seqs: [1, 2, 3], damaged: 0 });
  t.deepEqual(told, []);
});

test('a receipt carries the time at which it was added', async (t) => {
  const directory = join(temporaryDirectory(t), 'receipts');
  const { book } = await openBook(t, directory);

  await book.add(numbered(1));

  const found: Receipt[] = [];
  for await (const receipt of readReceipts(directory, () => t.fail())) found.push(receipt);
  t.deepEqual(found, [{ time: '2026-11-23T10:00:00.000Z', ...numbered(1) }]);
});

test('a line that a crash cut short spoils no other', async (t) => {
  const directory = temporaryDirectory(t);
  const first = await openBook(t, directory);
  await first.book.add(numbered(1));
  await first.book.close();
  appendFileSync(join(directory, '2026-11.jsonl'), '{"time":"2026-11-2');

  const second = await openBook(t, directory);
  await second.book.add(numbered(2));
  await second.book.add(numbered(3));

  t.deepEqual(await seqsIn(directory), { seqs: [1, 2, 3], damaged: 1 });
});

test('a whole line that only lacks its end still counts', async (t) => {
  const directory = temporaryDirectory(t);
  const { book } = await openBook(t, directory);
  await book.add(numbered(1));
  const file = join(directory, '2026-11.jsonl');
  writeFileSync(file, readFileSync(file, 'utf8').trimEnd());

  t.deepEqual(await seqsIn(directory), { seqs: [1], damaged: 0 });
});

test('months that are over for longer than receipts are kept are removed, nothing else is', async (t) => {
  const directory = temporaryDirectory(t);
  for (const name of ['2025-09.jsonl', '2025-10.jsonl', '2026-10.jsonl', 'notes.txt', '2025-13.jsonl'])
    writeFileSync(join(directory, name), '');

  await openBook(t, directory, new ManualClock(Date.UTC(2026, 10, 23)), 400 * DAY_MS);

  // 400 days before 2026-11-23 is 2025-10-19: October of that year still has days that are kept.
  t.deepEqual(readdirSync(directory).sort(), ['2025-10.jsonl', '2025-13.jsonl', '2026-10.jsonl', 'notes.txt']);
});

test('an agent that runs for a year removes old months as new ones begin', async (t) => {
  const directory = temporaryDirectory(t);
  const { book, clock } = await openBook(t, directory, new ManualClock(Date.UTC(2026, 0, 15)), 40 * DAY_MS);

  for (let month = 0; month < 6; month++) {
    await book.add(numbered(month + 1));
    await clock.advance(30 * DAY_MS);
  }

  t.deepEqual(readdirSync(directory).sort(), ['2026-05.jsonl', '2026-06.jsonl']);
});

test('a book that cannot be written says so once, fails nobody, and loses nothing when it can be', async (t) => {
  const parent = temporaryDirectory(t);
  const directory = join(parent, 'receipts');
  writeFileSync(directory, 'a file where the directory should be');
  const { book, told } = await openBook(t, directory);

  await book.add(numbered(1));
  await book.add(numbered(2));
  t.deepEqual(told, ['Receipts cannot be written; the last thousand are kept in memory until they can']);

  rmSync(directory);
  await book.add(numbered(3));
  t.is(told.at(-1), 'Receipts are written again');
  t.deepEqual(await seqsIn(directory), { seqs: [1, 2, 3], damaged: 0 });
});

test('a book that can be written again is, also when no receipt comes', async (t) => {
  const directory = join(temporaryDirectory(t), 'receipts');
  writeFileSync(directory, 'a file where the directory should be');
  const { book, clock, told } = await openBook(t, directory);
  await book.add(numbered(1));
  t.is(told.length, 1);

  rmSync(directory);
  const over = async () => {
    await clock.advance(5_000);
    return told.length === 2;
  };
  await until(over, { what: 'the end of the problem' });
  t.is(told[1], 'Receipts are written again');
  t.deepEqual(await seqsIn(directory), { seqs: [1], damaged: 0 });
});

test('a book whose files are removed or replaced under it says so, and writes the next receipt where it can be found', async (t) => {
  const directory = join(temporaryDirectory(t), 'receipts');
  const file = join(directory, '2026-11.jsonl');
  const { book, told } = await openBook(t, directory);
  await book.add(numbered(1));
  const removed = 'Somebody has removed the receipts of this month; new ones are written, the old ones are gone';

  rmSync(directory, { recursive: true });
  await book.add(numbered(2));
  t.deepEqual(await seqsIn(directory), { seqs: [2], damaged: 0 });
  t.deepEqual(told, [removed]);
  t.is(statSync(file).mode & 0o777, 0o600);

  renameSync(file, `${file}.old`);
  writeFileSync(file, '');
  await book.add(numbered(3));
  t.deepEqual(await seqsIn(directory), { seqs: [3], damaged: 0 });
  t.deepEqual(told, [removed, removed]);
});

test('a receipt that a full disk took half of is written whole when there is room', async (t) => {
  const clock = new ManualClock();
  const files = new MemoryFiles(() => clock.nowMs());
  const book = await ReceiptBook.open('/receipts', { clock, files, problems: silentProblems });
  await book.add(numbered(1));

  files.fault = (call, path) => (call === 'write' ? systemError('ENOSPC', path) : undefined);
  await book.add(numbered(2));
  files.fault = () => undefined;
  await book.add(numbered(3));

  const lines = files.content('/receipts/2026-11.jsonl').toString().trimEnd().split('\n');
  t.deepEqual(
    lines.map((line) => parseReceipt(line)?.stretches[0]?.first),
    [1, 2, 3],
  );
});

test('what a disk refused for long is not kept without end, and the last of it is written at the close', async (t) => {
  const directory = join(temporaryDirectory(t), 'receipts');
  writeFileSync(directory, 'a file where the directory should be');
  const { book } = await openBook(t, directory);
  for (let seq = 1; seq <= 1500; seq++) await book.add(numbered(seq));
  rmSync(directory);

  await book.close();

  const { seqs, damaged } = await seqsIn(directory);
  t.deepEqual([seqs.length, seqs[0], seqs.at(-1), damaged], [1000, 501, 1500, 0]);
});

test('a closed book has written all that it was given, and closing twice is closing', async (t) => {
  const directory = temporaryDirectory(t);
  const { book } = await openBook(t, directory);
  for (let seq = 1; seq <= 50; seq++) void book.add(numbered(seq));

  await book.close();
  await book.close();

  t.is((await seqsIn(directory)).seqs.length, 50);
});

test('reading says which directory, and what to do, when there is none', async (t) => {
  const directory = join(temporaryDirectory(t), 'absent');

  const error = await t.throwsAsync(() => readReceipts(directory, () => undefined).next(), {
    code: 'receipts-unreadable',
  });

  t.is(error?.message, `cannot read the receipts in ${directory}: there is no such directory`);
});

test('a directory in the place of a month is an error, not an end', async (t) => {
  const directory = temporaryDirectory(t);
  mkdirSync(join(directory, '2026-11.jsonl'));
  chmodSync(directory, 0o700);

  await t.throwsAsync(() => readReceipts(directory, () => undefined).next(), { code: 'receipts-unreadable' });
});
