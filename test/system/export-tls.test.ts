/** The way to the database over TLS: the server is known by the authority's certificate and by its name, or there is no way. */
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { connectSite } from '../../src/export/database/connect.js';
import type { DatabaseTlsOptions, SiteOptions } from '../../src/export/options.js';
import { systemFiles } from '../../src/lib/files.js';
import { makeTestPki, type PemPair } from '../support/certificates.js';
import { type MariaDb, startMariaDb } from '../support/mariadb.js';
import { createOpenemr } from '../support/openemr-database.js';

test('the server is trusted by authority and name, and by nothing less', async (t) => {
  const home = await mkdtemp(join(tmpdir(), 'oaf-export-tls-'));
  t.teardown(() => rm(home, { recursive: true, force: true }));
  const [pki, stranger] = await Promise.all([makeTestPki(), makeTestPki()]);
  t.teardown(() => Promise.all([pki.remove(), stranger.remove()]));
  const good = await serverWith(t, home, pki.ca, pki.collector);
  const misnamed = await serverWith(t, home, pki.ca, await pki.leaf('wrong-name'));

  const attempt = async (server: MariaDb, tls: DatabaseTlsOptions | undefined) => {
    const site: SiteOptions = {
      name: 'default',
      host: 'localhost',
      port: server.port,
      socket: undefined,
      database: 'openemr',
      user: 'export',
      passwordFile: undefined,
      tls,
    };
    const database = connectSite(site, systemFiles, undefined);
    try {
      return (await database.schema()).has('log');
    } finally {
      await database.close();
    }
  };
  const trusting = (ca: string, verify: 'name' | 'chain' = 'name') => ({ ca, cert: undefined, key: undefined, verify });

  t.true(await attempt(good, trusting(pki.caFile)));
  await t.throwsAsync(attempt(good, trusting(stranger.caFile)), { code: 'database-tls' });
  await t.throwsAsync(attempt(misnamed, trusting(pki.caFile)), { code: 'database-tls' });
  t.true(await attempt(misnamed, trusting(pki.caFile, 'chain')));
  await t.throwsAsync(attempt(good, undefined), { code: 'database-refused' });
});

async function serverWith(t: ExecutionContext, home: string, ca: string, pair: PemPair): Promise<MariaDb> {
  const directory = await mkdtemp(join(home, 'server-'));
  const paths = { ca: join(directory, 'ca'), cert: join(directory, 'cert'), key: join(directory, 'key') };
  await writeFile(paths.ca, ca);
  await writeFile(paths.cert, pair.cert);
  await writeFile(paths.key, pair.key);
  // The server runs as a user of its own.
  for (const path of [home, directory, ...Object.values(paths)]) await chmod(path, 0o755);
  const server = await startMariaDb(Object.entries(paths).map(([name, path]) => `--ssl-${name}=${path}`));
  t.teardown(() => server.dispose());
  await createOpenemr(server, 'openemr');
  const connection = await server.connect();
  await connection.query("CREATE USER 'export'@'%' REQUIRE SSL");
  await connection.query("GRANT SELECT ON openemr.* TO 'export'@'%'");
  await connection.end();
  return server;
}
