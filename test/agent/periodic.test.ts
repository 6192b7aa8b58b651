import test from 'ava';
import { ClockWatch } from '../../src/agent/periodic.js';
import type { ClockSync } from '../../src/lib/clock.js';
import { Problems } from '../../src/lib/problems.js';
import { ManualClock } from '../support/manual-clock.js';
import { silent } from '../support/silent.js';

test('a clock that is not synchronised is logged once, when it stays so, and when it is over', async (t) => {
  const clock = new ManualClock();
  const answers: ClockSync[] = ['unknown', 'unsynchronised', 'unsynchronised', 'unsynchronised', 'synchronised'];
  const said: string[] = [];
  const stop = new AbortController();
  t.teardown(() => stop.abort());
  const report = { ...silent, warning: () => void said.push('warned'), notice: () => void said.push('over') };
  const watch = new ClockWatch(async () => answers.shift() ?? 'synchronised', {
    clock,
    problems: new Problems(clock).of(report),
  });
  void watch.keep(stop.signal);
  const seen: string[] = [];
  for (let turn = 0; turn < 6; turn++) {
    await new Promise(setImmediate);
    seen.push(`${watch.present}${said.splice(0).map((word) => `, ${word}`)}`);
    await clock.advance(5 * 60_000);
  }
  t.deepEqual(seen, [
    'unknown',
    'unsynchronised',
    'unsynchronised, warned',
    'unsynchronised',
    'synchronised, over',
    'synchronised',
  ]);
});
