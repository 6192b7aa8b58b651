/**
 * An hour with a collector that is up for five seconds and down for five, on a
 * clock that goes ten times faster: every default of delivery holds, and all
 * is acknowledged in the end. FLAPS sets another number of outages.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import test from 'ava';
import { Stage } from '../support/agent.js';
import { makeTestPki } from '../support/certificates.js';
import { collecting } from '../support/collecting.js';
import { fastClock } from '../support/fast-clock.js';
import { freePort } from '../support/free-port.js';
import { until } from '../support/wait.js';

const TIMES = 10;
const FLAPS = Number(process.env.FLAPS ?? 360);
const FIVE_SECONDS_MS = 5_000 / TIMES;

test.serial('a collector that comes and goes for an hour gets everything, and acknowledges it', async (t) => {
  const pki = await makeTestPki();
  t.teardown(() => pki.remove());
  const port = await freePort();
  const stage = new Stage(t, {
    pki,
    collectors: [{ host: 'localhost', port }],
    delivery: { epochIntervalMs: 30_000 },
    clock: fastClock(TIMES),
  });
  const agent = await stage.start();
  const stored: Buffer[] = [];
  let acknowledgedBefore = 0;
  let fruitless = 0;
  let mostFruitless = 0;
  for (let flap = 1; flap <= FLAPS; flap += 1) {
    const collector = await collecting(t, pki, {}, { port });
    stage.write(100);
    await sleep(FIVE_SECONDS_MS);
    await collector.close();
    stored.push(...collector.messages);
    await sleep(FIVE_SECONDS_MS);
    const { acknowledged } = agent.delivery;
    fruitless = acknowledged > acknowledgedBefore ? 0 : fruitless + 1;
    mostFruitless = Math.max(mostFruitless, fruitless);
    acknowledgedBefore = acknowledged;
  }
  const collector = await collecting(t, pki, {}, { port });
  const all = () => [...stored, ...collector.messages];
  await until(() => agent.caughtUp && stage.complete(all()), { what: 'all lines', timeoutMs: 120_000, everyMs: 200 });
  await agent.stop();

  const { lost, repeated, altered, renamed, holes } = stage.delivered(all());
  t.log(`${FLAPS} outages, ${stage.written} lines: ${lost.length} lost, ${repeated} repeated`);
  t.log(`at most ${mostFruitless} outages in a row without an acknowledgement`);
  t.deepEqual({ lost, altered, renamed, holes }, { lost: [], altered: [], renamed: [], holes: [] });
});
