import test from 'ava';
import type { View } from '../../../src/source/find/snapshot.js';
import { Absence } from '../../../src/source/match/missing-files.js';
import type { Descriptors } from '../../../src/source/read/open-files.js';
import { Tail } from '../../../src/source/read/tail.js';
import { Tails } from '../../../src/source/read/tail-registry.js';
import type { Notice } from '../../../src/source/types.js';
import { ManualClock } from '../../support/manual-clock.js';
import { silent } from '../../support/silent.js';

const QUIET_MS = 5_000;

test('what is lost while a look is under way is not told before another look could find it', async (t) => {
  const clock = new ManualClock();
  const notices: Notice[] = [];
  const told: { readonly remedy?: string }[] = [];
  const warning = (_message: string, facts = {}) => {
    told.push(facts);
  };
  const tails = new Tails();
  tails.add(lostTail(clock.monotonicMs()));
  const absence = new Absence(
    {
      tails,
      descriptors: {} as Descriptors,
      clock,
      report: { ...silent, warning },
      notice: (notice) => notices.push(notice),
    },
    { quietMs: QUIET_MS, hasCopy: () => false, isUndecided: () => false },
  );
  const lookedMs = clock.monotonicMs();

  await clock.advance(3 * QUIET_MS);
  await absence.tend(nothing, lookedMs);
  t.deepEqual(notices, []);

  await absence.tend(nothing, clock.monotonicMs());
  t.like(notices, [{ kind: 'gap', fromOffset: 0, toOffset: 25, reason: 'deleted' }]);
  t.like(told, [{ path: '/logs/audit.log', reason: 'deleted' }]);
  t.regex(told[0]?.remedy ?? '', /openemr-audit-forwarder check/);
});

const nothing = { files: new Map(), deviceAt: () => 1 } as unknown as View;

function lostTail(sinceMs: number): Tail {
  const identity = { inode: 2, device: 1, birthtimeMs: 0, head: '', last: '' };
  return new Tail(
    { tailId: '00000000000000aa', source: 'main', path: '/logs/audit.log', offset: 0, identity },
    { maxLineBytes: 1024, partialLineTimeoutMs: 10_000 },
    {
      lineage: '/logs/audit.log',
      age: 1,
      bornLook: 1,
      journaled: true,
      place: { name: 'lost', sinceMs, reason: 'deleted', size: 25, doubtful: false, told: false },
    },
  );
}
