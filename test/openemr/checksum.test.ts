import { createHash } from 'node:crypto';
import test from 'ava';
import { checksumOf } from '../../src/openemr/checksum.js';
import { readRow } from '../../src/openemr/parse.js';
import type { Row } from '../../src/openemr/row.js';
import { apiColumns, auditRow, rowLine } from '../support/openemr-rows.js';

const COVERED = [
  ['date', '2026-11-20 08:01:45'],
  ['event', 'view'],
  ['category', null],
  ['user', 'rsatO'],
  ['groupname', ''],
  ['comments', 'c3VjY2Vzcw=='],
  ['user_notes', ' '],
  ['patient_id', 18],
  ['success', 0],
  ['crt_user', 'x'],
  ['log_from', 'portal'],
  ['menu_item_id', 1],
  ['ccda_doc_id', 1],
] as const;

test('a row as OpenEMR wrote it is ok, text and null and all', (t) => {
  t.is(checksumOf(rowOf({})), 'ok');
  t.is(checksumOf(rowOf({ user: 'jörg 📞', category: null, patient_id: null })), 'ok');
  t.is(checksumOf({ ...rowOf({}), id: 99, log_checksum: 'x' } as Row), 'ok');
});

for (const [column, value] of COVERED) {
  test(`a row with another ${column} is altered`, (t) => {
    t.is(checksumOf({ ...rowOf({}), [column]: value }), 'altered');
  });
}

test('a row without checksum, or without a column that it covers, has none', (t) => {
  t.is(checksumOf({ ...rowOf({}), checksum: '' }), 'none');
  t.is(checksumOf({ ...rowOf({}), checksum: null }), 'none');
  const { groupname: _left, ...row } = rowOf({});
  t.is(checksumOf(row), 'none');
  t.is(checksumOf({ ...rowOf({}), patient_id: 1e300 }), 'none');
});

test('upper case digits are the same checksum', (t) => {
  const row = rowOf({});
  t.is(checksumOf({ ...row, checksum: String(row.checksum).toUpperCase() }), 'ok');
});

test('an update of 5.0 is known by SHA-1, over the columns that it had', (t) => {
  const row = {
    date: '2019-06-03 08:01:01',
    event: 'patient-record-update',
    user: 'drsmith',
    groupname: '',
    comments: "UPDATE patient_data SET fname='Zoë'",
    patient_id: 2,
    success: 1,
    log_checksum: '1545f087c5cb81f71552ad8c84b911193943a1a1',
    crt_user: '',
  };
  const checksum = createHash('sha1').update(Object.values(row).join('')).digest('hex');
  t.is(checksumOf({ ...row, checksum }), 'ok');
  t.is(checksumOf({ ...row, checksum, user_notes: 'not covered' } as Row), 'ok');
  t.is(checksumOf({ ...row, checksum, log_checksum: '0' } as Row), 'altered');
  const { log_checksum: _left, ...without } = row;
  t.is(checksumOf({ ...without, checksum }), 'none');
});

test('an API call is held against a checksum of its own', (t) => {
  const api = apiColumns();
  const { created_time: _read, ...covered } = api;
  const row = { ...rowOf({ id: 7 }), api };
  const text = `7${Object.values(covered).join('')}${row.date}`;
  const checksum_api = createHash('sha3-512').update(text).digest('hex');
  t.is(checksumOf({ ...row, checksum_api }), 'ok');
  t.is(checksumOf({ ...row, checksum_api, api: { ...api, response: '{}' } }), 'altered');
  t.is(checksumOf({ ...row, checksum_api, api: null }), 'ok');
});

test('the id of the client is covered where a version has it, and a row from before may lack it', (t) => {
  const { created_time: _read, user_id, ...others } = apiColumns();
  const api = { user_id, client_id: 'Qk3', ...others };
  const row = { ...rowOf({ id: 7 }), api } as Row;
  const checksum_api = sumOf(['7', ...Object.values(api), String(row.date)]);
  const before = sumOf(['7', user_id, ...Object.values(others), String(row.date)]);

  t.is(checksumOf({ ...row, checksum_api }), 'ok');
  t.is(checksumOf({ ...row, checksum_api, api: { ...api, client_id: 'Qk4' } }), 'altered');
  t.is(checksumOf({ ...row, checksum_api: before, api: { ...api, client_id: null } }), 'ok');
  t.is(checksumOf({ ...row, checksum_api: before }), 'unverifiable', 'nothing vouches for the id');
});

test('an empty text that is stored as 0 is no alteration', (t) => {
  const columns = { patient_id: 0, success: 0, menu_item_id: 0, ccda_doc_id: 0 };
  const numbers = Object.keys(columns);
  for (let choice = 0; choice < 2 ** numbers.length; choice += 1) {
    const passed = Object.fromEntries(numbers.map((name, bit) => [name, (choice >> bit) % 2 === 1 ? '' : 0]));
    const { checksum } = rowOf({ ...columns, ...passed } as Parameters<typeof rowOf>[0]);
    t.is(checksumOf({ ...rowOf(columns), checksum }), 'ok', JSON.stringify(passed));
  }
  t.is(checksumOf({ ...rowOf(columns), event: 'x' }), 'altered');
});

test('a row of a site that passes UTF-8 over a connection of latin1 is no alteration', (t) => {
  // As the database gives them back: each octet is a character of Windows' code page.
  const { checksum } = rowOf({ user: 'Zoë €', groupname: '李', patient_id: '' } as object);
  const row = { ...rowOf({ user: 'ZoÃ« â‚¬', groupname: 'æ\u009dŽ', patient_id: 0 }), checksum };

  t.is(checksumOf(row), 'ok');
  t.is(checksumOf({ ...row, user: 'ZoÃ© â‚¬' }), 'altered');
  t.is(checksumOf({ ...row, user: 'ZoÃ« € 李' }), 'altered', 'latin1 does not have it');
});

const STORED_OTHERWISE = [
  ['a user that was cut', { user: 'ü'.repeat(300) }, { user: 'ü'.repeat(255) }],
  ['a source that was cut', { log_from: 'a module with a long name' }, { log_from: 'a module with a long' }],
  ['a character that the table cannot hold', { user: 'jörg 📞' }, { user: 'jörg ?' }],
  ['octets that are no text', { groupname: 'a\u{10ffff}' }, { groupname: 'a????' }],
  ['a number beyond its column', { menu_item_id: 2 ** 31 }, { menu_item_id: 2 ** 31 - 1 }],
  ['a text where the success belongs', { event: 'delete', success: 'pnotes: id 4' }, { event: 'delete', success: 0 }],
] as const;

for (const [what, passed, stored] of STORED_OTHERWISE) {
  test(`${what} cannot be verified, and is not called altered`, (t) => {
    const { checksum } = rowOf({ ...passed, ...('success' in passed ? { comments: '' } : {}) } as object);
    const row = rowOf({ ...stored, ...('success' in stored ? { comments: '' } : {}) } as object);
    t.is(checksumOf({ ...row, checksum }), 'unverifiable');
  });
}

test('question marks of SQL and of a URL are no sign of a lost character', (t) => {
  const comments = "UPDATE patient_data SET fname = ? WHERE pid = ? ('Ana','17',)";
  t.is(checksumOf({ ...rowOf({ comments }), user: 'x' }), 'altered');
  t.is(checksumOf({ ...rowOf({ comments: comments.replace('Ana', 'Ana ????') }), user: 'x' }), 'unverifiable');
  const row = { ...rowOf({}), checksum_api: '0'.repeat(128) };
  const api = (request_url: string) => ({ ...apiColumns(), request_url });
  t.is(checksumOf({ ...row, api: api('/apis/default/fhir/Patient?family=x&_count=1') }), 'altered');
  t.is(checksumOf({ ...row, api: api('/apis/default/fhir/Patient?family=J?rg') }), 'unverifiable');
});

test('a row of a version with columns that nobody knows here cannot be verified', (t) => {
  t.is(checksumOf({ ...rowOf({}), user: 'x', unread: ['log.device'] }), 'unverifiable');
  t.is(checksumOf({ ...rowOf({}), unread: ['log.device'] }), 'ok');
});

function sumOf(values: readonly unknown[]): string {
  return createHash('sha3-512').update(values.join('')).digest('hex');
}

function rowOf(columns: Parameters<typeof auditRow>[0]): Row {
  const read = readRow(rowLine(auditRow(columns)));
  if ('unparsed' in read) throw new Error(read.unparsed);
  return read.row;
}
