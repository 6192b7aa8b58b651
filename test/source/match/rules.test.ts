import { readFileSync } from 'node:fs';
import test from 'ava';
import {
  type Case,
  decide,
  FORGET_MS,
  HOLD_MS,
  type KnownFile,
  type LostTail,
  type MissingFile,
  type NewFile,
  type OtherText,
  type OutOfSight,
  RULES,
  type UnknownFile,
  type Verdict,
} from '../../../src/source/match/rules.js';
import { thisPackage } from '../../support/package.js';

const POLL_MS = 5_000;

const KNOWN: KnownFile = {
  of: 'known file',
  isUnread: false,
  hasOtherBirth: false,
  knownSize: 100,
  hasShrunk: false,
  isDeliveredAndChanged: false,
  text: 'not asked',
  wasRead: true,
  isWhereItWas: true,
  hasChanged: false,
  isBlocked: false,
};
const MISSING: MissingFile = {
  of: 'missing file',
  isProven: true,
  isOpen: false,
  isWhole: false,
  knownSize: 100,
  seenSize: 90,
};
const UNKNOWN: UnknownFile = { of: 'unknown file', isSpent: false, isRotated: true, evidence: 'none', offset: 0 };
const NEW: NewFile = {
  of: 'new file',
  mayContinue: false,
  wanted: 'yes',
  heldMs: undefined,
  originalStands: false,
  evidence: 'none',
  hasChangedSince: false,
  isLive: false,
  isMatched: true,
  isLong: true,
  original: 'in sight',
  isSkipped: false,
};
const OTHER: OtherText = {
  of: 'other text',
  isRotated: false,
  isDelivered: true,
  isShredded: false,
  isShorter: false,
  sights: 1,
  offset: 80,
  readSize: 90,
};
const OUT: OutOfSight = {
  of: 'out of sight',
  isOpen: true,
  hasChanged: false,
  isReady: false,
  quietMs: POLL_MS,
  isDeleted: true,
  isFinished: true,
  hasCopy: false,
  mayGoOn: false,
  isTwin: false,
  readSize: 90,
  seenSize: 100,
  pollMs: POLL_MS,
};
const LOST: LostTail = {
  of: 'lost tail',
  lostMs: 2 * POLL_MS,
  isAway: false,
  isUndecided: false,
  isMissingText: false,
  isTold: false,
  isEnded: true,
  isReadElsewhere: false,
  isSpentFileThere: false,
  isJournaled: true,
  pollMs: POLL_MS,
};
const COPY: NewFile = { ...NEW, evidence: 'copy' };
const DUE: LostTail = { ...LOST, isMissingText: true, isEnded: false };

const keep = (as: 'placed' | 'changed' | 'readable' | 'unchanged'): Verdict => ({ do: 'keep', as });
const wait: Verdict = { do: 'wait', isUndecided: true };
const lose = (
  reason: 'truncated' | 'overwritten' | 'deleted',
  size: number | undefined,
  isDoubtful = false,
): Verdict => ({
  do: 'lose',
  reason,
  size,
  isDoubtful,
});

/** What each row decides; without the row each of these is decided in another way. */
const EXAMPLES: Readonly<Record<string, readonly (readonly [Case, Verdict])[]>> = {
  'inode used again': [[{ ...KNOWN, isUnread: true, hasOtherBirth: true }, lose('deleted', 100)]],
  'cut behind what was read': [[{ ...KNOWN, hasShrunk: true, text: 'holds' }, { do: 'tell the cut' }]],
  'cut before it was read': [
    [{ ...KNOWN, hasShrunk: true, text: 'holds', wasRead: false }, { do: 'remember the cut' }],
  ],
  truncated: [
    [{ ...KNOWN, hasShrunk: true }, lose('truncated', 100)],
    [{ ...KNOWN, hasShrunk: true, text: 'other', hasChanged: true }, lose('truncated', 100)],
  ],
  'delivered, then changed': [
    [{ ...KNOWN, isDeliveredAndChanged: true, text: 'other', hasChanged: true }, { do: 'compare' }],
  ],
  'found again': [[{ ...KNOWN, isWhereItWas: false, hasChanged: true }, keep('placed')]],
  grown: [
    [{ ...KNOWN, hasChanged: true }, keep('changed')],
    [{ ...KNOWN, hasChanged: true, hasShrunk: true, text: 'unknown' }, keep('changed')],
  ],
  'readable again': [[{ ...KNOWN, isBlocked: true }, keep('readable')]],
  'as it was': [[KNOWN, keep('unchanged')]],

  'absence not proven': [[{ ...MISSING, isProven: false }, { do: 'wait' }]],
  'out of sight': [[{ ...MISSING, isOpen: true, isWhole: true }, { do: 'unlink' }]],
  'truncated out of sight': [[{ ...MISSING, isOpen: true }, lose('truncated', 100)]],
  gone: [[MISSING, lose('deleted', 90)]],

  'shredded before': [[{ ...UNKNOWN, isSpent: true }, { do: 'ignore' }]],
  unreadable: [[{ ...UNKNOWN, evidence: 'unreadable' }, wait]],
  'continues a tail': [[{ ...UNKNOWN, evidence: 'continues' }, { do: 'place' }]],
  'copied just before the end': [
    [
      { ...UNKNOWN, evidence: 'part', offset: 70 },
      { do: 'follow', from: 70 },
    ],
  ],
  'shredded unseen': [[{ ...UNKNOWN, evidence: 'shredded' }, { do: 'ignore' }]],
  'continues nothing': [
    [UNKNOWN, { do: 'ask further' }],
    [{ ...UNKNOWN, evidence: 'shredded', isRotated: false }, { do: 'ask further' }],
  ],

  'a tail was lost meanwhile': [
    [
      { ...NEW, mayContinue: true },
      { do: 'wait', isUndecided: true, again: true },
    ],
  ],
  'nobody asked for it': [[{ ...NEW, wanted: 'no' }, { do: 'ignore' }]],
  'being compressed': [[{ ...NEW, wanted: 'later' }, wait]],
  'known as a copy': [[{ ...NEW, evidence: 'not asked', heldMs: HOLD_MS - 1, originalStands: true }, { do: 'hold' }]],
  'not compared yet': [
    [{ ...NEW, evidence: 'not asked' }, { do: 'ask further' }],
    [{ ...NEW, evidence: 'not asked', heldMs: HOLD_MS, originalStands: true }, { do: 'ask further' }],
    [{ ...NEW, evidence: 'not asked', heldMs: 1 }, { do: 'ask further' }],
  ],
  'cannot be compared': [[{ ...NEW, evidence: 'unclear' }, wait]],
  'copy of a log written anew': [[{ ...NEW, evidence: 'original changed' }, { do: 'lose the original' }]],
  'changed since the look': [[{ ...NEW, hasChangedSince: true }, wait]],
  'skipped at the first start': [
    [
      { ...NEW, isSkipped: true },
      { do: 'follow', from: 'end' },
    ],
  ],
  new: [[NEW, { do: 'follow', from: 0 }]],
  'copied back': [[{ ...COPY, isLive: true, original: 'read out of sight' }, { do: 'go on' }]],
  copy: [
    [COPY, { do: 'hold' }],
    [{ ...COPY, heldMs: HOLD_MS, original: 'out of sight' }, { do: 'hold' }],
    [{ ...COPY, heldMs: HOLD_MS, isMatched: false }, { do: 'hold' }],
  ],
  'copy that stays': [
    [
      { ...COPY, heldMs: HOLD_MS },
      { do: 'follow', from: 'end' },
    ],
  ],
  'short file that begins alike': [
    [
      { ...COPY, heldMs: HOLD_MS, isLong: false },
      { do: 'follow', from: 0 },
    ],
  ],

  'shredded after delivery': [
    [
      { ...OTHER, isShredded: true, isRotated: true, sights: 3 },
      { do: 'lose', reason: 'overwritten', size: 80, isDoubtful: false, isSpent: true },
    ],
  ],
  'shredded before delivery': [
    [
      { ...OTHER, isShredded: true, isRotated: true, isDelivered: false },
      { do: 'lose', reason: 'overwritten', size: undefined, isDoubtful: true, isSpent: true },
    ],
  ],
  'changed more than once': [
    [{ ...OTHER, sights: 2 }, lose('overwritten', undefined, true)],
    [{ ...OTHER, sights: 2, isShorter: true }, lose('truncated', undefined, true)],
  ],
  'cut and written anew': [[{ ...OTHER, isShorter: true }, lose('truncated', 90, true)]],
  overwritten: [
    [OTHER, lose('overwritten', 90, true)],
    [{ ...OTHER, isShredded: true }, lose('overwritten', 90, true)],
  ],

  'written to out of sight': [[{ ...OUT, hasChanged: true }, { do: 'read on' }]],
  'being read out of sight': [[{ ...OUT, isReady: true }, { do: 'wait' }]],
  'deleted just now': [[{ ...OUT, quietMs: POLL_MS - 1 }, { do: 'wait' }]],
  'moved away': [[{ ...OUT, isDeleted: false, quietMs: 599_999 }, { do: 'wait' }]],
  'last line may go on': [[{ ...OUT, isFinished: false, mayGoOn: true, quietMs: 599_999 }, { do: 'wait' }]],
  'last line': [[{ ...OUT, isFinished: false }, { do: 'finish' }]],
  'twin that has read nothing': [
    [
      { ...OUT, isTwin: true },
      { do: 'forget', how: 'at once' },
    ],
  ],
  'read and let go': [
    [OUT, lose('deleted', 90)],
    [{ ...OUT, isFinished: false, hasCopy: true }, lose('deleted', 90)],
  ],
  'closed to make room': [[{ ...OUT, isOpen: false }, lose('deleted', 100)]],

  'read under another name': [
    [
      { ...DUE, isReadElsewhere: true },
      { do: 'forget', how: 'read elsewhere' },
    ],
  ],
  'text is missing': [[DUE, { do: 'tell the gap' }]],
  'nothing is missing': [
    [{ ...LOST, isEnded: false }, { do: 'end' }],
    [{ ...DUE, isTold: true }, { do: 'end' }],
  ],
  'may come back': [
    [LOST, { do: 'wait' }],
    [{ ...DUE, lostMs: 2 * POLL_MS - 1 }, { do: 'wait' }],
    [{ ...DUE, isUndecided: true, lostMs: FORGET_MS - 1 }, { do: 'wait' }],
    [{ ...DUE, isAway: true, lostMs: 3_599_999 }, { do: 'wait' }],
    [{ ...LOST, isAway: true, lostMs: 6 * 86_400_000 }, { do: 'wait' }],
  ],
  'its shredded file is there': [[{ ...LOST, isSpentFileThere: true, lostMs: FORGET_MS }, { do: 'wait' }]],
  over: [
    [
      { ...LOST, lostMs: FORGET_MS },
      { do: 'forget', how: 'in the journal, too' },
    ],
  ],
  'over, and never read': [
    [
      { ...LOST, isJournaled: false, lostMs: FORGET_MS },
      { do: 'forget', how: 'at once' },
    ],
  ],
};

for (const row of RULES) {
  test(`row "${row.name}" decides its examples, and without it they are decided in another name`, (t) => {
    const others = RULES.filter((other) => other !== row);
    const examples = EXAMPLES[row.name] ?? [];
    t.true(examples.length > 0, 'it has an example');
    for (const [known, verdict] of examples) {
      t.deepEqual(decide(known), { row: row.name, verdict });
      t.notDeepEqual(decide(known, others).verdict, verdict);
    }
  });
}

test('the page on tailing has a line for every row, in this order, and for nothing else', (t) => {
  const page = readFileSync(new URL('docs/tailing.md', thisPackage), 'utf8');
  const rows = page
    .slice(page.indexOf('## Which tail a file is'), page.indexOf('## What may be lost'))
    .split('\n')
    .flatMap((line) => /^\| `([^`]+)` \|/.exec(line)?.[1] ?? []);
  t.deepEqual(
    rows,
    RULES.map(({ name }) => name),
  );
});
