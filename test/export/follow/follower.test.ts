import test from 'ava';
import { DISCLOSURE_TRAIL } from '../../../src/export/database/audit-tables.js';
import { Followed, SETTLE_MS } from '../../support/followed.js';
import { logColumns, sealColumns } from '../../support/openemr-writing.js';

test('a row goes out with all columns, its seal, its API row and what the export adds', async (t) => {
  const world = new Followed();
  world.database.table('log').next = 7;
  for (let n = 1; n < 7; n += 1) world.database.begin();
  const { id, columns } = world.database.write();
  await world.quiet();

  const [row] = world.paper.rows();
  t.like(row, {
    ...columns,
    id,
    encrypt: 'No',
    version: 4,
    checksum: sealColumns(id, columns).checksum,
    site: 'default',
    generation: '20261120T080000',
    exported_at: '2026-11-23T10:00:00.000Z',
    awaiting: 1,
    breakglass: false,
  });
  t.like(row?.api, { user_id: 3, ip_address: '198.51.100.20', request_url: `/apis/default/fhir/Patient?_id=${id}` });
  t.false('log_id' in Object(row?.api));
});

test('a row waits for its seal, the rows behind it do not', async (t) => {
  const world = new Followed();
  world.write(1);
  const half = world.database.insertLog();
  world.write(1);
  await world.quiet();
  t.deepEqual(world.ids(), [1, 3]);

  world.database.insertSides(half);
  await world.quiet();

  t.deepEqual(world.ids(), [1, 3, 2]);
  t.like(world.paper.rows().at(-1), { late: true, encrypt: 'No', awaiting: 2 });
});

test('a row whose seal does not come goes out without one when the time is over', async (t) => {
  const world = new Followed();
  world.write(1);
  world.database.insertLog();
  await world.quiet();

  await world.clock.advance(SETTLE_MS - 1);
  await world.quiet();
  t.deepEqual(world.ids(), [1]);
  await world.clock.advance(1);
  await world.quiet();

  t.deepEqual(world.ids(), [1, 2]);
  t.like(world.paper.rows()[1], { encrypt: null, version: null, checksum: null });
});

test('the row of an API call waits for the row of api_log that its seal speaks of', async (t) => {
  const world = new Followed();
  const columns = logColumns(7);
  const id = world.database.table('log').insert({ ...columns });
  world.database.table('log_comment_encrypt').insert({ ...sealColumns(id, columns) });
  await world.quiet();
  t.deepEqual(world.ids(), []);

  world.database.table('api_log').insert({ log_id: id, method: 'GET' });
  await world.quiet();

  t.like(world.paper.rows()[0]?.api, { method: 'GET' });
});

test('a row that commits when nobody waits for it any more is found all the same', async (t) => {
  const world = new Followed();
  world.write(1);
  const open = world.database.begin();
  world.write(1);
  await world.quiet();
  await world.examined();
  t.is(world.paper.rows().at(-1)?.awaiting, 1);

  world.database.insertSides(world.database.commit(open));
  await world.examined();

  t.deepEqual(world.ids(), [1, 3, 2]);
  t.true(world.paper.rows().at(-1)?.late);
});

test('rows of years ago without seals do not wait', async (t) => {
  const world = new Followed();
  for (let n = 0; n < 20; n += 1) world.database.table('log').insert({ ...logColumns(n), date: '2019-01-01 00:00:00' });
  world.write(1);
  await world.quiet();

  t.is(world.ids().length, 21);
});

test('the export can begin at the end, and says what it left out', async (t) => {
  const world = new Followed({ startAt: { kind: 'end' } });
  world.write(3);
  await world.quiet();
  world.restart();
  world.write(2);
  await world.quiet();

  t.deepEqual(world.ids(), [4, 5]);
  t.like(world.paper.findings()[0], { event: 'audit-trail-begun', from_id: 4 });
});

test('the export can begin at a date', async (t) => {
  const world = new Followed({ startAt: { kind: 'date', date: '2026-11-21' } });
  for (const date of ['2026-11-19', '2026-11-20', '2026-11-21', '2026-11-22']) {
    world.database.table('log').insert({ ...logColumns(1), date: `${date} 10:00:00` });
  }
  await world.quiet();
  await world.clock.advance(SETTLE_MS);
  await world.quiet();

  t.deepEqual(world.ids(), [3, 4]);
});

test('an id to begin at that lies beyond the end is the end', async (t) => {
  const world = new Followed({ startAt: { kind: 'id', id: 999 } });
  world.write(2);
  await world.quiet();
  world.write(1);
  await world.quiet();

  t.deepEqual(world.ids(), [3]);
  t.deepEqual(world.events(), ['audit-trail-begun']);
});

test('members of the break-glass group are marked, whatever the case of their login', async (t) => {
  const world = new Followed();
  world.database.breakglass = new Set(['emergency1']);
  world.write(13);
  await world.quiet();

  const marked = world.paper.rows().filter(({ breakglass }) => breakglass === true);
  t.deepEqual(
    marked.map(({ user }) => user),
    ['Emergency1'],
  );
});

test('break-glass is null when the group cannot be read', async (t) => {
  const world = new Followed();
  world.database.breakglass = undefined;
  world.write(1);
  await world.quiet();

  t.is(world.paper.rows()[0]?.breakglass, null);
});

test('in a version without api_log, a login that sounds like emergency is break-glass', async (t) => {
  const world = new Followed();
  world.database.breakglass = undefined;
  world.write(13);
  world.database.tables.delete('api_log');
  await world.quiet();

  t.deepEqual(
    world.paper
      .rows()
      .map(({ breakglass }) => breakglass)
      .slice(-2),
    [false, true],
  );
});

test('disclosures are a trail of their own', async (t) => {
  const world = new Followed({ trail: DISCLOSURE_TRAIL });
  const columns = { date: '2026-11-20 09:00:00', event: 'disclosure-treatment', user: 'drlee', recipient: 'Dr. Roth' };
  world.database.table('extended_log').insert(columns);
  await world.quiet();

  const [row] = world.paper.rows();
  t.like(row, { ...columns, table: 'extended_log', generation: 'disclosures-20261120T090000' });
  t.false('checksum' in row!);
});

test('without log there is no trail, and that is an error', async (t) => {
  const world = new Followed();
  world.database.tables.delete('log');

  const error = await t.throwsAsync(() => world.follower.step(), { name: 'AgentError' });
  t.regex(error.message, /no table log/);
});

test('a side table that may not be read is said, once', async (t) => {
  const world = new Followed();
  world.database.tables.delete('log_comment_encrypt');
  world.database.table('log').insert({ ...logColumns(1) });
  await world.quiet();
  await world.examined();

  t.deepEqual(world.told, ['A side table cannot be read: rows go out without their checksums']);
  t.like(world.paper.rows()[0], { checksum: null, api: null });
});

test('an API row that a swap has left in the renamed api_log is found there', async (t) => {
  const world = new Followed({ limits: { windowRows: 100, batchRows: 100, skewRows: 10 } });
  world.write(70);
  await world.quiet();
  world.database.swap();
  const columns = logColumns(7);
  const id = world.database.table('log').insert({ ...columns });
  world.database.table('log_comment_encrypt').insert({ ...sealColumns(id, columns) });
  world.database.table('api_log_backup').insert({ log_id: id, method: 'PUT' });
  await world.quiet();

  t.like(world.paper.rows().at(-1), { id: 1, api: { method: 'PUT' } });
});
