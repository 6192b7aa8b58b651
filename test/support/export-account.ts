/** The export's database account, made as an administrator makes it: by what `export --grants` prints. */
import { grantsFor } from '../../src/export/database/grants.js';
import type { SiteOptions } from '../../src/export/options.js';
import type { MariaDb } from './mariadb.js';

/** Its password is the word that stands in the statements, PASSWORD. */
export async function makeExportAccount(server: MariaDb, site: SiteOptions): Promise<void> {
  const connection = await server.connect();
  const statements = grantsFor(site)
    .replaceAll(/^--.*$/gm, '')
    .split(';');
  for (const statement of statements) if (statement.trim() !== '') await connection.query(statement);
  await connection.end();
}
