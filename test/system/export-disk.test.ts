/** A disk that is full or closed: the export says so and waits, and the database keeps the rows. */
import { execFileSync } from 'node:child_process';
import test from 'ava';
import { faultsOf, Station } from '../support/export-station.js';
import { OpenemrWriter } from '../support/openemr-database.js';
import { Volume } from '../support/volume.js';
import { until } from '../support/wait.js';

test('a full disk is waited out: each row is there once and whole when there is room', async (t) => {
  const volume = await Volume.make(t, 'tmpfs', 1);
  const station = await Station.open(t, { directory: volume.path });
  const writer = new OpenemrWriter(station.server, 'openemr');
  await writer.fill(3000);
  station.start();
  await until(() => station.said('free space on the volume'), { what: 'the export to say that the disk is full' });

  execFileSync('mount', ['-o', 'remount,size=32m', volume.path]);
  await until(async () => (await station.rows()).length >= 3000, { what: 'all rows', timeoutMs: 60_000 });

  t.deepEqual(faultsOf(writer.written, await station.rows()), []);
  t.deepEqual(await station.findings(), []);
});

test('a disk that takes no writing is waited out', async (t) => {
  const volume = await Volume.make(t, 'tmpfs', 32);
  const station = await Station.open(t, { directory: volume.path });
  const writer = new OpenemrWriter(station.server, 'openemr');
  await writer.fill(100);
  station.start();
  await until(async () => (await station.rows()).length === 100, { what: 'the first rows' });

  await station.kill();
  execFileSync('mount', ['-o', 'remount,ro', volume.path]);
  station.start('--once');
  await until(() => station.said('cannot write in'), { what: 'the export to say why it does not begin' });
  execFileSync('mount', ['-o', 'remount,rw', volume.path]);
  await writer.fill(100);
  station.start();
  await until(async () => (await station.rows()).length === 200, { what: 'all rows' });

  t.deepEqual(faultsOf(writer.written, await station.rows()), []);
});
