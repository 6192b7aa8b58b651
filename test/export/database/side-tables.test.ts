import test from 'ava';
import { ReferenceIndex, SideTables } from '../../../src/export/database/side-tables.js';
import { FakeOpenemr } from '../../support/fake-openemr.js';

const TABLE = 'log_comment_encrypt';

/** Side rows in the order of `logIds`, their own ids counting from 1. */
function sideRows(logIds: readonly number[]): FakeOpenemr {
  const database = new FakeOpenemr();
  for (const logId of logIds) database.table(TABLE).insert({ log_id: logId });
  return database;
}

const upTo = (count: number, first = 1) => Array.from({ length: count }, (_, at) => first + at);

test('side rows that have changed places with their neighbours are found', async (t) => {
  const references = new ReferenceIndex(sideRows([3, 1, 2, 6, 5, 4, 9, 8, 7]), TABLE, 5);

  const found = await references.find([1, 2, 3, 4]);

  t.deepEqual(
    [1, 2, 3, 4].map((id) => found.get(id)?.id),
    [2, 3, 1, 6],
  );
});

test('a row far into a large table is found without reading what lies before it', async (t) => {
  const database = sideRows(upTo(20_000));
  const references = new ReferenceIndex(database, TABLE, 100);

  const found = await references.find([19_000]);

  t.is(found.get(19_000)?.id, 19_000);
  t.true(database.calls < 25, `${database.calls} statements`);
});

test('a side row whose transaction committed late is found behind the place where reading stands', async (t) => {
  const database = sideRows([1, 2]);
  const references = new ReferenceIndex(database, TABLE, 10);
  const table = database.table(TABLE);
  const late = table.takeId();
  table.insert({ log_id: 4 });
  await references.find([1, 2, 3, 4]);

  table.insert({ log_id: 3 }, late);

  t.is((await references.find([3])).get(3)?.id, late);
});

test('of two side rows for the same row the later counts', async (t) => {
  const references = new ReferenceIndex(sideRows([1, 2, 2, 3]), TABLE, 10);

  t.is((await references.find([1, 2, 3])).get(2)?.id, 3);
});

test('of two seals the earlier counts when it alone is that of the row', async (t) => {
  const database = sideRows([1, 2, 3, 2, 3]);
  const sides = new SideTables(database, [new ReferenceIndex(database, TABLE, 10)], []);
  const { rows } = database.table(TABLE);
  for (const [id, row] of rows) rows.set(id, { ...row, checksum: id <= 3 ? 'own' : 'of another' });

  const sidesOf = await sides.of([1, 2, 3], (id, { checksum }) => id === 3 || checksum === 'own');

  t.deepEqual(
    [1, 2, 3].map((id) => sidesOf(id).seal?.checksum),
    ['own', 'own', 'of another'],
  );
});

test('a reference that a table swap has left does not stand for the row that gets its number', async (t) => {
  const references = new ReferenceIndex(sideRows([50, ...upTo(49), ...upTo(10, 51)]), TABLE, 10);

  const found = await references.find(upTo(59));

  t.is(found.get(50), undefined);
  t.is(found.get(49)?.id, 50);
});

test('a side row that comes very late makes no stray of those before it', async (t) => {
  const references = new ReferenceIndex(sideRows([...upTo(40, 2), 1, ...upTo(10, 42)]), TABLE, 10);

  const found = await references.find(upTo(51));

  for (const id of upTo(51)) t.truthy(found.get(id), `row ${id}`);
});

test('rows that were forgotten take up no memory, and their neighbours are still found', async (t) => {
  const database = sideRows(upTo(5000));
  const references = new ReferenceIndex(database, TABLE, 10);
  for (let from = 1; from <= 4001; from += 1000) {
    const ids = upTo(1000, from);
    const found = await references.find(ids);
    t.true(ids.every((id) => found.has(id)));
    references.forget(from + 1000);
  }

  t.true((await references.find([5000])).size < 100);
});
