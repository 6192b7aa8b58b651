/**
 * "Eventlog backup" as its script does it, statement by statement, with the real mysqldump: what a swap took comes
 * back from the dump, and a backup that fails repeats nothing. Debian: mariadb-client.
 */
import { execFile } from 'node:child_process';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';
import test from 'ava';
import type { RowDataPacket } from 'mysql2/promise';
import { checksumOf } from '../../src/openemr/checksum.js';
import { type Line, Station } from '../support/export-station.js';
import { OpenemrWriter } from '../support/openemr-database.js';
import { until } from '../support/wait.js';

const run = promisify(execFile);

const RENAMED = ['log_comment_encrypt', 'log', 'api_log'];

/** Each statement is a client of its own in the script. */
async function statements(station: Station, ...list: readonly string[]): Promise<void> {
  for (const statement of list) {
    const connection = await station.server.connect('openemr');
    await connection.query(statement);
    await connection.end();
  }
}

async function swap(station: Station): Promise<void> {
  await statements(
    station,
    ...RENAMED.map((table) => `create table if not exists ${table}_new like ${table}`),
    ...RENAMED.map((table) => `rename table ${table} to ${table}_backup,${table}_new to ${table}`),
  );
}

async function dump(station: Station): Promise<string> {
  const path = join(station.directory, '..', 'eventlog_20261127_020000.sql');
  const account = ['--no-defaults', `--socket=${station.server.socket}`, '--user=root'];
  const tables = RENAMED.map((table) => `${table}_backup`);
  await run('mysqldump', [
    ...account,
    '--opt',
    '--quote-names',
    `--result-file=${path}`,
    'openemr',
    '--tables',
    ...tables,
  ]);
  return path;
}

async function linesOf(path: string): Promise<Line[]> {
  const text = await readFile(path, 'utf8');
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line));
}

async function ended(station: Station, ...args: string[]): Promise<number | null> {
  const started = station.start(...args);
  await until(() => started.exitCode !== null, { what: `export ${args.join(' ')} to end`, timeoutMs: 60_000 });
  return started.exitCode;
}

test('rows that were in a table when it was dropped come back from the dump, plain or compressed', async (t) => {
  const station = await Station.open(t, { rotateBytes: 2 ** 24 });
  const writer = new OpenemrWriter(station.server, 'openemr');
  await writer.fill(200);
  await ended(station, '--once');
  await writer.fill(400);
  const written = [...writer.written];
  await swap(station);
  const path = await dump(station);
  await statements(station, ...RENAMED.map((table) => `drop table if exists ${table}_backup`));
  await writer.fill(50);
  station.start();
  await until(() => station.said('export --from-dump'), { what: 'the command to be named' });
  await until(async () => (await station.rows()).length === 250, { what: 'the rows of the new table' });

  t.is(await ended(station, '--from-dump', path), 0, 'while the export is running');

  const restored = join(station.directory, 'default.dump.log');
  const rows = (await linesOf(restored)).filter(({ id }) => typeof id === 'number');
  t.deepEqual(
    rows.map(({ comments }) => comments),
    written.slice(200).map(({ columns }) => columns.comments),
  );
  for (const row of rows) t.is(checksumOf(row), 'ok');
  t.deepEqual(
    rows.map(({ api }) => api !== null),
    rows.map(({ event }) => event === 'api'),
  );
  const [first] = await station.rows();
  t.true(rows.every(({ generation }) => generation === first?.generation));

  const before = await readFile(restored);
  t.is(await ended(station, '--from-dump', path), 0);
  t.deepEqual(await readFile(restored), before, 'a second time brings nothing');

  await rm(restored);
  await writeFile(`${path}.gz`, gzipSync(await readFile(path)));
  t.is(await ended(station, '--from-dump', `${path}.gz`), 0);
  const again = (await linesOf(restored)).filter(({ id }) => typeof id === 'number');
  t.deepEqual(
    again.map(({ id }) => id),
    rows.map(({ id }) => id),
  );
});

test('a backup that fails and puts the tables back repeats no row and mixes none, while rows are written', async (t) => {
  const station = await Station.open(t);
  const writer = new OpenemrWriter(station.server, 'openemr');
  await writer.fill(300);
  station.start();
  await until(async () => (await station.rows()).length === 300, { what: 'the first rows' });
  const writing = writer.write({ rows: 600, sessions: 3, pauseMs: 10, random: Math.random }).catch(() => undefined);
  await until(() => writer.written.length > 400, { what: 'some rows' });
  await swap(station);
  await until(() => writer.written.length > 500, { what: 'rows in the new table' });
  // The script does this when mysqldump fails; what the new tables hold is gone with them.
  for (const table of RENAMED) {
    await statements(station, `drop table if exists ${table}`, `rename table ${table}_backup to ${table}`);
  }
  await writing;
  await writer.fill(20);
  const connection = await station.server.connect('openemr');
  const [stored] = await connection.query<RowDataPacket[]>('SELECT comments FROM log');
  await connection.end();
  const held = stored.map(({ comments }) => String(comments));
  await until(
    async () => {
      const filed = new Set((await station.rows()).map(({ comments }) => comments));
      return held.every((comments) => filed.has(comments));
    },
    { what: 'all rows of the table in the file', timeoutMs: 60_000 },
  );

  const rows = await station.rows();
  const names = rows.map(({ generation, id }) => `${generation}:${id}`);
  t.is(new Set(names).size, names.length, 'each name once');
  const comments = rows.map((row) => row.comments);
  t.is(new Set(comments).size, comments.length, 'each row once');
  t.deepEqual(
    rows.filter((row) => checksumOf(row) === 'altered').map(({ generation, id }) => `${generation}:${id}`),
    [],
  );
  const events = (await station.findings()).map(({ event }) => event);
  t.true(events.includes('audit-trail-table-restored'));
  t.false(events.includes('audit-trail-row-edited'));
});
