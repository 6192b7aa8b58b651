/**
 * OpenEMR's database in memory, for the export's unit tests: tables whose ids
 * are given at insert and whose rows are seen at commit, three statements a
 * row, table swaps. `beforeCall` runs before each read, so that a test can let
 * the world change between any two of them.
 */
import { API_COLUMNS, DISCLOSURE_TRAIL, LOG_TRAIL, SEAL_COLUMNS } from '../../src/export/database/audit-tables.js';
import type {
  Cells,
  Database,
  Head,
  IdRange,
  Inspection,
  Reference,
  Schema,
} from '../../src/export/database/database.js';
import { AgentError } from '../../src/lib/errors.js';
import { apiColumns, type LogColumns, logColumns, sealColumns } from './openemr-writing.js';

const LONG = ['comments', 'request_body', 'response'];

class FakeTable {
  readonly rows = new Map<number, Cells>();
  next = 1;

  constructor(readonly columns: readonly string[]) {}

  /** The id is taken, whether or not the row is ever seen. */
  takeId(): number {
    const id = this.next;
    this.next += 1;
    return id;
  }

  insert(cells: Cells, id = this.takeId()): number {
    this.rows.set(id, { id, ...cells });
    return id;
  }

  sorted(): Cells[] {
    return [...this.rows.values()].sort((a, b) => Number(a.id) - Number(b.id));
  }
}

/** A row on its way: what OpenEMR still has to write of it. */
export interface Writing {
  readonly id: number;
  readonly columns: LogColumns;
}

export class FakeOpenemr implements Database {
  readonly tables = new Map<string, FakeTable>([
    ['log', new FakeTable(LOG_TRAIL.columns)],
    ['log_comment_encrypt', new FakeTable(['id', ...SEAL_COLUMNS])],
    ['api_log', new FakeTable(['id', ...API_COLUMNS])],
    ['extended_log', new FakeTable(DISCLOSURE_TRAIL.columns)],
  ]);
  breakglass: ReadonlySet<string> | undefined = new Set();
  beforeCall: (method: string) => void = () => undefined;
  calls = 0;
  #written = 0;

  table(name: string): FakeTable {
    const table = this.tables.get(name);
    if (table === undefined) throw new AgentError('database-table', `there is no table ${name}`);
    return table;
  }

  /** All three statements, one after another. */
  write(): Writing {
    const writing = this.insertLog();
    this.insertSides(writing);
    return writing;
  }

  insertLog(): Writing {
    return this.commit(this.begin());
  }

  /** Inside a transaction: the id is taken, nobody sees the row. */
  begin(): Writing {
    this.#written += 1;
    return { id: this.table('log').takeId(), columns: logColumns(this.#written) };
  }

  commit(writing: Writing): Writing {
    this.table('log').insert({ ...writing.columns }, writing.id);
    return writing;
  }

  insertSides({ id, columns }: Writing): void {
    this.table('log_comment_encrypt').insert({ ...sealColumns(id, columns) });
    const api = apiColumns(id, columns);
    if (api !== undefined) this.table('api_log').insert({ ...api });
  }

  /** "Eventlog backup" up to its dump. */
  swap(): void {
    for (const name of ['log_comment_encrypt', 'log', 'api_log']) {
      const old = this.table(name);
      this.tables.set(`${name}_backup`, old);
      this.tables.set(name, new FakeTable(old.columns));
    }
  }

  /** In place of the rest when the dump fails: what was written since is dropped. */
  restore(name: string): void {
    this.tables.set(name, this.table(`${name}_backup`));
    this.tables.delete(`${name}_backup`);
  }

  /** The rest of it. */
  dropBackup(): void {
    for (const name of ['log_comment_encrypt', 'log', 'api_log']) this.tables.delete(`${name}_backup`);
  }

  async schema(): Promise<Schema> {
    this.#called('schema');
    return new Map([...this.tables].map(([name, { columns }]) => [name, new Set(columns)]));
  }

  async headsFrom(table: string, from: number, limit: number): Promise<Head[]> {
    this.#called('headsFrom');
    return this.#heads(table, (id) => id >= from).slice(0, limit);
  }

  async headsIn(table: string, ranges: readonly IdRange[], limit: number): Promise<Head[]> {
    this.#called('headsIn');
    return this.#heads(table, (id) => within(ranges, id)).slice(0, limit);
  }

  async newest(table: string): Promise<Head | undefined> {
    this.#called('newest');
    return this.#heads(table, () => true).at(-1);
  }

  async nextId(table: string): Promise<number | undefined> {
    this.#called('nextId');
    return this.table(table).next;
  }

  async referencesFrom(table: string, from: number, limit: number): Promise<Reference[]> {
    this.#called('referencesFrom');
    return this.table(table)
      .sorted()
      .filter(({ id }) => Number(id) >= from)
      .slice(0, limit)
      .map((cells) => ({ id: Number(cells.id), logId: Number(cells.log_id), bytes: bytesOf(cells) }));
  }

  async rows(table: string, columns: readonly string[], ranges: readonly IdRange[]): Promise<Cells[]> {
    this.#called('rows');
    return this.table(table)
      .sorted()
      .filter(({ id }) => within(ranges, Number(id)))
      .map((cells) => Object.fromEntries(columns.map((column) => [column, cells[column] ?? null])));
  }

  async breakglassUsers(): Promise<ReadonlySet<string> | undefined> {
    this.#called('breakglassUsers');
    return this.breakglass;
  }

  async inspect(): Promise<Inspection> {
    return { server: 'in memory', account: 'nobody', cipher: '', settings: undefined };
  }

  async close(): Promise<void> {
    // Nothing is open.
  }

  #heads(table: string, takes: (id: number) => boolean): Head[] {
    return this.table(table)
      .sorted()
      .filter(({ id }) => takes(Number(id)))
      .map((cells) => ({
        id: Number(cells.id),
        date: typeof cells.date === 'string' ? cells.date : null,
        bytes: bytesOf(cells),
      }));
  }

  #called(method: string): void {
    this.calls += 1;
    this.beforeCall(method);
  }
}

function within(ranges: readonly IdRange[], id: number): boolean {
  return ranges.some(({ from, to }) => from <= id && id <= to);
}

function bytesOf(cells: Cells): number {
  return LONG.reduce((sum, column) => sum + Buffer.byteLength(String(cells[column] ?? '')), 0);
}
