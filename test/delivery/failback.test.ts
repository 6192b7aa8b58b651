import { setImmediate as turn } from 'node:timers/promises';
import test from 'ava';
import { Failback } from '../../src/delivery/failback.js';
import type { Dialled } from '../../src/link/dial.js';
import { ManualClock } from '../support/manual-clock.js';

class FakeLink {
  alive = true;
  destroyed = 0;

  destroy(): void {
    this.destroyed += 1;
  }

  leave(): void {
    this.destroy();
  }
}

function to(host: string, link: FakeLink): Dialled {
  return { link, target: { host, address: host, port: 6514 } } as unknown as Dialled;
}

async function tried(better: Dialled) {
  const clock = new ManualClock();
  const present = to('second.example', new FakeLink());
  const dialler = { dialPreferred: async () => better };
  const over = new AbortController();
  const failback = new Failback({ dialler, clock, times: { preferredEveryMs: 60_000 } }, over.signal);
  await clock.advance(60_000);
  failback.take(present);
  await turn();
  return { failback, over, present };
}

test('a link to a better collector is taken once', async (t) => {
  const link = new FakeLink();
  const better = to('first.example', link);
  const { failback, present } = await tried(better);

  t.is(failback.take(present), better);
  t.is(failback.take(present), undefined);
  t.is(link.destroyed, 0);
});

test('a link that the collector has closed meanwhile is neither taken nor left open', async (t) => {
  const link = new FakeLink();
  const { failback, present } = await tried(to('first.example', link));

  link.alive = false;

  t.is(failback.take(present), undefined);
  t.is(link.destroyed, 1);
});

test('one that is not taken is closed with the session', async (t) => {
  const link = new FakeLink();
  const { failback, over } = await tried(to('first.example', link));

  over.abort();
  failback.close();

  t.is(link.destroyed, 1);
});
