/**
 * Which tail is this file, and what becomes of a tail that has none: one table.
 * Pure. In each case the first row that holds says what is done; the same rows,
 * with their reasons, stand in docs/tailing.md. What a case knows was read by
 * evidence.ts; what a verdict says is carried out by matcher.ts.
 */
import type { ByteOffset } from '../../model/position.js';
import type { LossReason } from '../types.js';

/** A look has found the file that a tail has. */
export interface KnownFile {
  readonly of: 'known file';
  /** Nothing of it has been read, and it is not open: nothing but its inode tells that it is the same. */
  readonly isUnread: boolean;
  /** Born at another time, where the file system keeps birth times. */
  readonly hasOtherBirth: boolean;
  /** As seen or read before; text on disk. */
  readonly knownSize: number;
  /** Shorter than that. Of a compressed file nobody can say. */
  readonly hasShrunk: boolean;
  /** A rotated file that had been read to its end, and has changed since. */
  readonly isDeliveredAndChanged: boolean;
  /** Whether the text that was read still stands in it; asked only when it has shrunk, or was delivered and changed. */
  readonly text: 'holds' | 'other' | 'unknown' | 'not asked';
  /** Some of it had been read when its size was last seen to change. */
  readonly wasRead: boolean;
  readonly isWhereItWas: boolean;
  readonly hasChanged: boolean;
  readonly isBlocked: boolean;
}

/** A look has not found the file that a tail has. */
export interface MissingFile {
  readonly of: 'missing file';
  /** Its directory could be looked into, and it is not there. */
  readonly isProven: boolean;
  readonly isOpen: boolean;
  /** The open file is as long as it was known to be, or compressed. */
  readonly isWhole: boolean;
  readonly knownSize: number;
  readonly seenSize: number;
}

/** A file that no tail has, before it is compared with those that tails have. */
export interface UnknownFile {
  readonly of: 'unknown file';
  /** It was shredded after a tail had read it. */
  readonly isSpent: boolean;
  readonly isRotated: boolean;
  readonly evidence: 'none' | 'unreadable' | 'continues' | 'part' | 'shredded';
  /** How much of a part was read. */
  readonly offset: ByteOffset;
}

/** A file that goes on with no lost tail. */
export interface NewFile {
  readonly of: 'new file';
  /** A tail that it may go on with was lost while this look was under way. */
  readonly mayContinue: boolean;
  readonly wanted: 'yes' | 'no' | 'later';
  /** For how long it has been held as a copy without a change; `undefined`: it is not held, or has changed. */
  readonly heldMs: number | undefined;
  /** Whether the original of a held copy still has a file. */
  readonly originalStands: boolean;
  readonly evidence: 'not asked' | 'none' | 'unclear' | 'copy' | 'original changed';
  readonly hasChangedSince: boolean;
  /** The name that a log is written to. */
  readonly isLive: boolean;
  readonly isMatched: boolean;
  /** As long as a mark: no coincidence. */
  readonly isLong: boolean;
  /** The original is in sight, or out of sight and read to its end. */
  readonly original: 'in sight' | 'out of sight' | 'read out of sight';
  /** The first look of a source that starts at the end. */
  readonly isSkipped: boolean;
}

/** A read has found that other text stands before a tail's offset. */
export interface OtherText {
  readonly of: 'other text';
  readonly isRotated: boolean;
  /** All had been read that was known to be there. */
  readonly isDelivered: boolean;
  readonly isShredded: boolean;
  readonly isShorter: boolean;
  /** How often the file has been seen to change since its end was last read. */
  readonly sights: number;
  readonly offset: ByteOffset;
  /** How long the text was when its end was last read. */
  readonly readSize: number | undefined;
}

/** A tail whose file is out of sight, deleted or moved. */
export interface OutOfSight {
  readonly of: 'out of sight';
  readonly isOpen: boolean;
  readonly hasChanged: boolean;
  /** Something of it waits to be read. */
  readonly isReady: boolean;
  /** Since it last changed. */
  readonly quietMs: number;
  /** No name leads to it. */
  readonly isDeleted: boolean;
  readonly isFinished: boolean;
  /** Another file holds the same text, and will be taken up when this one is let go. */
  readonly hasCopy: boolean;
  /** Its last line has no newline, and a file that could not be compared yet may go on with it. */
  readonly mayGoOn: boolean;
  /** What stands before its offset was read by another tail, and nothing of its own. */
  readonly isTwin: boolean;
  readonly readSize: number | undefined;
  readonly seenSize: number;
  readonly pollMs: number;
}

/** A tail without a file. */
export interface LostTail {
  readonly of: 'lost tail';
  readonly lostMs: number;
  /** Its directory or volume is away. */
  readonly isAway: boolean;
  /** A file that nobody could look into yet may be the one that it goes on in. */
  readonly isUndecided: boolean;
  readonly isMissingText: boolean;
  readonly isTold: boolean;
  readonly isEnded: boolean;
  /** Nothing of it was read, and another file that was followed since is as long. Asked only when text is missing. */
  readonly isReadElsewhere: boolean;
  /** Its file lies there still, shredded. */
  readonly isSpentFileThere: boolean;
  readonly isJournaled: boolean;
  readonly pollMs: number;
}

export type Case = KnownFile | MissingFile | UnknownFile | NewFile | OtherText | OutOfSight | LostTail;

export type Verdict =
  /** The file is the tail's; `as`: found again, seen to have changed, readable again, or nothing new. */
  | { readonly do: 'keep'; readonly as: 'placed' | 'changed' | 'readable' | 'unchanged' }
  /** What was seen behind the file's end is told as missing; then the file is the tail's. */
  | { readonly do: 'tell the cut' }
  /** What was seen and cut off, unread, is remembered for a copy of it; then the file is the tail's. */
  | { readonly do: 'remember the cut' }
  /** The tail's text is another one: that case decides. */
  | { readonly do: 'compare' }
  /** The tail has no file any more. `size`: how long its text is known to have been. */
  | {
      readonly do: 'lose';
      readonly reason: LossReason;
      readonly size: number | undefined;
      readonly isDoubtful: boolean;
      /** The file is never followed again. */
      readonly isSpent?: true;
    }
  /** The tail goes on in the file out of sight. */
  | { readonly do: 'unlink' }
  /** The tail that was found goes on in this file. */
  | { readonly do: 'place' }
  /** A new tail begins there. */
  | { readonly do: 'follow'; readonly from: ByteOffset | 'end' }
  /** The tail out of sight goes on in this file, and another watches the old one. */
  | { readonly do: 'go on' }
  /** The original is lost, and the file is looked at once more. */
  | { readonly do: 'lose the original' }
  /** The file is held as a copy. */
  | { readonly do: 'hold' }
  /** As unknown as before; `again`: another look may tell soon. */
  | { readonly do: 'wait'; readonly isUndecided?: true; readonly again?: true }
  /** The file continues nothing; whether it is new is another question. */
  | { readonly do: 'ask further' }
  | { readonly do: 'ignore' }
  /** It has changed, and is to be read. */
  | { readonly do: 'read on' }
  /** Its last line is whole without a newline. */
  | { readonly do: 'finish' }
  | { readonly do: 'tell the gap' }
  /** It is known what became of the rest. */
  | { readonly do: 'end' }
  | { readonly do: 'forget'; readonly how: 'at once' | 'in the journal, too' | 'read elsewhere' };

export interface Row {
  readonly of: Case['of'];
  readonly name: string;
  readonly when: (known: never) => boolean;
  readonly then: (known: never) => Verdict;
}

// copytruncate truncates when the copy is done; a copy that has not changed for
// this long, beside a file that still stands, is a file of its own.
export const HOLD_MS = 60_000;
// A file moved out of sight can be written to until its writer opens a new one.
const HIDDEN_MS = 600_000;
// gzip of a large file, or a move to another volume, takes its time.
export const FORGET_MS = 600_000;
// While its directory or volume is away, so is the file: neither missing nor gone.
const AWAY_TOLD_MS = 3_600_000;
const AWAY_FORGET_MS = 7 * 86_400_000;

const keep = (as: 'placed' | 'changed' | 'readable' | 'unchanged') => (): Verdict => ({ do: 'keep', as });
const wait = (): Verdict => ({ do: 'wait', isUndecided: true });
const lose = (reason: LossReason, size: number | undefined, isDoubtful = false): Verdict => ({
  do: 'lose',
  reason,
  size,
  isDoubtful,
});

export const RULES: readonly Row[] = [
  ...rowsFor<KnownFile>('known file', [
    ['inode used again', (c) => c.isUnread && c.hasOtherBirth, (c) => lose('deleted', c.knownSize)],
    ['cut behind what was read', (c) => c.hasShrunk && c.text === 'holds' && c.wasRead, () => ({ do: 'tell the cut' })],
    ['cut before it was read', (c) => c.hasShrunk && c.text === 'holds', () => ({ do: 'remember the cut' })],
    ['truncated', (c) => c.hasShrunk && c.text !== 'unknown', (c) => lose('truncated', c.knownSize)],
    ['delivered, then changed', (c) => c.isDeliveredAndChanged && c.text === 'other', () => ({ do: 'compare' })],
    ['found again', (c) => !c.isWhereItWas, keep('placed')],
    ['grown', (c) => c.hasChanged, keep('changed')],
    ['readable again', (c) => c.isBlocked, keep('readable')],
    ['as it was', () => true, keep('unchanged')],
  ]),
  ...rowsFor<MissingFile>('missing file', [
    ['absence not proven', (c) => !c.isProven, () => ({ do: 'wait' })],
    ['out of sight', (c) => c.isOpen && c.isWhole, () => ({ do: 'unlink' })],
    ['truncated out of sight', (c) => c.isOpen, (c) => lose('truncated', c.knownSize)],
    ['gone', () => true, (c) => lose('deleted', c.seenSize)],
  ]),
  ...rowsFor<UnknownFile>('unknown file', [
    ['shredded before', (c) => c.isSpent, () => ({ do: 'ignore' })],
    ['unreadable', (c) => c.evidence === 'unreadable', wait],
    ['continues a tail', (c) => c.evidence === 'continues', () => ({ do: 'place' })],
    ['copied just before the end', (c) => c.evidence === 'part', (c) => ({ do: 'follow', from: c.offset })],
    ['shredded unseen', (c) => c.evidence === 'shredded' && c.isRotated, () => ({ do: 'ignore' })],
    ['continues nothing', () => true, () => ({ do: 'ask further' })],
  ]),
  ...rowsFor<NewFile>('new file', [
    ['a tail was lost meanwhile', (c) => c.mayContinue, () => ({ do: 'wait', isUndecided: true, again: true })],
    ['nobody asked for it', (c) => c.wanted === 'no', () => ({ do: 'ignore' })],
    ['being compressed', (c) => c.wanted === 'later', wait],
    [
      'known as a copy',
      (c) => c.heldMs !== undefined && c.heldMs < HOLD_MS && c.originalStands,
      () => ({ do: 'hold' }),
    ],
    ['not compared yet', (c) => c.evidence === 'not asked', () => ({ do: 'ask further' })],
    ['cannot be compared', (c) => c.evidence === 'unclear', wait],
    ['copy of a log written anew', (c) => c.evidence === 'original changed', () => ({ do: 'lose the original' })],
    ['changed since the look', (c) => c.evidence === 'none' && c.hasChangedSince, wait],
    ['skipped at the first start', (c) => c.evidence === 'none' && c.isSkipped, () => ({ do: 'follow', from: 'end' })],
    ['new', (c) => c.evidence === 'none', () => ({ do: 'follow', from: 0 })],
    ['copied back', (c) => c.isLive && c.original === 'read out of sight', () => ({ do: 'go on' })],
    ['copy', (c) => (c.heldMs ?? 0) < HOLD_MS || c.original !== 'in sight' || !c.isMatched, () => ({ do: 'hold' })],
    ['copy that stays', (c) => c.isLong, () => ({ do: 'follow', from: 'end' })],
    ['short file that begins alike', () => true, () => ({ do: 'follow', from: 0 })],
  ]),
  ...rowsFor<OtherText>('other text', [
    [
      'shredded after delivery',
      (c) => c.isShredded && c.isRotated && c.isDelivered,
      (c) => ({ do: 'lose', reason: 'overwritten', size: c.offset, isDoubtful: false, isSpent: true }),
    ],
    [
      'shredded before delivery',
      (c) => c.isShredded && c.isRotated,
      () => ({ do: 'lose', reason: 'overwritten', size: undefined, isDoubtful: true, isSpent: true }),
    ],
    [
      'changed more than once',
      (c) => c.sights > 1,
      (c) => lose(c.isShorter ? 'truncated' : 'overwritten', undefined, true),
    ],
    ['cut and written anew', (c) => c.isShorter, (c) => lose('truncated', c.readSize, true)],
    ['overwritten', () => true, (c) => lose('overwritten', c.readSize, true)],
  ]),
  ...rowsFor<OutOfSight>('out of sight', [
    ['written to out of sight', (c) => c.isOpen && c.hasChanged, () => ({ do: 'read on' })],
    ['being read out of sight', (c) => c.isOpen && c.isReady, () => ({ do: 'wait' })],
    ['deleted just now', (c) => c.isOpen && c.isDeleted && c.quietMs < c.pollMs, () => ({ do: 'wait' })],
    ['moved away', (c) => c.isOpen && !c.isDeleted && c.quietMs < HIDDEN_MS, () => ({ do: 'wait' })],
    ['last line may go on', (c) => c.isOpen && c.mayGoOn && c.quietMs < HIDDEN_MS, () => ({ do: 'wait' })],
    ['last line', (c) => c.isOpen && !c.isFinished && !c.hasCopy, () => ({ do: 'finish' })],
    ['twin that has read nothing', (c) => c.isTwin, () => ({ do: 'forget', how: 'at once' })],
    ['read and let go', (c) => c.isOpen, (c) => lose('deleted', c.readSize)],
    ['closed to make room', () => true, (c) => lose('deleted', c.seenSize)],
  ]),
  ...rowsFor<LostTail>('lost tail', [
    ['read under another name', (c) => isDue(c) && c.isReadElsewhere, () => ({ do: 'forget', how: 'read elsewhere' })],
    ['text is missing', isDue, () => ({ do: 'tell the gap' })],
    ['nothing is missing', (c) => !c.isEnded && (!c.isMissingText || c.isTold), () => ({ do: 'end' })],
    ['may come back', (c) => c.lostMs < (c.isAway ? AWAY_FORGET_MS : FORGET_MS), () => ({ do: 'wait' })],
    ['its shredded file is there', (c) => c.isSpentFileThere, () => ({ do: 'wait' })],
    ['over', (c) => c.isJournaled, () => ({ do: 'forget', how: 'in the journal, too' })],
    ['over, and never read', () => true, () => ({ do: 'forget', how: 'at once' })],
  ]),
];

/** The rows of one case in order: name, when it holds, what is done. */
function rowsFor<C extends Case>(
  of: C['of'],
  rows: readonly (readonly [name: string, when: (known: C) => boolean, then: (known: C) => Verdict])[],
): Row[] {
  return rows.map(([name, when, then]) => ({ of, name, when, then }) as unknown as Row);
}

/** Text is missing, a copy of it has had its time to appear, and no file is left that may be one. */
export function isDue({
  isMissingText,
  isTold,
  lostMs,
  isAway,
  isUndecided,
  pollMs,
}: Omit<LostTail, 'isReadElsewhere'>): boolean {
  const patienceMs = isAway ? AWAY_TOLD_MS : 2 * pollMs;
  return isMissingText && !isTold && lostMs >= patienceMs && !(isUndecided && lostMs < FORGET_MS);
}

/** What the first row says that holds. */
export function decide(
  known: Case,
  rules: readonly Row[] = RULES,
): { readonly row: string; readonly verdict: Verdict } {
  for (const { of, name, when, then } of rules) {
    if (of === known.of && when(known as never)) return { row: name, verdict: then(known as never) };
  }
  return { row: 'none', verdict: { do: 'wait' } };
}
