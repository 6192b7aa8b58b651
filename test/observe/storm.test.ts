import test from 'ava';
import { Storm } from '../../src/observe/storm.js';
import { ManualClock } from '../support/manual-clock.js';

function storm(t: { readonly told: number[] }) {
  const clock = new ManualClock();
  const made = new Storm({ clock, limit: 3, windowMs: 60_000 });
  const say = (message: string, times: number) => {
    let passed = 0;
    for (let turn = 0; turn < times; turn++) if (made.admits(message, (more) => t.told.push(more))) passed++;
    return passed;
  };
  return { clock, say, close: () => made.close() };
}

test('of one message only so many pass in a minute, and the rest is told once, when it is over', async (t) => {
  const told: number[] = [];
  const { clock, say } = storm({ told });

  t.is(say('lost', 10), 3);
  await clock.advance(59_999);
  t.is(say('lost', 5), 0);
  t.deepEqual(told, []);
  await clock.advance(1);
  t.deepEqual(told, [12]);
  await clock.advance(600_000);
  t.deepEqual(told, [12]);
});

test('a new minute begins anew', async (t) => {
  const told: number[] = [];
  const { clock, say } = storm({ told });

  say('lost', 4);
  await clock.advance(60_000);
  t.is(say('lost', 5), 3);
  await clock.advance(60_000);
  t.deepEqual(told, [1, 2]);
});

test('one message does not keep another back', (t) => {
  const { say } = storm({ told: [] });
  say('lost', 100);
  t.is(say('found', 3), 3);
});

test('nothing is told where nothing was kept back', async (t) => {
  const told: number[] = [];
  const { clock, say } = storm({ told });
  say('lost', 3);
  await clock.advance(120_000);
  t.deepEqual(told, []);
  t.is(clock.sleepers, 0);
});

test('closing tells at once what is still to be told', async (t) => {
  const told: number[] = [];
  const { clock, say, close } = storm({ told });
  say('lost', 8);
  await close();
  t.deepEqual(told, [5]);
  t.is(clock.sleepers, 0);
});
