import test from 'ava';
import { Tail } from '../../../src/source/read/tail.js';
import { Tails } from '../../../src/source/read/tail-registry.js';

/** A followed log of its own, empty as yet. */
function tailOf(n: number): Tail {
  const path = `/logs/${n}.log`;
  const tailId = String(n).padStart(16, '0');
  const identity = { inode: n, device: 1, birthtimeMs: 0, head: '', last: '' };
  return new Tail(
    { tailId, source: 'main', path, offset: 0, identity },
    { maxLineBytes: 1024, partialLineTimeoutMs: 10_000 },
    {
      lineage: path,
      age: n,
      bornLook: 1,
      journaled: false,
      place: { name: 'placed', key: `1:${n}`, size: 0, stamp: '' },
    },
  );
}

test('a log with something to read waits for no others that only have a position to tell, and those get their turn', (t) => {
  const tails = new Tails();
  for (let n = 1; n <= 1_000; n++) {
    const tail = tailOf(n);
    tails.add(tail);
    tail.tellPosition();
    tails.announce(tail);
  }
  const log = tailOf(1_001);
  tails.add(log);
  tails.wake(log);

  t.is(tails.next(), log);
  const turns = Array.from({ length: 80 }, () => {
    const tail = tails.next()!;
    if (tail !== log) tail.announce(0);
    return tail;
  });
  const told = turns.filter((tail) => tail !== log);
  t.true(told.length >= 5 && told.length <= 20, `${told.length} told`);
  t.is(new Set(told).size, told.length);

  log.rest();
  for (let n = 0; n < 1_000 - told.length; n++) tails.next()!.announce(0);
  t.is(tails.next(), undefined);
});
