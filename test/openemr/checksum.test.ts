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

function rowOf(columns: Parameters<typeof auditRow>[0]): Row {
  const read = readRow(rowLine(auditRow(columns)));
  if ('unparsed' in read) throw new Error(read.unparsed);
  return read.row;
}
