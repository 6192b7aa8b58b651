/** The statements of docs/warehouse in DuckDB, in memory, on stores as a collector's files hold them. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api';
import type { Messages } from './forged.js';
import { asLines } from './stored.js';
import { type Answers, QUESTIONS, statement } from './warehouse.js';

export class DuckDb {
  static async start(): Promise<DuckDb> {
    const instance = await DuckDBInstance.create(':memory:');
    return new DuckDb(await instance.connect());
  }

  private constructor(private readonly connection: DuckDBConnection) {}

  /** What the statements say of this store. `listed`: hosts that must be heard of. */
  async ask(store: Messages, listed: readonly string[] = []): Promise<Answers> {
    const directory = mkdtempSync(join(tmpdir(), 'duckdb-'));
    try {
      const file = join(directory, 'store.log');
      writeFileSync(file, asLines(store));
      await this.connection.run(statement('schema.duckdb.sql').replace('/var/log/audit-repository*', file));
    } finally {
      rmSync(directory, { recursive: true });
    }
    for (const host of listed) await this.connection.run('insert into agent values (?)', [host]);
    const answers = new Map<string, Record<string, string>[]>();
    for (const question of QUESTIONS) {
      const reader = await this.connection.runAndReadAll(statement(`${question}.sql`));
      answers.set(
        question,
        reader
          .getRowObjectsJson()
          .map((row) => Object.fromEntries(Object.entries(row).map(([name, value]) => [name, String(value)]))),
      );
    }
    return Object.fromEntries(answers) as unknown as Answers;
  }

  stop(): void {
    this.connection.closeSync();
  }
}
