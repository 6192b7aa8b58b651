/** A collector that is asked to acknowledge again and again: nothing may be left behind of the links before. */
import { readdirSync } from 'node:fs';
import type { ExecutionContext } from 'ava';
import { Stage } from './agent.js';
import type { TestPki } from './certificates.js';
import { collecting } from './collecting.js';
import { until } from './wait.js';

/** Fails when descriptors, listeners or lines of the log grow in number, a line is lost, or a connection is not counted. */
export async function runEpochs(t: ExecutionContext, pki: TestPki, count: number): Promise<void> {
  const warnings: Error[] = [];
  const note = (warning: Error) => void warnings.push(warning);
  process.on('warning', note);
  t.teardown(() => process.off('warning', note));
  const collector = await collecting(t, pki);
  const stage = new Stage(t, {
    pki,
    collectors: [{ host: 'localhost', port: collector.port }],
    delivery: { epochIntervalMs: 5 },
    times: { signOfLifeMs: 1, resetMs: 1, preferredEveryMs: 1 },
  });
  const agent = await stage.start();
  const load = setInterval(() => stage.write(1), 2);
  t.teardown(() => clearInterval(load));
  await until(() => agent.delivery.epochs >= 20, { what: 'twenty epochs' });
  const before = readdirSync('/proc/self/fd').length;
  const told = () => agent.said.filter(({ level }) => level !== 'debug').map(({ message }) => message);
  const toldBefore = told();
  await until(() => agent.delivery.epochs >= count, { what: `${count} epochs`, timeoutMs: 300_000 });
  clearInterval(load);
  await until(() => agent.caughtUp && stage.complete(collector.messages), { what: 'all lines' });
  await until(() => readdirSync('/proc/self/fd').length <= before + 4, { what: 'the descriptors to be given back' });
  t.deepEqual(told(), toldBefore, 'an epoch is nothing to tell of');
  await agent.stop();

  t.deepEqual(warnings, []);
  t.is(stage.delivered(collector.messages).lost.length, 0);
  t.is(agent.delivery.connections.made, collector.counts.connections);
}
