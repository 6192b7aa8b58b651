import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { runProgram } from '../../../src/cli/program.js';
import { verifyCommand } from '../../../src/cli/verify/verify.js';
import { systemFiles } from '../../../src/lib/files.js';
import { ReceiptBook } from '../../../src/verify/receipts.js';
import { type CapturedIo, capturedIo } from '../../support/captured-io.js';
import { LEAST } from '../../support/config.js';
import { temporaryDirectory } from '../../support/files.js';
import { ManualClock } from '../../support/manual-clock.js';
import { silentProblems } from '../../support/silent.js';
import { asFrames, asLines, auditMessage, auditMessages, ownMessage, receiptOf, runId } from '../../support/stored.js';

const [one, two] = [runId(1), runId(2)];
const NOW_MS = Date.UTC(2026, 10, 23, 14, 12);

/** A run of 20 messages, and one that follows it and has stopped. */
const COMPLETE = [
  ...auditMessages(one, 1, 20),
  auditMessage(two, 1, { follows: `${one}:20` }),
  ownMessage(two, 2, 'heartbeat', ' last="1"', { time: '2026-11-23T14:00:00.000Z' }),
  ownMessage(two, 3, 'stop', ' reason="SIGTERM"'),
];

class Desk {
  readonly directory: string;
  readonly receipts: string;
  readonly io: CapturedIo = capturedIo();

  constructor(private readonly t: ExecutionContext) {
    this.directory = temporaryDirectory(t);
    this.receipts = join(this.directory, 'receipts');
  }

  store(name: string, content: Buffer): string {
    const file = join(this.directory, name);
    writeFileSync(file, content);
    return file;
  }

  /** Each of `epochs` is acknowledged a minute after the one before. */
  async acknowledge(...epochs: { run: string; first: number; messages: readonly Buffer[] }[]): Promise<void> {
    const clock = new ManualClock(Date.UTC(2026, 10, 23, 13));
    const book = await ReceiptBook.open(this.receipts, { clock, files: systemFiles, problems: silentProblems });
    for (const { run, first, messages } of epochs) {
      const { time: _, ...receipt } = receiptOf(messages, {
        stretches: [{ run, first, last: first + messages.length - 1 }],
      });
      await book.add(receipt);
      await clock.advance(60_000);
    }
    await book.close();
  }

  /** What is printed, without the directory. */
  async verify(...args: string[]): Promise<string> {
    await runProgram(['verify', ...args], this.io, [(io) => verifyCommand(io, new ManualClock(NOW_MS))]);
    this.t.is(this.io.err(), '');
    return this.io.out().replaceAll(`${this.directory}/`, '');
  }
}

test('a complete store is said to be complete, and why', async (t) => {
  const desk = new Desk(t);

  const said = await desk.verify(desk.store('a.log', asLines(COMPLETE)));

  t.is(
    said,
    `read 1 file: 23 messages of the agent
run ${one}, the first run of its agent
  20 messages, 1 to 20: none missing
run ${two}, follows ${one}:20
  3 messages, 1 to 3: none missing
  ends with the agent's stop message
last heartbeat 2026-11-23T14:00:00.000Z, 12 min ago (${two}:2)

COMPLETE: 23 messages of 2 runs, none missing
`,
  );
  t.is(desk.io.status(), 0);
});

test('lines and frames, in any order of files and with repeats, are one store', async (t) => {
  const desk = new Desk(t);
  const late = desk.store('late.log', asLines(COMPLETE.slice(10)));
  const early = desk.store('early.frames', asFrames(COMPLETE.slice(0, 15)));

  const said = await desk.verify(late, early, late);

  t.regex(said, /^read 2 files: 28 messages of the agent\n/);
  t.regex(said, /\n {2}5 repeats with the same bytes\n/);
  t.regex(said, /\nCOMPLETE: 23 messages \(stored 28 times\) of 2 runs, none missing\n$/);
  t.is(desk.io.status(), 0);
});

test('everything that stands against it is said, down to the number', async (t) => {
  const desk = new Desk(t);
  const store = [
    ...auditMessages(two, 2, 5),
    auditMessage(two, 1, { follows: `${one}:20` }),
    ownMessage(two, 6, 'gap', ` reason="journal-damaged" bytes="512" missing="${two}:8-9"`),
    ...auditMessages(two, 12, 13),
    auditMessage(two, 3, { msg: 'changed' }),
    auditMessage(two, 4),
    Buffer.from('<13>1 - - - - - - text of another'),
    Buffer.from('rsyslogd: start'),
    ownMessage(two, 14, 'stop').subarray(0, -1),
  ];
  const lines = Buffer.concat([asLines(store), auditMessage(two, 15)]);

  const said = await desk.verify(
    desk.store('a.log', lines),
    desk.store('b.frames', Buffer.from('12 <13>1 - - - -x-nonsense')),
  );

  t.is(
    said,
    `read 2 files: 10 messages of the agent
run ${two}, follows ${one}:20, but nothing of that run is stored
  8 messages, 1 to 13: 6 missing
    missing ${two}:7 (1), not reported by the agent
    missing ${two}:8-9 (2), reported by the agent in ${two}:6
    missing ${two}:10-11 (2), not reported by the agent
    missing ${two}:14 (1), not reported by the agent
  1 repeat with the same bytes
  1 message stored out of order
  1 repeat with other bytes: 3
    lost, reported by the agent in ${two}:6 (gap, reason journal-damaged, bytes 512)
1 message from other senders
2 × a line that is not a message
    a.log, byte ${asLines(store.slice(0, 11)).length}: not RFC 5424 (priority)
    b.frames, byte 0: not RFC 5424 (proc-id)
1 × a damaged message of the agent
    a.log, byte ${asLines(store.slice(0, 12)).length}: not RFC 5424 (sd-element)
1 × a file that ends inside a message (not counted)
    a.log, byte ${asLines(store).length}: a line without a newline
1 × a file that cannot be read to its end
    b.frames, byte 15: a frame does not begin with its length
no heartbeat of the agent is stored

NOT COMPLETE
- 6 messages are missing; the agent reported 2 of them
- run ${two} follows ${one}:20, but nothing of run ${one} is stored; if the store begins with run ${two}, add --from-run ${two}
- 1 repeat with other bytes than the first
- 1 message of the agent reports a loss
- 1 file that cannot be read to its end
`,
  );
  t.is(desk.io.status(), 1);
});

test('many gaps are cut short for a person', async (t) => {
  const desk = new Desk(t);
  const odd = auditMessages(one, 1, 61).filter((_, index) => index % 2 === 0);

  const said = await desk.verify(desk.store('a.log', asLines(odd)));

  t.is(said.match(/ {4}missing /g)?.length, 10);
  t.regex(said, /\n {4}and 20 more\n/);
});

test('a store may be said to begin later, and is told how', async (t) => {
  const desk = new Desk(t);
  const store = desk.store('a.log', asLines(COMPLETE.slice(10)));

  const unasked = await new Desk(t).verify(store);
  t.regex(unasked, new RegExp(`missing; if the store begins here, add --from-run ${one}:11\n`));

  const said = await desk.verify(store, '--from-run', `${one}:11`);

  t.regex(
    said,
    new RegExp(
      `\nrun ${one}, the store begins with this run \\(--from-run\\)\n  10 messages, 11 to 20: none missing\n`,
    ),
  );
  t.is(desk.io.status(), 0);
});

test('the receipts are held against the store', async (t) => {
  const desk = new Desk(t);
  const changed = Buffer.from(COMPLETE[4]!.toString().replace('line 5', 'line 6'));
  await desk.acknowledge(
    { run: one, first: 1, messages: [...COMPLETE.slice(0, 4), changed] },
    { run: one, first: 6, messages: COMPLETE.slice(5, 20) },
    { run: two, first: 1, messages: COMPLETE.slice(20) },
  );
  const store = desk.store('a.log', asLines(COMPLETE.slice(0, 21)));

  const said = await desk.verify(store, '--receipts', desk.receipts);

  const hie = 'by hie.example.org:6514 at 192.0.2.7, level close-notify';
  t.is(
    said.slice(said.indexOf('read 3')),
    `read 3 receipts, 2026-11-23T13:00:00.000Z to 2026-11-23T13:02:00.000Z: 23 messages acknowledged
    not stored: ${two}:2-3 (2), acknowledged 2026-11-23T13:02:00.000Z ${hie}
  1 with the same SHA-256 as the stored messages
  1 with another SHA-256 than the stored messages
    ${one}:1-5, acknowledged 2026-11-23T13:00:00.000Z ${hie}
  1 not compared: messages missing

NOT COMPLETE
- 2 messages are missing although a collector acknowledged them
- 1 receipt with another SHA-256 than the stored messages
`,
  );
  t.is(desk.io.status(), 1);
});

test('the receipts beside the journal are found by the configuration', async (t) => {
  const desk = new Desk(t);
  await desk.acknowledge({ run: one, first: 1, messages: COMPLETE.slice(0, 20) });
  const config = desk.store('config.yaml', Buffer.from(`${LEAST}\njournal:\n  directory: ${desk.directory}\n`));

  const said = await desk.verify(desk.store('a.log', asLines(COMPLETE)), '--config', config, '--receipts');

  t.regex(said, /\n {2}1 with the same SHA-256 as the stored messages\n/);
  t.is(desk.io.status(), 0);
});

test('a program reads the findings as JSON', async (t) => {
  const desk = new Desk(t);
  await desk.acknowledge({ run: one, first: 1, messages: COMPLETE.slice(0, 20) });

  const said = await desk.verify(
    desk.store('a.log', asLines(COMPLETE.slice(0, 19))),
    '--json',
    '--receipts',
    desk.receipts,
  );

  const { complete, objections, runs, receipts } = JSON.parse(said);
  t.false(complete);
  t.deepEqual(objections, [{ name: 'acknowledged-lost', messages: 1 }]);
  t.deepEqual([runs[0].run, runs[0].last, runs[0].gaps], [one, 19, []]);
  t.deepEqual(receipts.lost[0].first, 20);
});

test('a file that is not there, or is none, is wrong usage', async (t) => {
  const desk = new Desk(t);
  const absent = join(desk.directory, 'absent');

  await t.throwsAsync(() => desk.verify(absent), {
    message: `cannot read ${absent}: there is no such file`,
    code: 'usage',
  });
  await t.throwsAsync(() => desk.verify(desk.directory), { message: /: it is not a file$/, code: 'usage' });
});

test('--receipts in front of a file is told from a directory of receipts', async (t) => {
  const desk = new Desk(t);
  const store = desk.store('a.log', asLines(COMPLETE));

  await t.throwsAsync(() => desk.verify('--receipts', store, store), {
    message: /takes a directory, but .* is a file$/,
    code: 'usage',
  });
});

test('a run that is none is wrong usage', async (t) => {
  const desk = new Desk(t);

  await t.throwsAsync(() => desk.verify('--from-run', 'first', 'a.log'), {
    message: /16 hexadecimal digits/,
    code: 'usage',
  });
});

test('whoever stops it gets no verdict', async (t) => {
  const desk = new Desk(t);
  desk.io.interrupt();

  await t.throwsAsync(() => desk.verify(desk.store('a.log', asLines(COMPLETE))), { code: 'interrupted' });
  t.is(desk.io.out(), '');
});

test('a terminal sees how far it has come, and nothing of it afterwards', async (t) => {
  const desk = new Desk(t);
  const io = { ...desk.io, isTerminal: true };

  await runProgram(['verify', desk.store('a.log', asLines(COMPLETE))], io, [
    (each) => verifyCommand(each, new ManualClock(NOW_MS)),
  ]);

  const [, drawn, ...erased] = desk.io.err().split('\r');
  t.regex(drawn ?? '', /^█{30} 100 % of 4\.4 KiB/);
  t.deepEqual(erased, ['\u001b[K']);
});
