/** PHP computes each row's checksum as OpenEMR's EventAuditLogger (6.0 and later) and log.inc (5.0) do, and we agree. Debian: php-cli. */
import { spawnSync } from 'node:child_process';
import test from 'ava';
import { checksumOf } from '../../src/openemr/checksum.js';
import type { Row } from '../../src/openemr/row.js';
import { apiColumns, auditRow, longRow, oddRows } from '../support/openemr-rows.js';

// `implode` writes NULL as nothing and numbers as decimals; `.` joins as it does.
const PHP = `
foreach (json_decode(file_get_contents('php://stdin'), true) as $r) {
  $r['checksum'] = hash('sha3-512', implode([
    $r['date'], $r['event'], $r['category'], $r['user'], $r['groupname'], $r['comments'], $r['user_notes'],
    $r['patient_id'], $r['success'], $r['crt_user'], $r['log_from'], $r['menu_item_id'], $r['ccda_doc_id']]));
  if ($a = $r['api']) $r['checksum_api'] = hash('sha3-512', implode([
    $r['id'], $a['user_id'], $a['patient_id'], $a['ip_address'], $a['method'], $a['request'], $a['request_url'],
    $a['request_body'], $a['response'], $r['date']]));
  echo json_encode($r), "\\n";
  $r['log_checksum'] = sha1('the row that was changed');
  $r['checksum'] = sha1($r['date'].$r['event'].$r['user'].$r['groupname'].$r['comments'].$r['patient_id'].$r['success']
    .$r['log_checksum'].$r['crt_user']);
  echo json_encode($r), "\\n";
}`;

test('rows with the checksums that PHP computes are as OpenEMR wrote them, and no longer when anything is changed', (t) => {
  const rows = [...oddRows(), longRow({ id: 90 }), auditRow({ id: 91, event: 'api', api: apiColumns({ user_id: 0 }) })];
  const { stdout, stderr } = spawnSync('php', ['-r', PHP], {
    input: JSON.stringify(rows),
    encoding: 'utf8',
    maxBuffer: 1 << 24,
  });
  const sealed = stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Row);
  t.is(sealed.length, 2 * rows.length, stderr);
  for (const row of sealed) {
    t.is(checksumOf(row), 'ok', `row ${row.id}`);
    t.is(checksumOf({ ...row, user: `${row.user}x` }), 'altered');
    t.is(checksumOf({ ...row, comments: `A${row.comments}` }), 'altered');
  }
});
