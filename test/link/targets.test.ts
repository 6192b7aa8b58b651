import test from 'ava';
import type { Network } from '../../src/lib/network.js';
import { HOLD_OFF_MS, Targets } from '../../src/link/targets.js';
import { ManualClock } from '../support/manual-clock.js';

const first = { host: 'one.example', port: 6514 };
const second = { host: 'two.example', port: 6515 };
const names: Readonly<Record<string, readonly string[]>> = {
  'one.example': ['192.0.2.1', '192.0.2.2'],
  'two.example': ['2001:db8::1'],
};
const lookup: Network['lookup'] = async (host) => {
  const addresses = names[host];
  if (addresses === undefined) throw Object.assign(new Error(`getaddrinfo ENOTFOUND ${host}`), { code: 'ENOTFOUND' });
  return addresses;
};

async function order(targets: Targets): Promise<string[]> {
  return (await targets.inOrder()).targets.map(({ address }) => address);
}

test('collectors come in the order of preference, each with all its addresses', async (t) => {
  const targets = new Targets([first, second], lookup, new ManualClock());
  t.deepEqual(await order(targets), ['192.0.2.1', '192.0.2.2', '2001:db8::1']);
});

test('an address that has failed comes after all others until it has been held off long enough', async (t) => {
  const clock = new ManualClock();
  const targets = new Targets([first, second], lookup, clock);
  targets.failed({ ...first, address: '192.0.2.1' });
  t.deepEqual(await order(targets), ['192.0.2.2', '2001:db8::1', '192.0.2.1']);
  await clock.advance(HOLD_OFF_MS);
  t.deepEqual(await order(targets), ['192.0.2.1', '192.0.2.2', '2001:db8::1']);
});

test('an address that accepts connections and acknowledges nothing is held off longer each time, up to a quarter of an hour', async (t) => {
  const clock = new ManualClock();
  const targets = new Targets([first], lookup, clock);
  const target = { ...first, address: '192.0.2.1' };
  const heldOffMin: number[] = [];
  for (let link = 1; link <= 7; link += 1) {
    targets.unacknowledged(target);
    let minutes = 0;
    for (; (await order(targets))[0] !== target.address; minutes += 1) await clock.advance(60_000);
    heldOffMin.push(minutes);
  }
  t.deepEqual(heldOffMin, [1, 2, 4, 8, 16, 16, 16]);
  targets.acknowledged(target);
  targets.unacknowledged(target);
  await clock.advance(60_000);
  t.is((await order(targets))[0], target.address, 'an acknowledgement forgets them all');
});

test('an address that does not accept connections is tried each minute, however long it is down', async (t) => {
  const clock = new ManualClock();
  const targets = new Targets([first], lookup, clock);
  for (let look = 1; look <= 10; look += 1) {
    targets.failed({ ...first, address: '192.0.2.1' });
    await clock.advance(60_000);
    t.is((await order(targets))[0], '192.0.2.1');
  }
});

test('an acknowledgement clears the failure', async (t) => {
  const targets = new Targets([first], lookup, new ManualClock());
  const target = { ...first, address: '192.0.2.1' };
  targets.failed(target);
  targets.acknowledged(target);
  t.deepEqual(await order(targets), ['192.0.2.1', '192.0.2.2']);
});

test('a name that does not resolve is reported and does not keep the next collector from being tried', async (t) => {
  const targets = new Targets([{ host: 'nobody.example', port: 1 }, second], lookup, new ManualClock());
  const found = await targets.inOrder();
  t.deepEqual(found.targets, [{ ...second, address: '2001:db8::1' }]);
  t.deepEqual(
    found.failures.map(({ code }) => code),
    ['unknown-host'],
  );
});

test('an address needs no resolver', async (t) => {
  const targets = new Targets([{ host: '192.0.2.9', port: 6514 }], () => t.fail() as never, new ManualClock());
  t.deepEqual(await order(targets), ['192.0.2.9']);
});

test('a resolver that hangs is given up when the signal aborts', async (t) => {
  const stop = new AbortController();
  const targets = new Targets([first], () => new Promise(() => undefined), new ManualClock());
  const asked = targets.inOrder(stop.signal);
  stop.abort();
  t.deepEqual(
    (await asked).failures.map(({ code }) => code),
    ['abandoned'],
  );
});

test('a better collector is preferred once it has not failed for a while, an equal address is not', async (t) => {
  const clock = new ManualClock();
  const targets = new Targets([first, second], lookup, clock);
  const present = { ...second, address: '2001:db8::1' };
  for (const address of names['one.example'] ?? []) targets.failed({ ...first, address });
  t.is(await targets.preferredTo(present), undefined);
  await clock.advance(HOLD_OFF_MS);
  t.deepEqual(await targets.preferredTo(present), { ...first, address: '192.0.2.1' });
  t.is(await targets.preferredTo({ ...first, address: '192.0.2.2' }), undefined);
});

test('an address that DNS no longer names is left for one that it does', async (t) => {
  const targets = new Targets([first], lookup, new ManualClock());
  t.deepEqual(await targets.preferredTo({ ...first, address: '192.0.2.77' }), { ...first, address: '192.0.2.1' });
});
