/**
 * Reads OpenEMR's database, MariaDB or MySQL, over mysql2. It has one connection, made
 * when needed and dropped at the first error; the password is read at each connection,
 * so that a changed one is found. The session is read-only, in UTC, with one
 * transaction per statement: no lock is held between two statements.
 */
import { type Connection, createConnection, type RowDataPacket } from 'mysql2/promise';
import { AgentError } from '../../lib/errors.js';
import type { Cell, Cells, Database, Head, IdRange, Inspection, Reference, Schema } from './database.js';
import { databaseFault, type Whereabouts } from './fault.js';

/** Ranges in one statement: all that is read of rows together stays one statement, which sees one moment. */
const RANGES = 2100;
const CONNECT_MS = 10_000;
/** A statement reads a few thousand rows by primary key: one that takes this long stands still. */
const STATEMENT_MS = 60_000;

/** Columns that may be long; in bytes they make up a row. */
const LONG = ['comments', 'user_notes', 'description', 'request_url', 'request_body', 'response'];

export interface MysqlOptions {
  readonly whereabouts: Whereabouts;
  /** Everything that a connection needs, read anew for each. */
  credentials(): Promise<Credentials>;
}

export interface Credentials {
  readonly host?: string;
  readonly port?: number;
  readonly socketPath?: string;
  readonly database: string;
  readonly user: string;
  readonly password?: string;
  readonly ssl?: { ca?: string; cert?: string; key?: string; verifyIdentity: boolean };
}

export class MysqlDatabase implements Database {
  readonly #options: MysqlOptions;
  #connection: Promise<Connection> | undefined;
  #schema: Schema | undefined;

  constructor(options: MysqlOptions) {
    this.#options = options;
  }

  async schema(): Promise<Schema> {
    const rows = await this.#query(
      `SELECT TABLE_NAME AS tableName, COLUMN_NAME AS columnName FROM information_schema.COLUMNS
       WHERE TABLE_SCHEMA = DATABASE() AND (TABLE_NAME LIKE 'log%' OR TABLE_NAME LIKE 'api\\_log%'
         OR TABLE_NAME LIKE 'extended\\_log%' OR TABLE_NAME LIKE 'gacl\\_%')`,
    );
    const schema = new Map<string, Set<string>>();
    for (const { tableName, columnName } of rows) {
      const table = String(tableName);
      const columns = schema.get(table) ?? new Set();
      schema.set(table, columns.add(String(columnName)));
    }
    this.#schema = schema;
    return schema;
  }

  async headsFrom(table: string, from: number, limit: number): Promise<Head[]> {
    const rows = await this.#query(
      `SELECT ${await this.#headColumns(table)} FROM ${quoted(table)} WHERE id >= ? ORDER BY id LIMIT ?`,
      [from, limit],
    );
    return rows.map(headOf);
  }

  async headsIn(table: string, ranges: readonly IdRange[], limit: number): Promise<Head[]> {
    const columns = await this.#headColumns(table);
    const heads: Head[] = [];
    for (let at = 0; at < ranges.length && heads.length < limit; at += RANGES) {
      const rows = await this.#query(
        `SELECT ${columns} FROM ${quoted(table)} WHERE ${within(ranges.slice(at, at + RANGES))} ORDER BY id LIMIT ?`,
        [limit - heads.length],
      );
      heads.push(...rows.map(headOf));
    }
    return heads;
  }

  async newest(table: string): Promise<Head | undefined> {
    const columns = await this.#headColumns(table);
    const [row] = await this.#query(`SELECT ${columns} FROM ${quoted(table)} ORDER BY id DESC LIMIT 1`);
    return row === undefined ? undefined : headOf(row);
  }

  async nextId(table: string): Promise<number | undefined> {
    const [row] = await this.#query(
      `SELECT AUTO_INCREMENT AS nextId FROM information_schema.TABLES
       WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = ?`,
      [table],
    );
    return typeof row?.nextId === 'number' ? row.nextId : undefined;
  }

  async referencesFrom(table: string, from: number, limit: number): Promise<Reference[]> {
    const rows = await this.#query(
      `SELECT id, log_id AS logId, ${await this.#bytes(table)} AS bytes FROM ${quoted(table)}
       WHERE id >= ? ORDER BY id LIMIT ?`,
      [from, limit],
    );
    return rows.map(({ id, logId, bytes }) => ({ id: Number(id), logId: Number(logId), bytes: Number(bytes) }));
  }

  async rows(table: string, columns: readonly string[], ranges: readonly IdRange[]): Promise<Cells[]> {
    if (ranges.length === 0) return [];
    const there = await this.#columnsOf(table);
    const list = columns.filter((column) => there.has(column)).map(quoted);
    return this.#query(`SELECT ${list.join(', ')} FROM ${quoted(table)} WHERE ${within(ranges)} ORDER BY id`);
  }

  async breakglassUsers(): Promise<ReadonlySet<string> | undefined> {
    const schema = this.#schema ?? (await this.schema());
    if (!['gacl_aro', 'gacl_aro_groups', 'gacl_groups_aro_map'].every((table) => schema.has(table))) return undefined;
    const rows = await this.#query(
      `SELECT member.value AS login FROM gacl_aro_groups AS circle
       JOIN gacl_groups_aro_map AS origin ON origin.group_id = circle.id
       JOIN gacl_aro AS member ON member.id = origin.aro_id
       WHERE circle.value = 'breakglass' AND member.section_value = 'users'`,
    );
    return new Set(rows.map(({ login }) => String(login).toLowerCase()));
  }

  async inspect(): Promise<Inspection> {
    const [said] = await this.#query('SELECT VERSION() AS server, CURRENT_USER() AS account');
    const [tls] = await this.#query("SHOW SESSION STATUS LIKE 'Ssl_cipher'");
    const settings = await this.#settings();
    return { server: String(said?.server), account: String(said?.account), cipher: String(tls?.Value ?? ''), settings };
  }

  async #settings(): Promise<ReadonlyMap<string, string> | undefined> {
    try {
      const rows = await this.#query(
        `SELECT gl_name AS name, gl_value AS value FROM globals WHERE gl_index = 0 AND (gl_name LIKE 'enable\\_a%'
           OR gl_name LIKE 'audit\\_events\\_%' OR gl_name = 'gbl_force_log_breakglass')`,
      );
      return new Map(rows.map(({ name, value }) => [String(name), String(value)]));
    } catch (error) {
      // The usual case: it holds OpenEMR's secrets, and --grants does not ask for it.
      if (error instanceof AgentError && ['database-privilege', 'database-table'].includes(error.code))
        return undefined;
      throw error;
    }
  }

  async close(): Promise<void> {
    const connection = this.#connection;
    this.#connection = undefined;
    await connection?.then((open) => open.end()).catch(() => undefined);
  }

  async #headColumns(table: string): Promise<string> {
    const date = (await this.#columnsOf(table)).has('date') ? '`date`' : 'NULL';
    return `id, ${date} AS \`date\`, ${await this.#bytes(table)} AS bytes`;
  }

  async #bytes(table: string): Promise<string> {
    const columns = await this.#columnsOf(table);
    const long = LONG.filter((column) => columns.has(column));
    return long.length === 0 ? '0' : long.map((column) => `COALESCE(LENGTH(${quoted(column)}), 0)`).join(' + ');
  }

  async #columnsOf(table: string): Promise<ReadonlySet<string>> {
    return this.#schema?.get(table) ?? (await this.schema()).get(table) ?? new Set(['id']);
  }

  async #query(sql: string, values: readonly (string | number)[] = []): Promise<Cells[]> {
    const connecting = this.#connection ?? this.#connect();
    this.#connection = connecting;
    try {
      const connection = await connecting;
      const [rows] = await connection.query<RowDataPacket[]>({ sql, values: [...values], timeout: STATEMENT_MS });
      return rows.map(cellsOf);
    } catch (error) {
      // Which faults a connection outlives is not worth knowing: a new one costs a millisecond.
      if (this.#connection === connecting) this.#connection = undefined;
      void connecting.then((connection) => connection.destroy()).catch(() => undefined);
      throw databaseFault(error, this.#options.whereabouts);
    }
  }

  async #connect(): Promise<Connection> {
    const connection = await createConnection({
      ...(await this.#options.credentials()),
      charset: 'utf8mb4',
      dateStrings: true,
      supportBigNumbers: true,
      connectTimeout: CONNECT_MS,
      enableKeepAlive: true,
    });
    // Between two statements nobody listens for its end; the next statement says what happened.
    connection.on('error', () => undefined);
    try {
      await setUp(connection);
    } catch (error) {
      // Tried again and again, it would use up the server's connections.
      connection.destroy();
      throw error;
    }
    return connection;
  }
}

async function setUp(connection: Connection): Promise<void> {
  const set = (session: string) => connection.query({ sql: `SET SESSION ${session}`, timeout: STATEMENT_MS });
  await set("autocommit = 1, time_zone = '+00:00', sql_mode = ''");
  await set('TRANSACTION ISOLATION LEVEL READ COMMITTED, READ ONLY');
  // MySQL 8 alone knows this; without it AUTO_INCREMENT may be a day old.
  await set('information_schema_stats_expiry = 0').catch(() => undefined);
}

function headOf({ id, date, bytes }: Cells): Head {
  return { id: Number(id), date: typeof date === 'string' ? date : null, bytes: Number(bytes) };
}

function cellsOf(row: RowDataPacket): Cells {
  return Object.fromEntries(Object.entries(row).map(([column, value]) => [column, cellOf(value)]));
}

/** A column that an administrator made binary comes as bytes. */
function cellOf(value: unknown): Cell {
  if (typeof value === 'number' || typeof value === 'string') return value;
  if (Buffer.isBuffer(value)) return value.toString('utf8');
  return value === null || value === undefined ? null : String(value);
}

function within(ranges: readonly IdRange[]): string {
  return (
    ranges.map(({ from, to }) => (from === to ? `id = ${from}` : `id BETWEEN ${from} AND ${to}`)).join(' OR ') || '0'
  );
}

function quoted(name: string): string {
  return `\`${name.replaceAll('`', '``')}\``;
}
