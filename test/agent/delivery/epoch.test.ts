import { createHash } from 'node:crypto';
import test from 'ava';
import { Epoch } from '../../../src/agent/delivery/epoch.js';
import type { Batch } from '../../../src/agent/delivery/outbox.js';
import { ManualClock } from '../../support/manual-clock.js';
import { TAIL_ID } from '../../support/positions.js';

const RUN = '00112233445566ff';

function batch(seq: number, change: Partial<Batch> = {}): Batch {
  const message = `id="${TAIL_ID}:${seq * 100}"`;
  return {
    frames: Buffer.from(`${message.length} ${message}`),
    count: 1,
    first: { run: RUN, seq },
    origin: { tailId: TAIL_ID, path: '/var/log/audit.log', from: 0, to: 5_000 },
    mark: { entry: seq, messages: 0 },
    ...change,
  };
}

test('an epoch ages from its first message on', async (t) => {
  const clock = new ManualClock();
  const epoch = new Epoch(() => clock.monotonicMs());
  await clock.advance(500);
  t.true(epoch.isEmpty);
  t.is(epoch.ageMs, 0);
  epoch.add(batch(1));
  await clock.advance(70);
  t.is(epoch.ageMs, 70);
  t.false(epoch.isEmpty);
});

test('it tells what went out: bytes, messages, stretches of seqs, and the digest of the frames', (t) => {
  const epoch = new Epoch(() => 0);
  const batches = [batch(1), batch(2), batch(7), batch(1, { first: { run: 'ffffffffffffffff', seq: 1 } })];
  for (const one of batches) epoch.add(one);
  const frames = Buffer.concat(batches.map((one) => one.frames));
  t.is(epoch.bytes, frames.length);
  t.is(epoch.messages, 4);
  t.deepEqual(epoch.stretches, [
    { run: RUN, first: 1, last: 2 },
    { run: RUN, first: 7, last: 7 },
    { run: 'ffffffffffffffff', first: 1, last: 1 },
  ]);
  t.is(epoch.digest(), createHash('sha256').update(frames).digest('hex'));
});

test('a range of a file is claimed with the last message of its entry, and not before', (t) => {
  const epoch = new Epoch(() => 0);
  epoch.add(batch(1, { mark: { entry: 0, messages: 1 } }));
  t.true(epoch.endsInsideEntry);
  t.deepEqual(epoch.origins, []);
  epoch.add(batch(2, { mark: { entry: 1, messages: 0 } }));
  t.false(epoch.endsInsideEntry);
  t.deepEqual(epoch.origins, [{ tailId: TAIL_ID, path: '/var/log/audit.log', from: 0, to: 5_000 }]);
});

test('ranges that touch are one, and others stay apart', (t) => {
  const epoch = new Epoch(() => 0);
  const origin = (from: number, to: number) => ({ tailId: TAIL_ID, path: '/a', from, to });
  epoch.add(batch(1, { origin: origin(0, 10) }));
  epoch.add(batch(2, { origin: origin(10, 20) }));
  epoch.add(batch(3, { origin: origin(50, 60) }));
  t.deepEqual(epoch.origins, [origin(0, 20), origin(50, 60)]);
});

test('its first message is known with the place of its line, not of its entry', (t) => {
  const epoch = new Epoch(() => 0);
  t.is(epoch.beginning, undefined);
  epoch.add(batch(31));
  epoch.add(batch(32));
  t.deepEqual(epoch.beginning, { name: { run: RUN, seq: 31 }, path: '/var/log/audit.log', offset: 3_100 });
});

test('a message of the agent’s own comes from no file', (t) => {
  const epoch = new Epoch(() => 0);
  epoch.add(batch(1, { origin: undefined }));
  t.deepEqual(epoch.beginning, { name: { run: RUN, seq: 1 }, path: '', offset: 0 });
  t.deepEqual(epoch.origins, []);
});
