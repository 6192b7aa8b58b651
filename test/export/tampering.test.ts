/** Rows that were exported and then changed in the database, and what only looks like that. */
import test from 'ava';
import { checksumOf } from '../../src/openemr/checksum.js';
import { Followed, SETTLE_MS } from '../support/followed.js';
import { apiColumns, logColumns, sealColumns } from '../support/openemr-writing.js';

async function exported(rows: number): Promise<Followed> {
  const world = new Followed();
  world.write(rows);
  await world.quiet();
  return world;
}

test('a deleted row is reported once, with its id and date', async (t) => {
  const world = await exported(5);
  const { date } = world.database.table('log').rows.get(3)!;

  world.database.table('log').rows.delete(3);
  await world.examined();
  await world.examined();

  const findings = world.paper.findings();
  t.deepEqual(world.events(), ['audit-trail-row-deleted']);
  t.like(findings[0], { row_id: 3, row_date: date, success: 0, site: 'default' });
  t.false('id' in findings[0]!);
});

test('the deletion of the newest row is no table swap', async (t) => {
  const world = await exported(5);

  world.database.table('log').rows.delete(5);
  world.write(1);
  await world.examined();

  t.deepEqual(world.events(), ['audit-trail-row-deleted']);
  t.deepEqual(world.ids(), [1, 2, 3, 4, 5, 6]);
});

test('the deletion of all rows is reported row by row while the ids count on', async (t) => {
  const world = await exported(3);

  world.database.table('log').rows.clear();
  await world.examined();
  world.write(1);
  await world.examined();

  t.deepEqual(world.events(), Array(3).fill('audit-trail-row-deleted'));
  t.deepEqual(world.ids(), [1, 2, 3, 4]);
});

test('an edited row is reported with what it says now, and each further edit again', async (t) => {
  const world = await exported(3);
  const edit = (user: string) => {
    const { rows } = world.database.table('log');
    rows.set(2, { ...rows.get(2)!, user });
  };

  edit('nobody');
  await world.examined();
  await world.examined();
  edit('somebody');
  await world.examined();

  const rows = world.paper.findings().map(({ row }) => row);
  t.deepEqual(world.events(), Array(2).fill('audit-trail-row-edited'));
  t.like(rows[0], { id: 2, user: 'nobody' });
  t.like(rows[1], { id: 2, user: 'somebody' });
});

test('the edit of all rows, be it a single one, is no table swap while they keep their dates', async (t) => {
  const world = await exported(1);
  const { rows } = world.database.table('log');

  rows.set(1, { ...rows.get(1)!, user: 'nobody' });
  await world.examined();
  world.write(1);
  await world.quiet();

  t.deepEqual(world.events(), ['audit-trail-row-edited']);
  t.deepEqual(world.ids(), [1, 2]);
});

test('what was reported is not reported again after a restart', async (t) => {
  const world = await exported(4);
  const { rows } = world.database.table('log');
  rows.delete(2);
  rows.set(3, { ...rows.get(3)!, user: 'nobody' });
  await world.examined();

  world.restart();
  await world.examined();

  t.deepEqual(world.events().toSorted(), ['audit-trail-row-deleted', 'audit-trail-row-edited']);
  t.is(world.ids().length, 4);
});

test('what happened while nothing was running is found at the next start', async (t) => {
  const world = await exported(4);

  world.database.table('log').rows.delete(2);
  world.restart();
  await world.quiet();

  t.deepEqual(world.events(), ['audit-trail-row-deleted']);
});

test('a deleted row that is there again is reported as restored, and not exported twice', async (t) => {
  const world = await exported(4);
  const row = world.database.table('log').rows.get(2)!;
  world.database.table('log').rows.delete(2);
  await world.examined();

  world.database.table('log').rows.set(2, row);
  await world.examined();

  t.deepEqual(world.events(), ['audit-trail-row-deleted', 'audit-trail-row-restored']);
  t.deepEqual(world.ids(), [1, 2, 3, 4]);
});

test('rows that a lagging replica does not have yet are neither deleted nor written twice', async (t) => {
  const world = await exported(6);
  const log = world.database.table('log');
  const late = [5, 6].map((id) => log.rows.get(id)!);
  for (const id of [5, 6]) log.rows.delete(id);
  log.next = 5;

  await world.examined();
  const whileBehind = world.events();
  for (const row of late) log.insert(row, Number(row.id));
  log.next = 7;
  world.write(1);
  await world.examined();

  t.deepEqual(whileBehind, []);
  t.deepEqual(world.events(), []);
  t.deepEqual(world.ids(), [1, 2, 3, 4, 5, 6, 7]);
  t.deepEqual(world.told, [
    'The database has not come as far as the file; is it a replica?',
    'The database has come as far as the file again',
  ]);
});

test('a table that was truncated is a new generation with a gap before it', async (t) => {
  const world = await exported(3);
  const log = world.database.table('log');

  log.rows.clear();
  log.next = 1;
  world.write(2);
  await world.quiet();

  const [finding] = world.paper.findings();
  t.deepEqual(world.events(), ['audit-trail-table-replaced']);
  t.like(finding, { last_id: 3, complete: false, success: 0 });
  t.deepEqual(world.ids(), [1, 2, 3, 1, 2]);
  t.is(new Set(world.paper.rows().map(({ generation }) => generation)).size, 2);
});

test('a swap whose renamed table is gone already is declared as a gap', async (t) => {
  const world = await exported(3);
  world.write(1);

  world.database.swap();
  world.database.dropBackup();
  await world.quiet();

  t.like(world.paper.findings()[0], { event: 'audit-trail-table-replaced', last_id: 3, complete: false });
});

test('a swap is no gap when the renamed table is still there', async (t) => {
  const world = await exported(3);
  world.write(2);

  world.database.swap();
  world.write(1);
  await world.quiet();

  t.like(world.paper.findings()[0], { event: 'audit-trail-table-replaced', last_id: 5, complete: true, success: 1 });
  t.deepEqual(world.ids(), [1, 2, 3, 4, 5, 1]);
});

/** The first API call among the rows: the seventh. */
const API_CALL = 7;

test('an edited API call is reported with what it says now, once, also after a restart', async (t) => {
  const world = await exported(8);
  const { rows } = world.database.table('api_log');

  rows.set(1, { ...rows.get(1)!, response: '{}' });
  await world.examined();
  t.deepEqual(world.events(), [], 'a table that is being swapped looks like that');
  await world.examined();
  await world.examined();
  world.restart();
  await world.examined();
  await world.examined();

  t.deepEqual(world.events(), ['audit-trail-row-edited']);
  const [{ row_id, row }] = world.paper.findings() as [{ row_id: number; row: { api: object } }];
  t.is(row_id, API_CALL);
  t.like(row.api, { response: '{}', method: 'GET' });
});

test('a deleted row of a side table is reported, and so is the deletion of all', async (t) => {
  const world = await exported(8);
  const seals = world.database.table('log_comment_encrypt').rows;

  seals.delete(3);
  await world.examined();
  await world.examined();
  const first = world.paper.findings().map(({ row_id }) => row_id);
  seals.clear();
  await world.examined();
  await world.examined();

  t.deepEqual(first, [3]);
  t.deepEqual(
    world.paper.findings().map(({ row_id }) => row_id),
    [3, 1, 2, 4, 5, 6, 7, 8],
  );
  t.deepEqual(world.ids(), [1, 2, 3, 4, 5, 6, 7, 8]);
});

test('every column of a side table is watched', async (t) => {
  for (const [table, columns] of [
    ['log_comment_encrypt', ['encrypt', 'version', 'checksum', 'checksum_api']],
    ['api_log', ['user_id', 'client_id', 'patient_id', 'ip_address', 'method', 'request', 'request_url', 'response']],
  ] as const) {
    for (const column of columns) {
      const world = await exported(API_CALL);
      const { rows } = world.database.table(table);
      const id = Math.max(...rows.keys());
      rows.set(id, { ...rows.get(id)!, [column]: 'x' });
      await world.examined();
      await world.examined();
      t.deepEqual(world.events(), ['audit-trail-row-edited'], `${table}.${column}`);
    }
  }
});

test('side rows that come when nobody waits any more are no edit, and are watched from then on', async (t) => {
  const world = await exported(2);
  const writing = world.database.insertLog();
  await world.clock.advance(SETTLE_MS);
  await world.quiet();
  await world.clock.advance(SETTLE_MS);
  await world.quiet();
  t.is(world.paper.rows().at(-1)?.checksum, null);

  world.database.insertSides(writing);
  for (let look = 0; look < 3; look += 1) await world.examined();
  t.deepEqual(world.events(), []);
  const { rows } = world.database.table('log_comment_encrypt');
  rows.set(3, { ...rows.get(3)!, checksum: 'x' });
  for (let look = 0; look < 3; look += 1) await world.examined();
  t.deepEqual(world.events(), ['audit-trail-row-edited']);
});

test('a swap that is looked at between two renames is no edit of any side row', async (t) => {
  const world = await exported(8);
  const { tables } = world.database;

  const seals = tables.get('log_comment_encrypt')!;
  tables.set('log_comment_encrypt_backup', seals);
  tables.set('log_comment_encrypt', Object.assign(Object.create(seals), { rows: new Map() }));
  for (let look = 0; look < 3; look += 1) await world.examined();

  t.deepEqual(world.events(), []);
});

test('a side table that can no longer be read is no edit', async (t) => {
  const world = await exported(8);
  world.database.tables.delete('api_log');
  for (let look = 0; look < 3; look += 1) await world.examined();
  world.database.tables.delete('log_comment_encrypt');
  for (let look = 0; look < 3; look += 1) await world.examined();

  t.deepEqual(world.events(), []);
});

test('an API call whose row "Eventlog backup" drops with the old table is no edit, also after a restart', async (t) => {
  const world = new Followed({ limits: { windowRows: 100, batchRows: 100, skewRows: 10 } });
  world.write(70);
  await world.quiet();
  world.database.swap();
  const columns = logColumns(7);
  const id = world.database.table('log').insert({ ...columns });
  world.database.table('log_comment_encrypt').insert({ ...sealColumns(id, columns) });
  world.database.table('api_log_backup').insert({ ...apiColumns(id, columns)! });
  world.write(3);
  await world.quiet();
  world.database.dropBackup();

  for (let look = 0; look < 3; look += 1) await world.examined();
  world.restart();
  for (let look = 0; look < 3; look += 1) await world.examined();

  t.like(world.paper.rows()[70], { id: 1, swapped: true, api: { method: 'GET' } });
  t.deepEqual(world.events(), ['audit-trail-table-replaced']);
});

test('a seal of another that a failed backup leaves beside that of a row is no edit, though the row cannot be verified', async (t) => {
  const world = await exported(10);
  const { rows } = world.database.table('log');
  // A character was lost: neither of the two fits.
  for (const id of [3, 7]) rows.set(id, { ...rows.get(id)!, user: 'j?rg' });
  world.restart();
  await world.examined();
  const before = world.events().length;
  const seals = world.database.table('log_comment_encrypt');
  for (const log_id of [3, 7]) seals.insert({ log_id, encrypt: 'No', version: 4, checksum: 'other', checksum_api: '' });

  for (let look = 0; look < 3; look += 1) await world.examined();

  t.is(world.events().length, before);
});

test('side rows that a failed backup drops with the new tables are no edit; those that it leaves are watched', async (t) => {
  const world = await exported(30);
  const { tables } = world.database;
  const seals = tables.get('log_comment_encrypt')!;
  // Its first rename is done, the second is not: the seals of these rows are in the new table.
  tables.set('log_comment_encrypt_backup', seals);
  tables.set(
    'log_comment_encrypt',
    Object.assign(Object.create(Object.getPrototypeOf(seals)), seals, { rows: new Map() }),
  );
  world.write(4);
  await world.quiet();
  for (const name of ['log', 'api_log']) {
    const old = tables.get(name)!;
    tables.set(`${name}_backup`, old);
    tables.set(name, Object.assign(Object.create(Object.getPrototypeOf(old)), old, { rows: new Map(), next: 1 }));
  }
  world.write(6);
  await world.quiet();
  for (let look = 0; look < 2; look += 1) await world.examined();
  // It puts back the seals first: one of a row that is about to be dropped gets among them.
  world.database.restore('log_comment_encrypt');
  world.write(2);
  world.database.restore('log');
  world.database.restore('api_log');
  // It still looks for what the tables were called.
  await t.throwsAsync(world.quiet(), { code: 'database-table' });
  await world.quiet();

  for (let look = 0; look < 3; look += 1) await world.examined();
  world.restart();
  for (let look = 0; look < 3; look += 1) await world.examined();

  t.false(world.events().includes('audit-trail-row-edited'), JSON.stringify(world.paper.findings().at(-1)));
  t.true(world.events().includes('audit-trail-table-restored'));
  seals.rows.set(5, { ...seals.rows.get(5)!, version: 9 });
  for (let look = 0; look < 3; look += 1) await world.examined();
  t.is(world.paper.findings().at(-1)?.row_id, 5);
});

for (const stop of ['running', 'restarted before', 'restarted after'] as const) {
  test(`a backup that fails and puts the tables back repeats nothing, the export being ${stop}`, async (t) => {
    const world = await exported(20);
    world.database.table('log').rows.delete(1);

    world.database.swap();
    world.database.table('log').next = 1;
    // Between two rows the clock goes on: the new table is younger.
    world.write(30);
    world.write(3);
    await world.quiet();
    for (let look = 0; look < 3; look += 1) await world.examined();
    if (stop === 'restarted before') world.restart();
    world.write(2);
    world.database.restore('log_comment_encrypt');
    await world.quiet();
    world.database.restore('log');
    world.database.restore('api_log');
    await world.quiet();
    if (stop === 'restarted after') world.restart();
    world.write(4);
    for (let look = 0; look < 3; look += 1) await world.examined();
    world.restart();
    for (let look = 0; look < 3; look += 1) await world.examined();

    const rows = world.paper.rows();
    const names = rows.map(({ generation, id }) => `${generation}:${id}`);
    t.is(new Set(names).size, names.length, 'no row is there twice');
    t.deepEqual(
      rows.filter((row) => checksumOf(row) === 'altered'),
      [],
      'none has the seal of another',
    );
    const [generation] = names[0]!.split(':');
    t.deepEqual(
      rows.filter((row) => row.generation === generation).map(({ id }) => id),
      Array.from({ length: 24 }, (_, index) => index + 1),
    );
    t.is(world.events().filter((event) => event === 'audit-trail-table-restored').length, 1);
    t.false(world.events().includes('audit-trail-row-edited'));
  });
}
