import test from 'ava';
import * as own from '../../src/agent/agent-messages.js';
import { type OwnMessage, tamperMessage } from '../../src/encode/own-message.js';
import { LinkError } from '../../src/link/refusal.js';
import { NOTICE, WARNING } from '../../src/syslog/priority.js';
import { positionAt, TAIL_ID } from '../support/positions.js';

const RUN = '00112233445566ff';
const damage = { segment: '/j/1', offset: 0, bytes: 77, missing: [{ run: RUN, firstSeq: 3, lastSeq: 9 }] } as const;
const lost = { tailId: TAIL_ID, path: '/var/log/a', from: 0, to: 9, position: positionAt(0) };

const messages: [what: string, message: OwnMessage, expected: OwnMessage][] = [
  [
    'the start',
    own.startMessage('1.2.3', ['main', 'clinic']),
    {
      kind: 'start',
      severity: NOTICE,
      fields: [
        ['version', '1.2.3'],
        ['sources', 'main clinic'],
      ],
    },
  ],
  ['the stop', own.stopMessage('signal'), { kind: 'stop', severity: NOTICE, fields: [['reason', 'signal']] }],
  [
    'a heartbeat, with the last seq and the lag of each source',
    own.heartbeatMessage(
      41,
      new Map([
        ['main', 0],
        ['clinic', 1_000],
      ]),
    ),
    {
      kind: 'heartbeat',
      severity: NOTICE,
      fields: [
        ['last', '41'],
        ['lag', 'main 0'],
        ['lag', 'clinic 1000'],
      ],
    },
  ],
  [
    'a refusal, by its code and the side that refused',
    own.refusedMessage(new LinkError('our-ca-unknown', 'collector', 'in words', 'a hint')),
    {
      kind: 'refused',
      severity: WARNING,
      fields: [
        ['code', 'our-ca-unknown'],
        ['side', 'collector'],
      ],
    },
  ],
  [
    'text that nobody can read any more',
    own.sourceMessage({
      kind: 'gap',
      source: 'main',
      path: '/var/log/lat\udcfc\n',
      tailId: TAIL_ID,
      fromOffset: 5,
      toOffset: undefined,
      reason: 'deleted',
    }),
    {
      kind: 'gap',
      severity: WARNING,
      fields: [
        ['reason', 'deleted'],
        ['file', '/var/log/lat\\xfc\\x0a'],
        ['tail', TAIL_ID],
        ['from', '5'],
        ['to', ''],
      ],
    },
  ],
  [
    'damage to the journal, with the seqs that are missing',
    own.journalMessage({ kind: 'damaged', ...damage, ranges: [lost] }),
    {
      kind: 'gap',
      severity: WARNING,
      fields: [
        ['reason', 'journal-damaged'],
        ['bytes', '77'],
        ['missing', `${RUN}:3-9`],
      ],
    },
  ],
  [
    'messages dropped to make room, to the end of a run when nobody knows it',
    own.journalMessage({ kind: 'dropped', messages: 12, missing: [{ run: RUN, firstSeq: 3, lastSeq: undefined }] }),
    {
      kind: 'dropped',
      severity: WARNING,
      fields: [
        ['messages', '12'],
        ['missing', `${RUN}:3-*`],
      ],
    },
  ],
  [
    'rows that were tampered with, counted and named',
    tamperMessage('main', '/var/log/a', [
      { how: 'altered', row: 'default:1:7' },
      { how: 'edited', row: '' },
    ]),
    {
      kind: 'tamper',
      severity: WARNING,
      fields: [
        ['source', 'main'],
        ['file', '/var/log/a'],
        ['altered', '1'],
        ['deleted', '0'],
        ['edited', '1'],
        ['row', 'default:1:7'],
      ],
    },
  ],
  [
    'a configuration that was read anew',
    own.configurationMessage('/etc/x.yaml'),
    { kind: 'configuration', severity: NOTICE, fields: [['file', '/etc/x.yaml']] },
  ],
  [
    'room again',
    own.journalMessage({ kind: 'room', fullForMs: 61_400 }),
    { kind: 'room', severity: NOTICE, fields: [['fullForSeconds', '61']] },
  ],
];
for (const [what, message, expected] of messages) {
  test(`the collector is told of ${what}`, (t) => t.deepEqual(message, expected));
}
