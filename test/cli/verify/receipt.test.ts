import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { runProgram } from '../../../src/cli/program.js';
import { receiptCommand } from '../../../src/cli/verify/receipt.js';
import { systemFiles } from '../../../src/lib/files.js';
import { ReceiptBook } from '../../../src/verify/receipts.js';
import { capturedIo } from '../../support/captured-io.js';
import { temporaryDirectory } from '../../support/files.js';
import { ManualClock } from '../../support/manual-clock.js';
import { silentProblems } from '../../support/silent.js';
import { receiptOf, runId } from '../../support/stored.js';

const [one, two] = [runId(1), runId(2)];

/** Two epochs of run one, one of run two, a minute apart from 10:00. */
async function book(t: ExecutionContext): Promise<string> {
  const directory = join(temporaryDirectory(t), 'receipts');
  const clock = new ManualClock();
  const receipts = await ReceiptBook.open(directory, { clock, files: systemFiles, problems: silentProblems });
  const epochs = [
    {
      stretches: [{ run: one, first: 1, last: 10 }],
      tails: [
        { tail: 'aa', path: '/log/main.log', from: 0, to: 1000 },
        // A file that was seen, and of which nothing was read.
        { tail: 'cc', path: '/log/main.log', from: 70, to: 70 },
      ],
    },
    {
      stretches: [{ run: one, first: 11, last: 20 }],
      tails: [{ tail: 'aa', path: '/log/main.log', from: 1000, to: 2000 }],
    },
    { stretches: [{ run: two, first: 1, last: 5 }], tails: [{ tail: 'bb', path: '/log/main.log', from: 0, to: 500 }] },
  ];
  for (const epoch of epochs) {
    const { time: _, ...receipt } = receiptOf([], { ...epoch, messages: 10, level: 'fin', sha256: 'ab'.repeat(32) });
    await receipts.add(receipt);
    await clock.advance(60_000);
  }
  await receipts.close();
  return directory;
}

async function ask(directory: string, ...args: string[]) {
  const io = capturedIo();
  await runProgram(['receipt', '--receipts', directory, ...args], io, [receiptCommand]);
  return { out: io.out(), err: io.err(), status: io.status() };
}

test('a message: when it went, to whom, and what that proves', async (t) => {
  t.deepEqual(await ask(await book(t), '--seq', `${one}:11`), {
    out: `acknowledged 2026-11-23T10:01:00.000Z by hie.example.org:6514 at 192.0.2.7
  level fin: it closed the connection in order after our close_notify, without sending one itself
  certificate sha-256:AB:CD
  one of 10 messages: ${one}:11-20
  SHA-256 of their frames ${'ab'.repeat(32)}
`,
    err: '',
    status: 0,
  });
});

test('a byte of a file: each file that had the path answers', async (t) => {
  const { out, status } = await ask(await book(t), '--file', '/log/main.log', '--offset', '499');

  t.deepEqual(out.match(/^acknowledged \S+|^ {2}read from .*/gm), [
    'acknowledged 2026-11-23T10:00:00.000Z',
    '  read from /log/main.log, bytes 0 to 1000 (id aa)',
    'acknowledged 2026-11-23T10:02:00.000Z',
    '  read from /log/main.log, bytes 0 to 500 (id bb)',
  ]);
  t.is(status, 0);
});

test('of several files that had the path, one is chosen by its id', async (t) => {
  const { out } = await ask(await book(t), '--file', '/log/main.log', '--offset', '499', '--tail', 'bb');

  t.deepEqual(out.match(/\(id \w+\)/g), ['(id bb)']);
});

test('what is not acknowledged yet is told with how far it has come', async (t) => {
  const directory = await book(t);

  t.deepEqual(await ask(directory, '--seq', `${two}:6`), {
    out: `not acknowledged yet: the receipts of run ${two} end at message 5, 2026-11-23T10:02:00.000Z\n`,
    err: '',
    status: 1,
  });
  const file = await ask(directory, '--file', '/log/main.log', '--offset', '2000');
  t.is(
    file.out,
    'not acknowledged yet: the receipts of the file /log/main.log end at byte 2000, 2026-11-23T10:01:00.000Z; ' +
      'newer receipts, up to 2026-11-23T10:02:00.000Z, are for others\n',
  );
  t.is(file.status, 1);
});

test('what no receipt names is told with how far they go back', async (t) => {
  const directory = await book(t);

  t.deepEqual(await ask(directory, '--seq', `${runId(9)}:1`), {
    out: `no receipt names run ${runId(9)}; the oldest receipt is from 2026-11-23T10:00:00.000Z\n`,
    err: '',
    status: 1,
  });
  t.regex(
    (await ask(directory, '--file', '/log/none.log', '--offset', '0')).out,
    /^no receipt names the file \/log\/none\.log; /,
  );
});

test('a message between two that were acknowledged is told as that', async (t) => {
  const directory = temporaryDirectory(t);
  const receipts = await ReceiptBook.open(directory, {
    clock: new ManualClock(),
    files: systemFiles,
    problems: silentProblems,
  });
  const { time: _, ...receipt } = receiptOf([], { stretches: [{ run: one, first: 5, last: 9 }] });
  await receipts.add(receipt);
  await receipts.close();

  const { out, status } = await ask(directory, '--seq', `${one}:4`);
  t.is(
    out,
    `no receipt, but there are later ones of run ${one}; the oldest receipt is from 2026-11-23T10:00:00.000Z\n`,
  );
  t.is(status, 1);
});

test('without any receipt nothing has been acknowledged', async (t) => {
  const { out, status } = await ask(temporaryDirectory(t), '--seq', `${one}:1`);

  t.is(out, 'no receipt: nothing has been acknowledged yet\n');
  t.is(status, 1);
});

test('lines that a crash cut short are passed over, not in silence', async (t) => {
  const directory = await book(t);
  appendFileSync(join(directory, '2026-11.jsonl'), '{"time":');

  const { err, status } = await ask(directory, '--seq', `${two}:5`);

  t.is(err, 'some lines of the receipts are unreadable (a crash leaves one) and were skipped\n');
  t.is(status, 0);
});

test('a program reads the receipts as JSON', async (t) => {
  const { out } = await ask(await book(t), '--seq', `${two}:5`, '--json');

  const { acknowledged, found } = JSON.parse(out);
  t.true(acknowledged);
  t.deepEqual(found[0].stretches, [{ run: two, first: 1, last: 5 }]);
});

test('it takes a message, or a file and an offset, and nothing between', async (t) => {
  const directory = await book(t);
  const wrong = [
    [],
    ['--file', '/log/main.log'],
    ['--offset', '5'],
    ['--seq', `${one}:1`, '--offset', '5'],
    ['--seq', one],
    ['--file', '/log/main.log', '--offset', '-5'],
    ['--file', '/log/main.log', '--offset', '5k'],
  ];

  for (const args of wrong) await t.throwsAsync(() => ask(directory, ...args), { code: 'usage' }, args.join(' '));
});
