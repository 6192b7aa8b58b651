import test from 'ava';
import { type Restored, restoreFrom } from '../../../src/export/dump/restore.js';
import type { DumpRow } from '../../../src/export/dump/sql-dump.js';
import { checksumOf } from '../../../src/openemr/checksum.js';
import { Followed } from '../../support/followed.js';
import { Paper } from '../../support/paper.js';

/** What a backup dumps at this moment. */
function dumpOf({ database }: Followed): DumpRow[] {
  return ['log_comment_encrypt', 'log', 'api_log'].flatMap((name) =>
    database
      .table(name)
      .sorted()
      .map((cells) => ({ table: `${name}_backup`, cells })),
  );
}

async function restored(world: Followed, dump: readonly DumpRow[], paper: Paper): Promise<Restored> {
  return restoreFrom('/backup/eventlog_20261127_020000.sql', {
    site: 'default',
    exported: world.paper,
    restored: paper,
    clock: world.clock,
    rowsOf: async function* () {
      yield* dump;
    },
  });
}

/** 8 rows are exported, 12 more are written, and the table is gone. */
async function lost(): Promise<{ world: Followed; dump: DumpRow[] }> {
  const world = new Followed();
  world.write(8);
  await world.quiet();
  world.write(12);
  const dump = dumpOf(world);
  world.database.swap();
  world.database.dropBackup();
  world.write(5);
  await world.quiet();
  return { world, dump };
}

test('rows that a swap has lost come back from its dump, each once and whole, under the names that they would have had', async (t) => {
  const { world, dump } = await lost();
  const paper = new Paper();
  const [first] = world.paper.rows();

  const found = await restored(world, dump, paper);

  t.like(found, { generation: first?.generation, rows: 20, written: 12, before: 0 });
  const rows = paper.rows();
  t.deepEqual(
    rows.map(({ id, generation }) => [id, generation]),
    Array.from({ length: 12 }, (_, index) => [index + 9, first?.generation]),
  );
  for (const row of rows) t.is(checksumOf(row), 'ok');
  t.true(rows.some(({ api }) => api !== null));
  t.like(rows[0], { dump: 'eventlog_20261127_020000.sql', late: true, site: 'default' });
  t.like(paper.findings(), [{ event: 'audit-trail-dump-read', rows: 12, dump: 'eventlog_20261127_020000.sql' }]);
});

test('a seal and an API row that a swap left among those of a dump are not taken for those of a row', async (t) => {
  const { world, dump } = await lost();
  const own = (name: string) =>
    dump.filter(({ table, cells }) => table === `${name}_backup` && Number(cells.log_id) > 8);
  const [seal] = own('log_comment_encrypt');
  const [api] = own('api_log');
  // Of another row of this number, behind those of its own table; the number 14 is that of an API call.
  const strays = [
    { ...seal!, cells: { ...seal!.cells, id: 900, checksum: 'f'.repeat(128) } },
    { ...api!, cells: { ...api!.cells, id: 901, response: 'of another' } },
    { ...api!, cells: { ...api!.cells, id: 902, log_id: 10, response: 'of another' } },
  ];
  for (const order of [[...dump, ...strays], [...strays, ...dump], [...dump, ...strays].reverse()]) {
    const paper = new Paper();
    await restored(world, order, paper);

    const rows = paper.rows();
    t.is(rows.length, 12);
    for (const row of rows) t.is(checksumOf(row), 'ok', `row ${row.id}`);
    t.is(rows.find(({ id }) => id === 10)?.api, null);
  }
});

test('an API row that names a number long behind its neighbours is that of another row, whose own lies in another dump', async (t) => {
  const world = new Followed();
  world.write(2000);
  const dump = dumpOf(world);
  const stray = dump.find(({ table, cells }) => table === 'api_log_backup' && cells.log_id === 7)!;
  const others = dump.filter((row) => row !== stray);
  const paper = new Paper();
  await restored(world, [...others, { ...stray, cells: { ...stray.cells, id: 9000, response: 'of another' } }], paper);

  const row = paper.rows().find(({ id }) => id === 7)!;
  t.is(row.api, null);
  t.is(checksumOf(row), 'ok');
});

test('a row of a dump that was edited is still told, though it has two seals', async (t) => {
  const { world, dump } = await lost();
  const edited = dump.map((row) =>
    row.table === 'log_backup' && row.cells.id === 12 ? { ...row, cells: { ...row.cells, user: 'nobody' } } : row,
  );
  const seal = dump.find(({ table, cells }) => table === 'log_comment_encrypt_backup' && cells.log_id === 12)!;
  const stray = { ...seal, cells: { ...seal.cells, id: 900, checksum: 'f'.repeat(128) } };
  const paper = new Paper();
  await restored(world, [...edited, stray], paper);

  const altered = paper.rows().filter((row) => checksumOf(row) === 'altered');
  t.deepEqual(
    altered.map(({ id }) => id),
    [12],
  );
});

test('a dump that is read again brings nothing', async (t) => {
  const { world, dump } = await lost();
  const paper = new Paper();
  await restored(world, dump, paper);
  const { bytes } = paper;

  t.is((await restored(world, dump, paper)).written, 0);
  t.is(paper.bytes, bytes);
});

test('a dump of which half was read when the process died brings the rest', async (t) => {
  const { world, dump } = await lost();
  const paper = new Paper();
  paper.tearAfter = 3000;
  await t.throwsAsync(restored(world, dump, paper));
  paper.tearAfter = undefined;
  await restored(world, dump, paper);

  const ids = paper.rows().map(({ id }) => id);
  t.is(new Set(ids).size, 12);
  t.is(ids.length, 12);
});

test('rows whose files are gone are not written again, and those that were left out on request neither', async (t) => {
  const { world, dump } = await lost();
  const lines = world.paper.bytes.toString().split('\n');
  world.paper.bytes = Buffer.from(
    lines.filter((line) => !/^\{"id":[1-5],/.test(line) || /"generation":"[^"]*\.2"/.test(line)).join('\n'),
  );
  // The oldest line that is left was written when all before it were in the file.
  world.paper.bytes = Buffer.from(world.paper.bytes.toString().replace('"awaiting":1', '"awaiting":6'));
  const found = await restored(world, dump, new Paper());
  t.like(found, { written: 12, before: 5 });

  const late = new Followed({ startAt: { kind: 'id', id: 4 } });
  late.write(6);
  await late.quiet();
  late.write(1);
  await late.quiet();
  const other = await restored(late, dumpOf(late), new Paper());
  t.like(other, { written: 0, before: 3 });
});

test('a dump of a table of which nothing was exported comes whole', async (t) => {
  const world = new Followed();
  world.write(9);
  const paper = new Paper();

  const found = await restored(world, dumpOf(world), paper);

  t.like(found, { written: 9, generation: '20261120T080000' });
});

test('a file that is no dump of the audit tables is refused', async (t) => {
  const world = new Followed();
  await t.throwsAsync(restored(world, [{ table: 'users', cells: { id: 1 } }], new Paper()), { code: 'dump-empty' });
});
