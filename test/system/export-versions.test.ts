/** The tables of other versions of OpenEMR, in a real database: what a version lacks is null, nothing is missing. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import { Station } from '../support/export-station.js';
import { OpenemrWriter } from '../support/openemr-database.js';
import { until } from '../support/wait.js';

/** From the tables of 8 to those of 5.0.1. */
const FIVE = [
  'DROP TABLE api_log',
  'ALTER TABLE log_comment_encrypt DROP COLUMN checksum_api',
  'ALTER TABLE log DROP COLUMN menu_item_id, DROP COLUMN ccda_doc_id, DROP KEY patient_id, ENGINE=MyISAM',
  'ALTER TABLE log_comment_encrypt ENGINE=MyISAM',
  'CREATE TABLE log_validator (log_id bigint PRIMARY KEY, log_checksum longtext)',
];

/** What an upgrade does. */
const EIGHT = [
  'ALTER TABLE log ADD COLUMN menu_item_id int, ADD COLUMN ccda_doc_id int',
  'ALTER TABLE log_comment_encrypt ADD COLUMN checksum_api longtext AFTER checksum',
  `CREATE TABLE api_log (id bigint NOT NULL AUTO_INCREMENT PRIMARY KEY, log_id int NOT NULL, user_id bigint NOT NULL,
     patient_id bigint NOT NULL, ip_address varchar(255), method varchar(20), request varchar(255), request_url text,
     request_body longtext, response longtext, created_time timestamp NULL)`,
];

test('rows of 5.0 go out with its columns, and those of today after the upgrade with theirs', async (t) => {
  const station = await Station.open(t);
  const connection = await station.server.connect('openemr');
  for (const statement of FIVE) await connection.query(statement);
  await connection.query(
    `INSERT INTO log (date, event, category, user, groupname, comments, patient_id, success, checksum)
     VALUES ('2019-03-04 09:10:11', 'patient-record-update', 'Patient Demographics', 'Emergency', '',
             'UPDATE patient_data SET fname = ''Ana''\\tWHERE pid = 17', 17, 1, '${'5'.repeat(40)}')`,
  );
  await connection.query(
    `INSERT INTO log_comment_encrypt (log_id, encrypt, checksum, version) VALUES (1, 'No', '${'6'.repeat(40)}', 3)`,
  );
  station.start();
  await until(async () => (await station.rows()).length === 1, { what: 'the row of 5.0' });
  const [old] = await station.rows();
  t.like(old, {
    id: 1,
    comments: "UPDATE patient_data SET fname = 'Ana'\tWHERE pid = 17",
    log_checksum: '5'.repeat(40),
    checksum: '6'.repeat(40),
    checksum_api: null,
    version: 3,
    api: null,
    menu_item_id: null,
    breakglass: true,
  });

  await station.kill();
  for (const statement of EIGHT) await connection.query(statement);
  await connection.end();
  const writer = new OpenemrWriter(station.server, 'openemr');
  await writer.fill(14);
  station.start();
  await until(async () => (await station.rows()).length === 15, { what: 'rows of today' });

  const rows = (await station.rows()).slice(1);
  t.deepEqual(
    rows.filter(({ api }) => api !== null).map(({ event }) => event),
    ['api', 'api'],
  );
  t.deepEqual(await station.findings(), [], 'new columns are no edit');
});

test('disclosures are in a file of their own, and an edited one is told', async (t) => {
  const station = await Station.open(t);
  const connection = await station.server.connect('openemr');
  await connection.query(
    `INSERT INTO extended_log (date, event, user, recipient, description, patient_id)
     VALUES ('2026-11-20 08:00:00', 'disclosure', 'drlee', 'County Registry', 'letter', 17)`,
  );
  const lines = async () => {
    const text = await readFile(join(station.directory, 'default.disclosures.log'), 'utf8').catch(() => '');
    return text
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line));
  };
  station.start();
  await until(async () => (await lines()).length === 1, { what: 'the disclosure' });
  t.like((await lines())[0], {
    id: 1,
    table: 'extended_log',
    recipient: 'County Registry',
    generation: 'disclosures-20261120T080000',
  });

  await connection.query("UPDATE extended_log SET recipient = 'nobody' WHERE id = 1");
  await connection.end();
  await until(async () => (await lines()).length === 2, { what: 'the edit to be told' });
  t.like((await lines())[1], { event: 'audit-trail-row-edited', row_id: 1, row: { recipient: 'nobody' } });
});
