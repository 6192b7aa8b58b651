/**
 * Rows as each version's callers of the audit log write them, through a real database that stores what fits: none
 * is called altered, and each is as soon as one octet of it is another.
 */
import test from 'ava';
import type { Connection, ResultSetHeader } from 'mysql2/promise';
import { checksumOf, HASHED_API_COLUMNS, HASHED_COLUMNS } from '../../src/openemr/checksum.js';
import { type Line, Station } from '../support/export-station.js';
import { CALLS, statementsOf } from '../support/openemr-callers.js';
import { until } from '../support/wait.js';

const VERSIONS = [
  {
    // Tables of 5.0, in the character set of its time.
    name: '5.0',
    charset: 'utf8mb3',
    statements: [
      'DROP TABLE api_log',
      'ALTER TABLE log_comment_encrypt DROP COLUMN checksum_api',
      'ALTER TABLE log CONVERT TO CHARACTER SET utf8mb3',
    ],
  },
  {
    // sqlconf.php with disable_utf8_flag, as old sites have it: UTF-8 over a connection that says latin1.
    name: '5.0',
    of: '5.0 without UTF-8',
    charset: 'latin1',
    statements: [
      'DROP TABLE api_log',
      'ALTER TABLE log_comment_encrypt DROP COLUMN checksum_api',
      'ALTER TABLE log CONVERT TO CHARACTER SET latin1',
    ],
  },
  { name: '6.1', charset: 'utf8mb3', statements: ['ALTER TABLE log CONVERT TO CHARACTER SET utf8mb3'] },
  // Upgraded: a new connection, old tables.
  { name: '7.0', charset: 'utf8mb4', statements: ['ALTER TABLE log CONVERT TO CHARACTER SET utf8mb3'] },
  { name: '8.2', charset: 'utf8mb4', statements: [] },
  {
    name: '8.3',
    charset: 'utf8mb4',
    statements: ['ALTER TABLE api_log ADD COLUMN client_id varchar(80) DEFAULT NULL AFTER user_id'],
  },
] as const;

for (const { name, charset, statements, ...more } of VERSIONS) {
  test(`what the callers of ${'of' in more ? more.of : name} write is not called altered, and is when one octet is another`, async (t) => {
    const calls = CALLS.filter(({ version }) => version === name);
    // Over latin1 each octet is a character, so that none is lost.
    const holdsLess = charset !== 'latin1';
    const station = await Station.open(t);
    const connection = await station.server.connect('openemr');
    for (const statement of statements) await connection.query(statement);
    await connection.query(`SET sql_mode = '', time_zone = '-05:00', NAMES ${charset}`);
    for (const call of calls) {
      const { log, seal, api } = statementsOf(call);
      const id = await insert(connection, 'log', holdsLess ? log : octetsOf(log));
      await insert(connection, 'log_comment_encrypt', seal(id));
      if (api !== undefined) await insert(connection, 'api_log', api(id));
    }
    await connection.end();
    station.start('--once');
    await until(async () => (await station.rows()).length === calls.length, { what: 'the rows', timeoutMs: 60_000 });

    for (const [index, row] of (await station.rows()).entries()) {
      const { what, isLost, isFull } = calls[index]!;
      t.is(checksumOf(row), isLost && holdsLess ? 'unverifiable' : 'ok', what);
      if (isLost) continue;
      const verdict = isFull ? 'unverifiable' : 'altered';
      for (const changed of changesOf(row)) t.is(checksumOf(changed), verdict, `${what}: ${JSON.stringify(changed)}`);
    }
  });
}

async function insert(connection: Connection, table: string, columns: object): Promise<number> {
  const [{ insertId }] = await connection.query<ResultSetHeader>('INSERT INTO ?? SET ?', [table, columns]);
  return insertId;
}

/** As PHP sends them, whatever the connection says: this client would encode texts for it. */
function octetsOf(columns: object): object {
  return Object.fromEntries(
    Object.entries(columns).map(([column, value]) => [column, typeof value === 'string' ? Buffer.from(value) : value]),
  );
}

/** The row with one octet of one hashed column changed, for each of them that has any. */
function changesOf(row: Line): Line[] {
  const covered = String(row.checksum).length > 50 ? HASHED_COLUMNS : OLD_COLUMNS;
  const own = covered
    .filter((column) => hasText(row[column]))
    .map((column) => ({ ...row, [column]: other(row[column]) }));
  const call = row.api as Line | null;
  if (call === null) return own;
  const columns = HASHED_API_COLUMNS.filter((column) => hasText(call[column]));
  return [...own, ...columns.map((column) => ({ ...row, api: { ...call, [column]: other(call[column]) } }))];
}

const OLD_COLUMNS = HASHED_COLUMNS.filter(
  (column) => !['category', 'user_notes', 'log_from', 'menu_item_id', 'ccda_doc_id'].includes(column),
).concat('log_checksum');

function hasText(value: unknown): boolean {
  return value !== null && value !== undefined && value !== '';
}

function other(value: unknown): unknown {
  if (typeof value === 'number') return value + 1;
  const text = String(value);
  return (text.startsWith('1') ? '2' : '1') + text.slice(1);
}
