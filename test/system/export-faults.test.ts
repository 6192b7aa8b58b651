/** A database that goes away, refuses, or says no: the export waits, says so, and loses nothing. */
import { once } from 'node:events';
import { open, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import type { RowDataPacket } from 'mysql2/promise';
import { faultsOf, Station } from '../support/export-station.js';
import { OpenemrWriter } from '../support/openemr-database.js';
import { until } from '../support/wait.js';

test('a database that is killed and restarted costs no row', async (t) => {
  const station = await Station.open(t);
  const writer = new OpenemrWriter(station.server, 'openemr');
  await writer.fill(300);
  station.start();
  await until(async () => (await station.rows()).length === 300, { what: 'the first rows' });

  await station.server.stop('SIGTERM');
  await until(() => station.said('database-unreachable'), { what: 'the export to say that it waits' });
  await station.server.start();
  await writer.fill(300);
  await until(async () => (await station.rows()).length === 600, { what: 'the rest' });

  t.deepEqual(faultsOf(writer.written, await station.rows()), []);
  t.deepEqual(await station.findings(), []);
  t.true(station.said('The export goes on'));
});

test('a wrong password is waited out, and the right one found in its file without a restart', async (t) => {
  const station = await Station.open(t);
  const writer = new OpenemrWriter(station.server, 'openemr');
  await writer.fill(20);
  await writeFile(station.passwordFile, 'wrong\n');
  station.start();
  await until(() => station.said('database-refused'), { what: 'the export to say that it waits' });

  await writeFile(`${station.passwordFile}.new`, 'PASSWORD\n');
  await rename(`${station.passwordFile}.new`, station.passwordFile);
  await until(async () => (await station.rows()).length === 20, { what: 'all rows' });

  t.false(station.said('PASSWORD'));
});

test('a table that is marked as crashed is waited out, and goes on when it is repaired', async (t) => {
  const station = await Station.open(t);
  const connection = await station.server.connect('openemr');
  await connection.query('ALTER TABLE log ENGINE=MyISAM');
  const writer = new OpenemrWriter(station.server, 'openemr');
  await writer.fill(50);
  const [[place]] = await connection.query<RowDataPacket[]>('SELECT @@datadir AS directory');
  await connection.query('FLUSH TABLES log');
  const index = await open(join(place?.directory, 'openemr', 'log.MYI'), 'r+');
  // Behind the header: the pages of the index.
  await index.write(Buffer.alloc(1024, 0xff), 0, 1024, 1024);
  await index.close();

  station.start();
  await until(() => station.said('database-damaged'), { what: 'the export to say that it waits' });
  await connection.query('REPAIR TABLE log');
  await connection.end();
  await until(async () => (await station.rows()).length === 50, { what: 'all rows' });

  t.deepEqual(faultsOf(writer.written, await station.rows()), []);
  t.true(station.said('mysqlcheck --repair'));
});

test('a row that is edited or deleted in the database is in the file as a finding', async (t) => {
  const station = await Station.open(t);
  const writer = new OpenemrWriter(station.server, 'openemr');
  await writer.fill(50);
  station.start();
  await until(async () => (await station.rows()).length === 50, { what: 'all rows' });

  const connection = await station.server.connect('openemr');
  await connection.query("UPDATE log SET user = 'nobody' WHERE id = 7");
  await connection.query('DELETE FROM log WHERE id = 50');
  await connection.end();
  await until(async () => (await station.findings()).length === 2, { what: 'two findings' });

  const found = await station.findings();
  t.like(
    found.find(({ event }) => event === 'audit-trail-row-edited'),
    { row_id: 7 },
  );
  t.like(
    found.find(({ event }) => event === 'audit-trail-row-deleted'),
    { row_id: 50 },
  );
});

test('once means once, and reconciling tells whether files and database agree', async (t) => {
  const station = await Station.open(t);
  const writer = new OpenemrWriter(station.server, 'openemr');
  for (const rows of [30, 40]) {
    await writer.fill(rows);
    const [status] = await once(station.start('--once'), 'exit');
    t.is(status, 0);
  }
  t.deepEqual(faultsOf(writer.written, await station.rows()), []);

  t.deepEqual(await once(station.start('--reconcile', '--without-agent'), 'exit'), [0, null]);
  const connection = await station.server.connect('openemr');
  await connection.query('DELETE FROM log WHERE id = 7');
  await connection.end();
  t.deepEqual(await once(station.start('--reconcile', '--without-agent'), 'exit'), [1, null]);

  await station.server.stop();
  const [status] = await once(station.start('--once'), 'exit');
  t.is(status, 1);
});

test('two exports do not write into the same directory', async (t) => {
  const station = await Station.open(t);
  await new OpenemrWriter(station.server, 'openemr').fill(1);
  station.start();
  await until(async () => (await station.rows()).length === 1, { what: 'the first export to run' });

  const [status] = await once(station.start(), 'exit');

  t.is(status, 1);
  await until(() => station.said('export-locked'), { what: 'the second to say why' });
  t.pass();
});
