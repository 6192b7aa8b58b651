import { createHash } from 'node:crypto';
import test from 'ava';
import fc from 'fast-check';
import {
  doubled,
  Epoch,
  type EpochHistory,
  type EpochLimit,
  EpochSize,
  epochIsOver,
  epochLimit,
  epochRoom,
  halved,
} from '../../src/delivery/epoch.js';
import type { Batch } from '../../src/delivery/outbox.js';
import type { Dialled } from '../../src/link/dial.js';
import { ManualClock } from '../support/manual-clock.js';
import { TAIL_ID } from '../support/positions.js';

const TARGET = { host: 'hie.example.org', address: '192.0.2.1', port: 6514 };
const RUN = '00112233445566ff';

function batch(seq: number, change: Partial<Batch> = {}): Batch {
  const message = `id="${TAIL_ID}:${seq * 100}"`;
  return {
    frames: Buffer.from(`${message.length} ${message}`),
    count: 1,
    repeated: 0,
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
  const by = { target: TARGET, link: { peer: { fingerprint: 'sha-256:00' } } } as unknown as Dialled;
  t.like(epoch.receipt(by, 'fin'), {
    ...{
      collector: 'hie.example.org:6514',
      address: '192.0.2.1',
      fingerprint: 'sha-256:00',
      level: 'fin',
      messages: 4,
    },
    sha256: createHash('sha256').update(frames).digest('hex'),
  });
});

test('a range of a file is claimed with the last message of its entry, and not before', (t) => {
  const epoch = new Epoch(() => 0);
  epoch.add(batch(1, { mark: { entry: 0, messages: 1 } }));
  t.true(epoch.endsInsideEntry);
  t.deepEqual(epoch.tails, []);
  epoch.add(batch(2, { mark: { entry: 1, messages: 0 } }));
  t.false(epoch.endsInsideEntry);
  t.deepEqual(epoch.tails, [{ tail: TAIL_ID, path: '/var/log/audit.log', from: 0, to: 5_000 }]);
});

test('ranges that touch are one, and others stay apart', (t) => {
  const epoch = new Epoch(() => 0);
  const range = (from: number, to: number) => ({ tail: TAIL_ID, path: '/a', from, to });
  const origin = (from: number, to: number) => ({ tailId: TAIL_ID, path: '/a', from, to });
  epoch.add(batch(1, { origin: origin(0, 10) }));
  epoch.add(batch(2, { origin: origin(10, 20) }));
  epoch.add(batch(3, { origin: origin(50, 60) }));
  t.deepEqual(epoch.tails, [range(0, 20), range(50, 60)]);
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
  t.deepEqual(epoch.tails, []);
});

const KiB = 1024;
const options = { epochBytes: 1024 * KiB, epochIntervalMs: 30_000 };

test('an agent that starts with a backlog begins with little and doubles it with each acknowledgement', (t) => {
  const size = new EpochSize(options, true);
  const limits: EpochLimit[] = [];
  for (let epoch = 1; epoch <= 6; epoch += 1) {
    limits.push(size.limit(false));
    size.acknowledged();
  }
  t.deepEqual(
    limits.map(({ bytes, strict, alone }) => [bytes / KiB, strict, alone]),
    [
      [64, true, true],
      [128, true, true],
      [256, true, true],
      [512, true, true],
      [1024, false, false],
      [1024, false, false],
    ],
  );
});

test('the first epochs after a start take whole entries, for the cursor moves by these', (t) => {
  const limit = new EpochSize(options, true).limit(false);
  t.true(epochRoom(limit, 63 * KiB) > 256 * KiB);
  t.is(epochRoom(new EpochSize(options, true).limit(true), 63 * KiB), KiB, 'but for those that teach the level');
});

test('without a backlog only the first epoch is short', (t) => {
  const size = new EpochSize(options, false);
  t.like(size.limit(false), { bytes: 64 * KiB, intervalMs: 1_000, alone: false });
  size.acknowledged();
  t.like(size.limit(false), { bytes: 1024 * KiB, intervalMs: 30_000, strict: false });
});

test('a failure after such a start makes the epoch smaller still', (t) => {
  const size = new EpochSize(options, true);
  size.acknowledged();
  size.failed(100 * KiB);
  t.like(size.limit(false), { bytes: 50 * KiB, alone: true, cuts: true });
  size.acknowledged();
  t.like(size.limit(false), { bytes: 100 * KiB });
});

const limits = { epochBytes: 4 * 1024 * 1024, epochIntervalMs: 30_000 };
const bold: EpochHistory = { learning: false, first: false, slowStartBytes: undefined, reducedBytes: undefined };
const MiB = 1024 * 1024;

test('a full epoch ends when it is a second old, and at 64 MiB in any case', (t) => {
  const limit = epochLimit(limits, bold);
  t.false(epochIsOver(limit, 4 * MiB, 999));
  t.true(epochIsOver(limit, 4 * MiB, 1000));
  t.true(epochIsOver(limit, 64 * MiB, 1));
  t.is(epochRoom(limit, 60 * MiB), 4 * MiB);
});

test('an epoch that does not fill ends at its interval', (t) => {
  const limit = epochLimit(limits, bold);
  t.false(epochIsOver(limit, 1, 29_999));
  t.true(epochIsOver(limit, 1, 30_000));
});

test('a collector of unknown level is asked after 64 KiB or a second', (t) => {
  const limit = epochLimit(limits, { ...bold, learning: true });
  t.true(epochIsOver(limit, 64 * 1024, 0));
  t.true(epochIsOver(limit, 1, 1000));
  t.is(epochRoom(limit, 0), 64 * 1024);
});

test('failures halve the epoch down to a single message', (t) => {
  let reduced: number | undefined;
  const sizes: number[] = [];
  for (let failures = 0; failures < 24; failures += 1) {
    reduced = halved(reduced, reduced ?? 64 * MiB, limits);
    sizes.push(reduced);
  }
  t.is(sizes[0], 2 * MiB);
  t.is(sizes.at(-1), 1);
  t.true(epochIsOver(epochLimit(limits, { ...bold, reducedBytes: 1 }), 366, 0));
});

test('successes double it until the configured size is reached again', (t) => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: limits.epochBytes }), (start) => {
      let reduced: number | undefined = start;
      let steps = 0;
      while (reduced !== undefined) {
        const next = doubled(reduced, limits);
        t.true(next === undefined || next > reduced);
        reduced = next;
        steps += 1;
      }
      t.true(steps <= 12);
    }),
  );
});
