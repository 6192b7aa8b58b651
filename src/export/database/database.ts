/**
 * What the export asks of OpenEMR's database: reads by primary key, in ascending order,
 * each a single statement that sees one moment of one table. There are no locks and no
 * transactions longer than a statement. Every method may throw an AgentError
 * `database-…`; the next call then connects again.
 */

export type Cell = string | number | null;

/** A row by column name. Text as the server gives it in UTF-8, DATETIME as `YYYY-MM-DD HH:MM:SS`, TIMESTAMP the same in UTC. */
export type Cells = Readonly<Record<string, Cell>>;

/** Ids from and to, both included. */
export interface IdRange {
  readonly from: number;
  readonly to: number;
}

/** The little of a row that says whether and when to read the rest. */
export interface Head {
  readonly id: number;
  readonly date: string | null;
  /** Of its long columns. */
  readonly bytes: number;
}

/** A row of a side table, which names a row of `log` without an index on that name. */
export interface Reference {
  /** Its own primary key. */
  readonly id: number;
  readonly logId: number;
  readonly bytes: number;
}

/** Names of the tables that may be read, each with its columns. */
export type Schema = ReadonlyMap<string, ReadonlySet<string>>;

/** What the server says of itself and of this connection. */
export interface Inspection {
  /** `10.11.19-MariaDB`. */
  readonly server: string;
  /** `openemr-audit-export@localhost`. */
  readonly account: string;
  /** Empty without TLS. */
  readonly cipher: string;
  /** Of OpenEMR's auditing, by name; undefined when the account may not read `globals`. */
  readonly settings: ReadonlyMap<string, string> | undefined;
}

export interface Database {
  schema(): Promise<Schema>;
  /** The first heads with an id of at least `from`. */
  headsFrom(table: string, from: number, limit: number): Promise<readonly Head[]>;
  /** The first `limit` heads in ascending ranges. */
  headsIn(table: string, ranges: readonly IdRange[], limit: number): Promise<readonly Head[]>;
  /** The head with the highest id; `undefined` when the table is empty. */
  newest(table: string): Promise<Head | undefined>;
  /** The id that the next row will get; `undefined` when the server does not say. */
  nextId(table: string): Promise<number | undefined>;
  /** The first references whose own id is at least `from`. */
  referencesFrom(table: string, from: number, limit: number): Promise<readonly Reference[]>;
  /** Whole rows; columns that the table does not have are left out. */
  rows(table: string, columns: readonly string[], ranges: readonly IdRange[]): Promise<readonly Cells[]>;
  /** Login names in the access control group `breakglass`, in lower case; `undefined` when the tables cannot be read. */
  breakglassUsers(): Promise<ReadonlySet<string> | undefined>;
  /** For `check`. */
  inspect(): Promise<Inspection>;
  close(): Promise<void>;
}
