/** The statements of docs/warehouse, in DuckDB, say what `verify` says. Their like in PostgreSQL: test/system. */
import test from 'ava';
import { DuckDb } from '../support/duckdb.js';
import { makeWorld, stories, type World } from '../support/forged.js';
import { differences, fleet, fleetDifferences, NEVER_HEARD, verified } from '../support/warehouse.js';

let world: World;
let warehouse: DuckDb;

test.before(async () => {
  world = await makeWorld();
  warehouse = await DuckDb.start();
});

test.after.always(async () => {
  warehouse.stop();
  await world.pki.remove();
});

test.serial(
  'DuckDB finds the gaps, repeats and unsealed messages of each forged store that verify finds',
  async (t) => {
    for (const { name, store } of stories) {
      const messages = store(world);
      const examined = await verified(messages, world.pki.authority.certificate);
      t.deepEqual(differences(await warehouse.ask(messages), examined), [], name);
    }
  },
);

test.serial('DuckDB finds those agents of a fleet that lost, repeated, did not seal or say anything', async (t) => {
  const nowMs = Date.now();
  const agents = fleet(world, 500, nowMs);
  const answers = await warehouse.ask(
    agents.flatMap(({ stored }) => stored),
    [NEVER_HEARD],
  );
  t.true(answers.silent.length > 1 && answers.silent.length < 20);
  t.true(answers.gaps.length > 10 && answers.repeats.length > 10 && answers.unsealed.length > 500);
  t.deepEqual(await fleetDifferences(answers, agents, { authority: world.pki.authority.certificate, nowMs }), []);
});
