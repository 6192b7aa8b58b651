/**
 * A real MariaDB, OpenEMR's way of writing, table swaps, and an export that is
 * killed again and again: each row is in the files once, whole.
 */
import test from 'ava';
import { faultsOf, Station } from '../support/export-station.js';
import { OpenemrWriter } from '../support/openemr-database.js';
import { until } from '../support/wait.js';

test('each row is in the files once and whole, although the export is killed again and again', async (t) => {
  const station = await Station.open(t);
  const writer = new OpenemrWriter(station.server, 'openemr');
  await writer.fill(5000);
  const writing = writer.write({ rows: 2500, sessions: 6, pauseMs: 6, random: Math.random });
  let isWriting = true;
  void writing.finally(() => {
    isWriting = false;
  });

  let before = 0;
  for (let kills = 0; kills < 8 || isWriting; kills += 1) {
    station.start();
    await until(async () => (await station.lines()).length > before + 10 * (kills % 3) || !isWriting, {
      what: 'more rows',
    });
    await station.kill();
    before = (await station.lines()).length;
  }
  await writing;
  station.start();
  await until(async () => (await station.rows()).length >= writer.written.length, { what: 'all rows' });
  await station.kill('SIGTERM');

  t.deepEqual(faultsOf(writer.written, await station.rows()), []);
  t.deepEqual(await station.findings(), []);
});

test('a table swap begins a new generation, and what the renamed table still held is exported', async (t) => {
  const station = await Station.open(t);
  const writer = new OpenemrWriter(station.server, 'openemr');
  await writer.fill(6000);
  station.start();
  await until(async () => (await station.rows()).length > 1000, { what: 'the first rows' });
  await station.kill();

  const writing = writer.write({ rows: 1000, sessions: 4, pauseMs: 4, random: Math.random });
  const isExported = async () => (await station.findings()).some(({ complete }) => complete === true);
  await writer.backUp(async () => {
    station.start();
    await until(isExported, { what: 'the old table to be exported', timeoutMs: 40_000 });
  });
  await writing;
  await until(async () => (await station.rows()).length >= writer.written.length, { what: 'all rows' });

  t.deepEqual(faultsOf(writer.written, await station.rows()), []);
  t.is(new Set((await station.rows()).map(({ generation }) => generation)).size, 2);
});
