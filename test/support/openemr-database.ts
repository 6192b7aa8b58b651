/**
 * OpenEMR's audit tables in a real database, and a writer that fills them as
 * OpenEMR does: three statements a row without a transaction, now and then all
 * of them inside one that commits late or rolls back, and "Eventlog backup",
 * which renames the tables one after another, reads them and drops them.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Connection, ResultSetHeader, RowDataPacket } from 'mysql2/promise';
import type { MariaDb } from './mariadb.js';
import { apiColumns, type LogColumns, logColumns, sealColumns } from './openemr-writing.js';
import { until } from './wait.js';

const TABLES = [
  `CREATE TABLE log (id bigint NOT NULL AUTO_INCREMENT PRIMARY KEY, date datetime, event varchar(255),
     category varchar(255), user varchar(255), groupname varchar(255), comments longtext, user_notes longtext,
     patient_id bigint, success tinyint(1) DEFAULT 1, checksum longtext, crt_user varchar(255),
     log_from varchar(20) DEFAULT 'open-emr', menu_item_id int, ccda_doc_id int, KEY patient_id (patient_id))`,
  `CREATE TABLE log_comment_encrypt (id int NOT NULL AUTO_INCREMENT PRIMARY KEY, log_id int NOT NULL,
     encrypt enum('Yes','No') NOT NULL DEFAULT 'No', checksum longtext, checksum_api longtext,
     version tinyint NOT NULL DEFAULT 0)`,
  `CREATE TABLE api_log (id bigint NOT NULL AUTO_INCREMENT PRIMARY KEY, log_id int NOT NULL, user_id bigint NOT NULL,
     patient_id bigint NOT NULL, ip_address varchar(255), method varchar(20), request varchar(255), request_url text,
     request_body longtext, response longtext, created_time timestamp NULL)`,
  `CREATE TABLE extended_log (id bigint NOT NULL AUTO_INCREMENT PRIMARY KEY, date datetime, event varchar(255),
     user varchar(255), recipient varchar(255), description longtext, patient_id bigint)`,
  `CREATE TABLE gacl_aro (id int PRIMARY KEY, section_value varchar(150), value varchar(150))`,
  `CREATE TABLE gacl_aro_groups (id int PRIMARY KEY, parent_id int, lft int, rgt int, name varchar(255), value varchar(150))`,
  `CREATE TABLE gacl_groups_aro_map (group_id int, aro_id int, PRIMARY KEY (group_id, aro_id))`,
  `INSERT INTO gacl_aro_groups VALUES (16, 10, 2, 3, 'Emergency Login', 'breakglass')`,
  `INSERT INTO gacl_aro VALUES (31, 'users', 'emergency1'), (32, 'users', 'drlee')`,
  `INSERT INTO gacl_groups_aro_map VALUES (16, 31)`,
];

/** Those that "Eventlog backup" renames, in its order. */
const TRAIL_TABLES = ['log_comment_encrypt', 'log', 'api_log'];

/** A row that was written and has not been rolled back. */
export interface Written {
  readonly id: number;
  readonly columns: LogColumns;
}

export async function createOpenemr(server: MariaDb, database: string): Promise<void> {
  const connection = await server.connect();
  await connection.query(`CREATE DATABASE ${database} DEFAULT CHARACTER SET utf8mb4`);
  await connection.query(`USE ${database}`);
  for (const statement of TABLES) await connection.query(statement);
  await connection.end();
}

export interface WritingHabits {
  /** Rows to write, over all sessions. */
  readonly rows: number;
  readonly sessions: number;
  /** Mean pause of a session between two rows. */
  readonly pauseMs: number;
  readonly random: () => number;
}

/** Several of OpenEMR's page requests at once. Rows are numbered by their content: the nth is `logColumns(n)`. */
export class OpenemrWriter {
  readonly written: Written[] = [];
  readonly #server: MariaDb;
  readonly #database: string;
  #number: number;

  constructor(server: MariaDb, database: string, firstNumber = 1) {
    this.#server = server;
    this.#database = database;
    this.#number = firstNumber;
  }

  async write({ rows, sessions, pauseMs, random }: WritingHabits): Promise<void> {
    const last = this.#number + rows;
    await Promise.all(
      Array.from({ length: sessions }, async () => {
        let connection = await this.#connect();
        while (this.#number < last) {
          const number = this.#number;
          this.#number += 1;
          try {
            await this.#writeOne(connection, number, random);
          } catch (error) {
            if (!isLost(error) && !isWithoutTable(error)) throw error;
            // The page fails; whoever uses it tries again.
            connection.destroy();
            connection = await this.#reconnect();
          }
          if (pauseMs > 0) await sleep(2 * pauseMs * random());
        }
        await connection.end();
      }),
    );
  }

  /** Many rows at a time, as a database has that has been in use for years. */
  async fill(rows: number): Promise<void> {
    const connection = await this.#connect();
    for (let left = rows; left > 0; left -= 1000) {
      const numbers = Array.from({ length: Math.min(left, 1000) }, (_, index) => this.#number + index);
      this.#number += numbers.length;
      const columns = numbers.map(logColumns);
      const [{ insertId }] = await connection.query<ResultSetHeader>('INSERT INTO log (??) VALUES ?', [
        Object.keys(columns[0] ?? {}),
        columns.map((row) => Object.values(row)),
      ]);
      const seals = columns.map((row, index) => sealColumns(insertId + index, row));
      await insertMany(connection, 'log_comment_encrypt', seals);
      const apis = columns.flatMap((row, index) => apiColumns(insertId + index, row) ?? []);
      await insertMany(connection, 'api_log', apis);
      this.written.push(...columns.map((row, index) => ({ id: insertId + index, columns: row })));
    }
    await connection.end();
  }

  /** "Eventlog backup", started again if the server dies in it. The dump is a read; `beforeDrop` says how long it takes. */
  async backUp(beforeDrop: () => Promise<void>): Promise<void> {
    await this.#swap();
    await beforeDrop();
    for (const table of TRAIL_TABLES) {
      await this.persist((connection) => connection.query(`DROP TABLE IF EXISTS ${table}_backup`));
    }
  }

  /**
   * "Eventlog backup" whose dump fails: it drops what was written since the swap and puts the old tables back. Gives
   * the comments of the rows that it dropped.
   */
  async failToBackUp(beforeItFails: () => Promise<void>): Promise<readonly string[]> {
    await this.#swap();
    await beforeItFails();
    let dropped: readonly string[] = [];
    for (const table of TRAIL_TABLES) {
      await this.persist(async (connection) => {
        if (!(await isThere(connection, `${table}_backup`))) return;
        if (await isThere(connection, table)) {
          // So that no row comes between the look and the end.
          await connection.query(`LOCK TABLES ${table} WRITE`);
          if (table === 'log') dropped = await commentsIn(connection, table);
          await connection.query(`DROP TABLE ${table}`);
          await connection.query('UNLOCK TABLES');
        }
        await connection.query(`RENAME TABLE ${table}_backup TO ${table}`);
      });
    }
    return dropped;
  }

  /** Does it until the server has lived through it. */
  async persist<T>(work: (connection: Connection) => Promise<T>): Promise<T> {
    for (;;) {
      const connection = await this.#reconnect();
      try {
        return await work(connection);
      } catch (error) {
        if (!isLost(error)) throw error;
      } finally {
        connection.destroy();
      }
    }
  }

  async #swap(): Promise<void> {
    for (const table of TRAIL_TABLES) {
      await this.persist(async (connection) => {
        if (await isThere(connection, `${table}_backup`)) return;
        await connection.query(`CREATE TABLE IF NOT EXISTS ${table}_new LIKE ${table}`);
        await connection.query(`RENAME TABLE ${table} TO ${table}_backup, ${table}_new TO ${table}`);
      });
    }
  }

  async #writeOne(connection: Connection, number: number, random: () => number): Promise<void> {
    const chance = random();
    const isInTransaction = chance < 0.1;
    const columns = logColumns(number);
    if (isInTransaction) await connection.beginTransaction();
    const id = await insert(connection, 'log', columns);
    await insert(connection, 'log_comment_encrypt', sealColumns(id, columns));
    const api = apiColumns(id, columns);
    if (api !== undefined) await insert(connection, 'api_log', api);
    if (isInTransaction) {
      await sleep(300 * random());
      if (chance < 0.03) return connection.rollback();
      await connection.commit();
    }
    this.written.push({ id, columns });
  }

  #reconnect(): Promise<Connection> {
    return until(() => this.#connect().catch(() => undefined), {
      what: 'the database',
      timeoutMs: 60_000,
      everyMs: 50,
    });
  }

  async #connect(): Promise<Connection> {
    const connection = await this.#server.connect(this.#database);
    // It ends between two statements when the server does; the next statement says so.
    connection.on('error', () => undefined);
    // As OpenEMR does; its times are the clinic's.
    await connection.query("SET sql_mode = '', time_zone = '-05:00'");
    return connection;
  }
}

/** The connection is gone; any other error is the statement's. */
function isLost(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  return ('fatal' in error && error.fatal === true) || ('code' in error && error.code === 'ER_SERVER_SHUTDOWN');
}

/** Between a drop and a rename of "Eventlog backup". */
function isWithoutTable(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ER_NO_SUCH_TABLE';
}

async function commentsIn(connection: Connection, table: string): Promise<readonly string[]> {
  const [rows] = await connection.query<RowDataPacket[]>('SELECT comments FROM ??', [table]);
  return rows.map(({ comments }) => String(comments));
}

async function isThere(connection: Connection, table: string): Promise<boolean> {
  const [rows] = await connection.query<RowDataPacket[]>('SHOW TABLES LIKE ?', [table]);
  return rows.length > 0;
}

async function insert(connection: Connection, table: string, columns: object): Promise<number> {
  const [{ insertId }] = await connection.query<ResultSetHeader>('INSERT INTO ?? SET ?', [table, columns]);
  return insertId;
}

async function insertMany(connection: Connection, table: string, rows: readonly object[]): Promise<void> {
  const [first] = rows;
  if (first === undefined) return;
  const values = rows.map((row) => Object.values(row));
  await connection.query('INSERT INTO ?? (??) VALUES ?', [table, Object.keys(first), values]);
}
