import test from 'ava';
import { Milestones } from '../../../src/journal/disk/backlog-index.js';

function filled(entries: number): Milestones {
  const milestones = new Milestones();
  for (let entry = 1; entry <= entries; entry += 1) {
    milestones.note({ entry, atMs: entry * 10, messages: (entry - 1) * 3 });
  }
  return milestones;
}

test('what was noted is known exactly', (t) => {
  const milestones = filled(100);
  const end = { entry: 101, messages: 300 };
  t.is(milestones.messages(1, end), 0);
  t.is(milestones.messages(50, end), 147);
  t.is(milestones.messages(101, end), 300);
  t.is(milestones.atMs(50), 500);
});

test('a million notes are thinned, and what lies between two is estimated', (t) => {
  const milestones = filled(1_000_000);
  const end = { entry: 1_000_001, messages: 3_000_000 };
  milestones.forget(400_000);
  for (const entry of [400_001, 654_321, 999_999]) {
    t.true(Math.abs(milestones.messages(entry, end) - (entry - 1) * 3) <= 1);
    t.true(Math.abs((milestones.atMs(entry) ?? 0) - entry * 10) <= 10 * 512);
  }
});

test('nothing noted is nothing known', (t) => {
  const milestones = new Milestones();
  t.is(milestones.atMs(1), undefined);
  t.is(milestones.messages(1, { entry: 1, messages: 0 }), 0);
});
