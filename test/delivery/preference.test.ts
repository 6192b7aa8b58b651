import { setImmediate as turn } from 'node:timers/promises';
import test from 'ava';
import { Preference } from '../../src/delivery/preference.js';
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

async function asked(better: Dialled) {
  const clock = new ManualClock();
  const present = to('second.example', new FakeLink());
  const dialler = { dialPreferred: async () => better };
  const preference = new Preference({ dialler, clock, times: { preferredEveryMs: 60_000 } });
  await clock.advance(60_000);
  preference.take(present);
  await turn();
  return { preference, present };
}

test('a link to a better collector is taken once', async (t) => {
  const link = new FakeLink();
  const better = to('first.example', link);
  const { preference, present } = await asked(better);

  t.is(preference.take(present), better);
  t.is(preference.take(present), undefined);
  t.is(link.destroyed, 0);
});

test('one that the collector has closed meanwhile is neither taken nor left open', async (t) => {
  const link = new FakeLink();
  const { preference, present } = await asked(to('first.example', link));

  link.alive = false;

  t.is(preference.take(present), undefined);
  t.is(link.destroyed, 1);
});

test('one that nobody takes goes with the session', async (t) => {
  const link = new FakeLink();
  const { preference } = await asked(to('first.example', link));

  preference.close();

  t.is(link.destroyed, 1);
});
