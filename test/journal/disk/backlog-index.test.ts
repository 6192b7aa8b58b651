import test from 'ava';
import { BacklogIndex } from '../../../src/journal/disk/backlog-index.js';

function filled(entries: number): BacklogIndex {
  const backlogIndex = new BacklogIndex();
  for (let entry = 1; entry <= entries; entry += 1) {
    backlogIndex.note({ entry, atMs: entry * 10, messages: (entry - 1) * 3 });
  }
  return backlogIndex;
}

test('what was noted is known exactly', (t) => {
  const backlogIndex = filled(100);
  const end = { entry: 101, messages: 300 };
  t.is(backlogIndex.messages(1, end), 0);
  t.is(backlogIndex.messages(50, end), 147);
  t.is(backlogIndex.messages(101, end), 300);
  t.is(backlogIndex.atMs(50), 500);
});

test('a million notes are thinned, and what lies between two is estimated', (t) => {
  const backlogIndex = filled(1_000_000);
  const end = { entry: 1_000_001, messages: 3_000_000 };
  backlogIndex.forget(400_000);
  for (const entry of [400_001, 654_321, 999_999]) {
    t.true(Math.abs(backlogIndex.messages(entry, end) - (entry - 1) * 3) <= 1);
    t.true(Math.abs((backlogIndex.atMs(entry) ?? 0) - entry * 10) <= 10 * 512);
  }
});

test('nothing noted is nothing known', (t) => {
  const backlogIndex = new BacklogIndex();
  t.is(backlogIndex.atMs(1), undefined);
  t.is(backlogIndex.messages(1, { entry: 1, messages: 0 }), 0);
});
