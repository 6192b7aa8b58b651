/**
 * The export is moved from a database to its replica, which lags behind: rows
 * that the replica does not have yet are neither deleted nor written again.
 */
import { readFile, writeFile } from 'node:fs/promises';
import test from 'ava';
import { Station } from '../support/export-station.js';
import { startMariaDb } from '../support/mariadb.js';
import { OpenemrWriter } from '../support/openemr-database.js';
import { until } from '../support/wait.js';

test('a replica that is behind is waited for', async (t) => {
  const station = await Station.open(t, {}, ['--log-bin=primary', '--server-id=1']);
  const replica = await startMariaDb(['--server-id=2']);
  t.teardown(() => replica.dispose());
  const writer = new OpenemrWriter(station.server, 'openemr');
  await writer.fill(40);
  const [primary, follower] = await Promise.all([station.server.connect('openemr'), replica.connect()]);
  await primary.query("CREATE USER 'replica'@'127.0.0.1' IDENTIFIED BY 'replica'");
  await primary.query("GRANT REPLICATION SLAVE ON *.* TO 'replica'@'127.0.0.1'");
  await follower.query(
    `CHANGE MASTER TO MASTER_HOST='127.0.0.1', MASTER_PORT=${station.server.port}, MASTER_USER='replica', ` +
      "MASTER_PASSWORD='replica', MASTER_LOG_FILE='primary.000001', MASTER_LOG_POS=4",
  );
  await follower.query('START SLAVE');
  await until(async () => (await countIn(replica)) === 40, { what: 'the replica to have all rows' });
  await follower.query('STOP SLAVE');
  await writer.fill(20);
  station.start();
  await until(async () => (await station.rows()).length === 60, { what: 'the rows of the primary' });

  await station.kill();
  const settings = await readFile(station.settings, 'utf8');
  await writeFile(station.settings, settings.replaceAll(station.server.socket, replica.socket));
  station.start();
  await until(() => station.said('is it a replica?'), { what: 'the export to say that the replica is behind' });
  await follower.query('START SLAVE');
  await until(() => station.said('as far as the file again'), { what: 'the replica to catch up' });
  await writer.fill(10);
  await until(async () => (await station.rows()).length === 70, { what: 'the rows that came later' });

  t.deepEqual(await station.findings(), []);
  await Promise.all([primary.end(), follower.end()]);

  async function countIn(server: typeof replica): Promise<number> {
    const connection = await server.connect('openemr').catch(() => undefined);
    if (connection === undefined) return 0;
    const [rows] = await connection.query('SELECT id FROM log').catch(() => [[]]);
    await connection.end();
    return Array.isArray(rows) ? rows.length : 0;
  }
});
