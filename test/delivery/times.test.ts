import test from 'ava';
import { DELIVERY_TIMES } from '../../src/delivery/times.js';
import { LEAST, load } from '../support/config.js';

test('by the times as they are a dead network is found within a minute, whatever the agent does just then', async (t) => {
  const { delivery } = await load(LEAST);
  const { connectMs, handshakeMs, stallMs } = DELIVERY_TIMES;
  // It sends little: the kernel takes it, and at the end of the epoch the next link cannot be made.
  t.true(delivery.epochIntervalMs + Math.max(connectMs, handshakeMs) <= 60_000);
  // It waits, for room or for an answer: looked at five times in that time.
  t.true((stallMs * 6) / 5 <= 60_000);
});
