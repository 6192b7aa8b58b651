/** `export --check` against a real database: what it finds, and what it says of what is missing. */
import test from 'ava';
import { Station } from '../support/export-station.js';
import { OpenemrWriter } from '../support/openemr-database.js';
import { until } from '../support/wait.js';

test('database, tables, settings and waiting rows are named, and what is off by the words on the screen', async (t) => {
  const station = await Station.open(t);
  const writer = new OpenemrWriter(station.server, 'openemr');
  await writer.fill(30);
  const checked = async () => {
    const started = station.start('--check');
    let text = '';
    started.stdout?.on('data', (bytes) => {
      text += String(bytes);
    });
    await until(() => started.exitCode !== null, { what: 'the check to end' });
    return { text, status: started.exitCode };
  };

  const first = await checked();
  t.is(first.status, 0);
  t.regex(first.text, /^ok +export, site default: openemr on [\d.]+-MariaDB\S* as openemr-audit-export@localhost$/m);
  t.regex(first.text, /^ok +export, site default: tables of OpenEMR 6\.0 to 8\.2$/m);
  t.regex(first.text, /nothing is exported yet into /);
  t.regex(first.text, /may not read the table globals$/m);

  const once = station.start('--once');
  await until(() => once.exitCode !== null, { what: 'the export to end' });
  await writer.fill(5);
  const connection = await station.server.connect('openemr');
  await connection.query('CREATE TABLE globals (gl_name varchar(63), gl_index int, gl_value varchar(255))');
  await connection.query(
    "INSERT INTO globals VALUES ('enable_auditlog', 0, '1'), ('audit_events_query', 0, '0'), ('enable_atna_audit', 0, '1')",
  );
  await connection.query("GRANT SELECT ON openemr.globals TO 'openemr-audit-export'@'localhost'");
  await connection.query('ALTER TABLE api_log ADD COLUMN client_id varchar(80), ADD COLUMN device text');
  await connection.query('DROP TABLE extended_log');
  await connection.end();

  const second = await checked();
  t.is(second.status, 1);
  t.regex(second.text, /^FAILED +export, site default: tables that are not there or may not be read: extended_log$/m);
  t.regex(second.text, /^warning +export, site default: columns that this version does not read: api_log\.device$/m);
  t.regex(second.text, /^warning +export, site default: off in OpenEMR: "Audit Logging SELECT Query"$/m);
  t.regex(second.text, /about 35 rows in the day before .*; 5 waiting to be exported$/m);
  t.regex(second.text, /"Enable ATNA Auditing"/);
});
