import test from 'ava';
import { agrees, reconcile } from '../../../src/export/compare/reconcile.js';
import { LOG_TRAIL } from '../../../src/export/database/audit-tables.js';
import { Followed } from '../../support/followed.js';
import { logColumns } from '../../support/openemr-writing.js';

const ALWAYS = { from: undefined, to: undefined };

/** Ten rows a day. */
async function exportedDays(...days: readonly string[]): Promise<Followed> {
  const world = new Followed();
  for (const day of days) {
    for (let n = 0; n < 10; n += 1) {
      const writing = { ...world.database.begin(), columns: { ...logColumns(n), date: `${day} 10:00:0${n}` } };
      world.database.insertSides(world.database.commit(writing));
    }
  }
  await world.quiet();
  return world;
}

test('days that agree say so, one after another', async (t) => {
  const world = await exportedDays('2026-11-20', '2026-11-21');

  const balances = await reconcile(world.database, world.paper, LOG_TRAIL, ALWAYS);

  const agreeing = { generation: '20261120T100000', database: 10, exported: 10 };
  const none = { missing: [], gone: [], edited: [], repeated: [] };
  t.deepEqual(balances, [
    { ...agreeing, day: '2026-11-20', ...none },
    { ...agreeing, day: '2026-11-21', ...none },
  ]);
});

test('what differs comes first, with its ids', async (t) => {
  const world = await exportedDays('2026-11-20', '2026-11-21', '2026-11-22');
  world.write(1);
  await world.quiet();
  const { rows } = world.database.table('log');
  rows.delete(23);
  rows.set(25, { ...rows.get(25)!, user: 'nobody' });
  const lines = world.paper.bytes.toString().split('\n');
  const times = (line: string) => (line.startsWith('{"id":27,') ? 0 : line.startsWith('{"id":28,') ? 2 : 1);
  world.paper.bytes = Buffer.from(lines.flatMap((line) => Array(times(line)).fill(line)).join('\n'));

  const [first, ...rest] = await reconcile(world.database, world.paper, LOG_TRAIL, ALWAYS);

  t.like(first, {
    day: '2026-11-22',
    database: 9,
    exported: 10,
    missing: [27],
    gone: [23],
    edited: [25],
    repeated: [28],
  });
  t.deepEqual(
    rest.map(({ day }) => day),
    ['2026-11-20', '2026-11-21'],
  );
});

test('rows of which nothing was ever exported differ by their number', async (t) => {
  const world = new Followed();
  world.write(5);

  const [only, ...others] = await reconcile(world.database, world.paper, LOG_TRAIL, ALWAYS);

  t.like(only, { generation: '-', database: 5, exported: 0 });
  t.false(agrees(only!));
  t.deepEqual(others, []);
});

test('only the days that were asked for are compared', async (t) => {
  const world = await exportedDays('2026-11-20', '2026-11-21', '2026-11-22');
  world.database.table('log').rows.delete(1);

  const balances = await reconcile(world.database, world.paper, LOG_TRAIL, { from: '2026-11-21', to: '2026-11-21' });

  t.deepEqual(
    balances.map(({ day }) => day),
    ['2026-11-21'],
  );
});

test('rows that the export still waits for are no difference', async (t) => {
  const world = await exportedDays('2026-11-20');
  world.database.insertLog();
  world.write(2);
  await world.quiet();

  const balances = await reconcile(world.database, world.paper, LOG_TRAIL, ALWAYS);

  t.true(balances.every(({ missing, gone }) => missing.length + gone.length === 0));
});

test('a generation that has left the database is in the files alone', async (t) => {
  const world = await exportedDays('2026-11-20');
  world.database.swap();
  world.write(1);
  await world.quiet();

  const balances = await reconcile(world.database, world.paper, LOG_TRAIL, ALWAYS);

  t.like(balances[1], { generation: '20261120T100000', database: undefined, exported: 10, gone: [] });
});

test('rows that were left out on request are not missing', async (t) => {
  const world = new Followed({ startAt: { kind: 'id', id: 6 } });
  world.write(12);
  await world.quiet();
  world.write(1);
  await world.quiet();

  const balances = await reconcile(world.database, world.paper, LOG_TRAIL, ALWAYS);

  t.true(balances.every(({ missing }) => missing.length === 0));
});

test('a row whose side rows are others is edited, and one that was exported without them is not', async (t) => {
  const world = await exportedDays('2026-11-20');
  const seals = world.database.table('log_comment_encrypt').rows;
  const lines = world.paper.bytes.toString().split('\n');
  const bare = (line: string) =>
    line.replace(/"encrypt":"No","version":4,"checksum":"\w+"/, '"encrypt":null,"version":null,"checksum":null');
  world.paper.bytes = Buffer.from(lines.map((line) => (line.startsWith('{"id":3,') ? bare(line) : line)).join('\n'));
  seals.set(5, { ...seals.get(5)!, checksum: 'x' });
  seals.delete(6);
  const apis = world.database.table('api_log').rows;
  apis.set(1, { ...apis.get(1)!, response: 'x' });

  const [only] = await reconcile(world.database, world.paper, LOG_TRAIL, ALWAYS);

  t.like(only, { day: '2026-11-20', edited: [1, 5, 6], missing: [], gone: [] });
});

test('a row that cannot be verified is not edited because a failed backup left a seal or an API row of another beside its own', async (t) => {
  const world = new Followed();
  world.write(20);
  // A character was lost: no checksum tells which of two seals is that of the row.
  const { rows } = world.database.table('log');
  for (const id of [3, 5]) rows.set(id, { ...rows.get(id)!, user: 'j?rg' });
  await world.quiet();
  const seals = world.database.table('log_comment_encrypt');
  const apis = world.database.table('api_log');
  const [call] = apis.sorted();
  for (const log_id of [3, 5]) seals.insert({ log_id, encrypt: 'No', version: 4, checksum: 'other', checksum_api: '' });
  apis.insert({ ...call!, id: 900, response: 'of another' });
  // This one was edited indeed.
  const own = [...seals.rows].find(([, { log_id }]) => log_id === 5)!;
  seals.rows.set(own[0], { ...own[1], checksum: 'x' });

  const [only] = await reconcile(world.database, world.paper, LOG_TRAIL, ALWAYS);

  t.like(only, { edited: [5], missing: [], gone: [] });
});
