import test from 'ava';
import { databaseFault, directoryFault } from '../../../src/export/database/fault.js';
import { AgentError } from '../../../src/lib/errors.js';

const where = { database: 'openemr on localhost:3306', user: 'auditor', passwordFile: '/etc/secret' };

for (const [symbol, code, hint] of [
  ['ER_ACCESS_DENIED_ERROR', 'database-refused', /\/etc\/secret/],
  ['ER_TABLEACCESS_DENIED_ERROR', 'database-privilege', /export --grants/],
  ['ER_BAD_DB_ERROR', 'database-unknown', /sqlconf\.php/],
  ['ER_NO_SUCH_TABLE', 'database-table', /Eventlog backup/],
  ['ER_CRASHED_ON_USAGE', 'database-damaged', /mysqlcheck --repair/],
  ['HA_ERR_CRASHED', 'database-damaged', /mysqlcheck --repair/],
  ['ER_CON_COUNT_ERROR', 'database-busy', /max_connections/],
  ['HANDSHAKE_SSL_ERROR', 'database-tls', /tls\.ca/],
  ['PROTOCOL_SEQUENCE_TIMEOUT', 'database-slow', /PROCESSLIST/],
  ['ECONNREFUSED', 'database-unreachable', /running/],
  ['PROTOCOL_CONNECTION_LOST', 'database-unreachable', /running/],
  ['ER_SOMETHING_NEW', 'database-failed', /the export continues when the database does/],
] as const) {
  test(`${symbol} is ${code}, with what to do`, (t) => {
    const fault = databaseFault(Object.assign(new Error('the server said so'), { code: symbol }), where);

    t.is(fault.code, code);
    t.regex(fault.message, /openemr on localhost:3306: the server said so$/);
    t.regex(fault.hint ?? '', hint);
  });
}

test('a connection that was lost is told as that, also where mysql2 has no code for it', (t) => {
  const fault = databaseFault(new Error("Can't add new command when connection is in closed state"), where);

  t.is(fault.code, 'database-unreachable');
  t.regex(fault.message, /^the connection is lost to openemr on localhost:3306: /);
});

test('who cannot log in learns that an account keeps the password that it had', (t) => {
  const fault = databaseFault(Object.assign(new Error('denied'), { code: 'ER_ACCESS_DENIED_ERROR' }), where);

  t.regex(fault.hint ?? '', /ALTER USER/);
});

test('an error that has its words already keeps them', (t) => {
  const error = new AgentError('database-credentials', 'cannot read it');

  t.is(databaseFault(error, where), error);
});

test('a directory that cannot be written comes with why, and with what to do about just that', (t) => {
  const told = (code: string) => {
    const { message, hint } = directoryFault('/srv/audit', Object.assign(new Error(`${code}: so it is`), { code }));
    return [message, hint];
  };
  t.deepEqual(told('ENOSPC'), [
    'cannot write in /srv/audit: ENOSPC: so it is',
    'free space on this volume (df), or inodes where it has none left (df -i)',
  ]);
  t.deepEqual(told('EACCES'), [
    'cannot write in /srv/audit: EACCES: so it is',
    'create it, and let the account that runs the export write in it',
  ]);
});
