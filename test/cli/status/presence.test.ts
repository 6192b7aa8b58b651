import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync, readdirSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { presenceOf } from '../../../src/cli/status/presence.js';
import { takeLock } from '../../../src/journal/disk/lock.js';
import { temporaryDirectory } from '../../support/files.js';
import { ManualClock } from '../../support/manual-clock.js';
import { NOW_MS, stateWith, WELL } from '../../support/sample-state.js';

const listen = { host: '127.0.0.1', port: 9614 };
const ours = { ...WELL, pid: process.pid };
const later = (ms: number) => NOW_MS + ms;

function journalPlace(t: ExecutionContext) {
  const directory = temporaryDirectory(t);
  const lock = join(directory, 'lock');
  mkdirSync(lock);
  return { directory, listen, lock };
}

async function lockedPlace(t: ExecutionContext) {
  const place = journalPlace(t);
  const lock = await takeLock(place.lock, { clock: new ManualClock(NOW_MS), random: randomBytes });
  t.teardown(() => lock.release());
  return place;
}

test('an agent whose state is fresh is present, also in a container whose processes are not seen from here', async (t) => {
  t.deepEqual(await presenceOf(journalPlace(t), ours, later(5_000)), { name: 'present' });
  const elsewhere = { ...WELL, pid: 2 ** 30 };
  t.deepEqual(await presenceOf(await lockedPlace(t), elsewhere, later(5_000)), { name: 'present' });
});

test('without a lock on the journal no agent is present, whatever status.json says', async (t) => {
  const place = journalPlace(t);
  const gone = { ...WELL, pid: 2 ** 30 };
  t.deepEqual(await presenceOf(place, gone, NOW_MS), { name: 'absent' });
  t.deepEqual(await presenceOf(place, ours, later(31_000)), { name: 'absent' });
  t.deepEqual(await presenceOf(place, stateWith({ delivery: { link: { name: 'stopped' } } }), NOW_MS), {
    name: 'absent',
  });
  t.deepEqual(await presenceOf({ directory: join(place.directory, 'none'), listen }, undefined, NOW_MS), {
    name: 'absent',
  });
});

test('an agent that holds the journal and writes no new state is silent, with what to do and where else to look', async (t) => {
  const place = await lockedPlace(t);
  const found = await presenceOf(place, ours, later(600_000));
  t.deepEqual(found, {
    name: 'silent',
    pid: process.pid,
    verdict: 'PROBLEM',
    reason: `it could not write to ${place.directory}`,
    remedy: 'its log says why: journalctl -u openemr-audit-forwarder; its present state is at http://127.0.0.1:9614/',
  });
  t.deepEqual(await presenceOf(place, undefined, later(600_000)), found);
  t.is(readdirSync(place.lock).length, 1);
});

test('an agent that has just started is WAITING', async (t) => {
  const place = await lockedPlace(t);
  const stopped = stateWith({ delivery: { link: { name: 'stopped' } } });
  for (const left of [undefined, stopped, { ...WELL, writtenAtMs: NOW_MS - 86_400_000 }]) {
    t.like(await presenceOf(place, left, later(1_000)), { name: 'silent', verdict: 'WAITING', pid: process.pid });
  }
});

test('an agent that does not answer hangs', async (t) => {
  const place = journalPlace(t);
  const mute = createServer();
  mute.listen(join(place.lock, '0123456789abcdef'));
  await once(mute, 'listening');
  t.teardown(() => mute.close());
  const found = await presenceOf(place, { ...WELL, pid: 2 ** 30 }, later(600_000));
  t.like(found, { name: 'silent', verdict: 'PROBLEM', pid: 2 ** 30 });
  t.regex(found.name === 'silent' ? found.reason : '', /does not answer/);
});
