import test from 'ava';
import { ConnectionCount } from '../../src/delivery/state.js';
import { ManualClock } from '../support/manual-clock.js';

const HOUR_MS = 3_600_000;

test('connections older than a day leave the count of the day, never the count of all', async (t) => {
  const clock = new ManualClock();
  const connections = new ConnectionCount(clock);
  for (let hour = 0; hour < 30; hour += 1) {
    connections.add();
    connections.add();
    await clock.advance(HOUR_MS);
  }
  t.deepEqual(connections.counts, { made: 60, lastDay: 46 });
  await clock.advance(24 * HOUR_MS);
  t.deepEqual(connections.counts, { made: 60, lastDay: 0 });
});
