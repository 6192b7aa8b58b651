import test from 'ava';
import { identify, messageName } from '../../../src/cli/verify/identify.js';
import { Encoder } from '../../../src/encode/encoder.js';
import { Unframer } from '../../../src/syslog/rfc5425.js';
import { LEAST, load } from '../../support/config.js';
import { auditMessage, ownMessage, runId } from '../../support/stored.js';

const run = runId(0xabc);

test('a line of an audit file is known by run and seq', (t) => {
  t.deepEqual(identify(auditMessage(run, 12)), {
    name: 'ours',
    message: { run, seq: 12 },
    follows: undefined,
    own: undefined,
  });
});

test('what the encoder makes is what verify reads', async (t) => {
  const { message } = await load(LEAST);
  const encoder = new Encoder({
    sources: [],
    message,
    run,
    nextSeq: 1,
    positions: [],
    follows: { run: runId(9), seq: 7 },
  });

  const frames = [
    encoder.own('start', [], Date.UTC(2026, 10, 23), 5).frames,
    encoder.own(
      'gap',
      [
        ['reason', 'truncated'],
        ['missing', `${runId(9)}:3-5`],
        ['missing', `${runId(9)}:9-*`],
      ],
      0,
      4,
    ).frames,
  ];
  const found = frames.flatMap((frame) => new Unframer({ maxMessageBytes: 9000 }).feed(frame)).map(identify);

  t.deepEqual(found, [
    {
      name: 'ours',
      message: { run, seq: 1 },
      follows: { run: runId(9), seq: 7 },
      own: { kind: 'start', timeMs: Date.UTC(2026, 10, 23), lost: [], facts: {} },
    },
    {
      name: 'ours',
      message: { run, seq: 2 },
      follows: undefined,
      own: {
        kind: 'gap',
        timeMs: 0,
        lost: [
          { run: runId(9), first: 3, last: 5 },
          { run: runId(9), first: 9, last: undefined },
        ],
        facts: { reason: 'truncated' },
      },
    },
  ]);
});

test('dropped messages are lost numbers, of as many runs as they were of', (t) => {
  const told = ` messages="12" missing="${runId(2)}:5-8" missing="${runId(3)}:1-8"`;
  const found = identify(ownMessage(run, 1, 'dropped', told));

  t.deepEqual(found.name === 'ours' && found.own?.lost, [
    { run: runId(2), first: 5, last: 8 },
    { run: runId(3), first: 1, last: 8 },
  ]);
});

test('a loss told in a form that is not ours is no loss of numbers', (t) => {
  for (const missing of ['', 'x', `${run}:5`, `${run}:5-4`, `${run}:0-4`, `${run}:5-x`]) {
    const found = identify(ownMessage(run, 1, 'gap', ` missing="${missing}"`));
    t.deepEqual(found.name === 'ours' && found.own?.lost, [], missing);
  }
});

test('messages of others are foreign, however near they come', (t) => {
  const foreign = [
    '<13>1 - - - - - - text',
    '<13>1 - - - - - [meta sequenceId="1"]',
    `<13>1 - - - - - - [audit@32473 run="${run}" seq="1"]`,
    '<13>1 - - - - - [audit@32473 run="short" seq="1"]',
    `<13>1 - - - - - [audit@32473 run="${run}" seq="0"]`,
    `<13>1 - - - - - [audit@32473 run="${run}" seq="1e3"]`,
    `<13>1 - - - - - [auditor@32473 run="${run}" seq="1"]`,
  ];

  for (const text of foreign) t.is(identify(Buffer.from(text)).name, 'foreign', text);
});

test('a damaged message of the agent still says which it was', (t) => {
  const message = auditMessage(run, 12, { msg: '\ufeff' });
  // Behind a byte order mark a collector that cuts by octets leaves half a character.
  const cut = Buffer.concat([message.subarray(0, -1), Buffer.from([0xef, 0xbb, 0xbf, 0xc3])]);
  const halfway = message.subarray(0, message.indexOf('source='));

  t.deepEqual(identify(cut), { name: 'unreadable', reason: 'msg-not-utf8', claims: { run, seq: 12 } });
  t.deepEqual(identify(halfway), { name: 'unreadable', reason: 'param-name', claims: { run, seq: 12 } });
  const own = ownMessage(run, 3, 'stop').subarray(0, -1);
  t.deepEqual(identify(own), { name: 'unreadable', reason: 'sd-element', claims: { run, seq: 3 } });
  t.deepEqual(identify(message.subarray(0, 60)), { name: 'unreadable', reason: 'proc-id', claims: undefined });
  t.deepEqual(identify(Buffer.from('rsyslogd: start')), { name: 'unreadable', reason: 'priority', claims: undefined });
});

test('a name is sixteen hexadecimal digits, a colon and a number that can be counted to', (t) => {
  t.deepEqual(messageName(`${run}:12`), { run, seq: 12 });
  for (const text of [
    '',
    run,
    `${run}:`,
    `${run}:0`,
    `${run}:012`,
    `${run}:9999999999999999`,
    `${run.toUpperCase()}:1`,
    ` ${run}:1`,
  ]) {
    t.is(messageName(text), undefined, text);
  }
});
