/** The statements of docs/warehouse, in PostgreSQL, say what `verify` says. Debian: postgresql, rsyslog-pgsql. */
import { connect } from 'node:net';
import { finished } from 'node:stream/promises';
import test from 'ava';
import { makeWorld, stories, type World } from '../support/forged.js';
import { PostgreSql } from '../support/postgresql.js';
import { Rsyslog } from '../support/rsyslog.js';
import { asFrames } from '../support/stored.js';
import { until } from '../support/wait.js';
import { differences, fleet, fleetDifferences, NEVER_HEARD, statement, verified } from '../support/warehouse.js';

let world: World;
let warehouse: PostgreSql;

test.before(async () => {
  world = await makeWorld();
  warehouse = await PostgreSql.start();
});

test.after.always(async () => {
  await warehouse?.stop();
  await world.pki.remove();
});

test.serial(
  'PostgreSQL finds the gaps, repeats and unsealed messages of each forged store that verify finds',
  async (t) => {
    const stores = stories.map(({ store }) => store(world));
    const answers = await warehouse.ask(stores);
    t.is(answers.length, stories.length);
    for (const [index, { name }] of stories.entries()) {
      const examined = await verified(stores[index]!, world.pki.authority.certificate);
      t.deepEqual(differences(answers[index]!, examined), [], name);
    }
  },
);

test.serial('PostgreSQL finds those agents of a fleet that lost, repeated, did not seal or say anything', async (t) => {
  const nowMs = Date.now();
  const agents = fleet(world, 500, nowMs);
  const [answers] = await warehouse.ask([agents.flatMap(({ stored }) => stored)], [NEVER_HEARD]);
  t.true(answers!.silent.length > 1 && answers!.silent.length < 20);
  t.true(answers!.gaps.length > 10 && answers!.repeats.length > 10 && answers!.unsealed.length > 500);
  t.deepEqual(await fleetDifferences(answers!, agents, { authority: world.pki.authority.certificate, nowMs }), []);
});

test.serial('rsyslog, as docs/warehouse configures it, writes the rows that are in the messages', async (t) => {
  const foreign = Buffer.from('<13>1 2026-11-23T09:00:00Z other.example cron - - - nothing of ours');
  const messages = [...world.one.messages, ...world.two.messages];
  await warehouse.fill(messages);
  const wanted = await warehouse.rows();
  await warehouse.fill([]);
  const where = `postgresql:///postgres?host=${warehouse.directory}&user=warehouse`;
  const configuration = statement('rsyslog-postgresql.conf').replace(/conninfo="[^"]*"/, `conninfo="${where}"`);
  const rsyslog = await Rsyslog.start({
    driver: 'ptcp',
    pki: world.pki,
    calls: { ruleset: 'warehouse', configuration },
  });
  t.teardown(() => rsyslog.stop());
  const socket = connect(rsyslog.port, '127.0.0.1');
  socket.end(asFrames([foreign, ...messages]));
  await finished(socket.resume());

  await until(async () => (await warehouse.rows()).length >= wanted.length, {
    what: 'rsyslog to write all rows',
    everyMs: 200,
  });
  t.deepEqual(await warehouse.rows(), wanted);
  t.is((await rsyslog.stored()).length, messages.length + 1);
});
