/** Rows for every rule of the mapping, each with the rule that it must meet; all people are invented. */
import type { Subject } from '../../src/atna/rule.js';
import { columnsOf } from '../../src/openemr/columns.js';
import { readRow, recordOf } from '../../src/openemr/parse.js';
import { type AuditRow, apiColumns, auditRow, rowLine } from './openemr-rows.js';

export interface Case {
  readonly rule: string;
  readonly subject: Subject;
  /** EventID, action, outcome, then the type codes. */
  readonly says: string;
}

export function subjectOf(row: AuditRow | Buffer): Subject {
  const read = readRow(Buffer.isBuffer(row) ? row : rowLine(row));
  if ('unparsed' in read) throw new Error(read.unparsed);
  return { record: recordOf(read.row, 'default'), columns: columnsOf(read.row) };
}

const OK = { success: 1 };
const FAILED = { success: 0 };
const NOBODY = { patient_id: 0 };

function caseOf(rule: string, says: string, event: string, columns: Partial<AuditRow>, comment = ''): Case {
  return { rule, says, subject: subjectOf(auditRow({ event, category: event, ...columns }, comment)) };
}

const VERBS = [
  ['select', 'R'],
  ['insert', 'C'],
  ['replace', 'U'],
  ['update', 'U'],
  ['delete', 'D'],
] as const;

const PASSWORDS = [
  'password',
  'password-change',
  'password-create',
  'password update',
  'Credential update attempt',
  'password reset attempt',
  'patient-password-reset',
  'patient-reset-credentials',
  'patient-registration',
  'patient-reg-email-verify',
  'patient-access',
];

const IMPORTS = [
  'direct-message-check',
  'pharmacy_log',
  'pharmacy_background',
  'prescriptions_log',
  'medex-webhook',
  'lab-results-error',
];
const CHANGES = ['deactivate', 'data_merge', 'patient-merge-x', 'authorize', 'esign', 'checksum', 'fee-sheet'];
const EXPORTS = ['transmit-ccd', 'qrda3-xml', 'download document', 'fetched PDF', 'chart document', 'proc_order_xmit'];

export const CASES: readonly Case[] = [
  caseOf('logout-timeout', '110114 E 0 110123 logout', 'logout', FAILED, 'timeout, so force logout'),
  caseOf('logout-forced', '110114 E 0 110123 logout', 'logout', FAILED, 'authCheckSession() check failed'),
  caseOf('logout', '110114 E 0 110123 logout', 'logout', OK, 'success'),
  ...['login', 'api', 'mfa'].map((event) =>
    caseOf(
      'login-lockout',
      `110114 E 8 110122 ${event}`,
      event,
      FAILED,
      'failure: 10.20.4.31. IP address exceeded maximum number of failed logins',
    ),
  ),
  caseOf('login-disabled', '110114 E 4 110122 login', 'login', FAILED, 'failure: 10.20.4.31. user not active'),
  caseOf('login-fail', '110114 E 4 110122 login', 'login', FAILED, 'failure: 10.20.4.31. user password incorrect'),
  caseOf('login-fail', '110114 E 4 110122 login attempt', 'login attempt', FAILED, ''),
  caseOf('login-ok', '110114 E 0 110122 login', 'login', OK, 'success: 10.20.4.31'),
  caseOf('login-ok', '110114 E 0 110122 onetime login attempt', 'onetime login attempt', OK, ''),
  caseOf('auth-ok', '110114 E 0 110122 auth', 'auth', OK, ''),
  caseOf('auth-ok', '110114 E 0 110122 portalapi', 'portalapi', OK, ''),
  caseOf('api-fail', '110114 E 4 110122 api', 'api', FAILED, 'API failure: 198.51.100.20. Token not valid'),
  caseOf(
    'api-token',
    'api E 0',
    'api',
    { ...OK, ...NOBODY, user: '' },
    'API success: 198.51.100.20. Token successfully used for client[Qk3-vT] and user 9f0c.',
  ),
  caseOf('api-patient', '110110 C 0 api', 'api', {
    ...OK,
    api: apiColumns({ method: 'post', patient_id: 4 }),
    ...NOBODY,
  }),
  caseOf('api-patient', '110110 R 0 api', 'api', { ...OK, patient_id: 4 }),
  caseOf('patient-record', '110110 R 0 patient-record', 'patient-record', { ...OK, patient_id: 4 }),
  caseOf('api', 'api E 0', 'api', { ...OK, ...NOBODY, api: apiColumns() }),
  ...PASSWORDS.map((event) => caseOf('password', `110113 E 4 110137 ${event}`, event, FAILED, 'x')),
  caseOf(
    'audit-off',
    '110113 E 0 110133 security-administration-insert',
    'security-administration-insert',
    FAILED,
    'Audit Logging Disabled.',
  ),
  caseOf(
    'audit-on',
    '110113 E 0 110134 security-administration-insert',
    'security-administration-insert',
    OK,
    'Audit Logging Enabled.',
  ),
  caseOf(
    'sec-roles',
    '110113 E 0 110136 security-administration-update',
    'security-administration-update',
    OK,
    'Added jmoss to following access group(s): Emergency Login',
  ),
  caseOf(
    'sec-users',
    '110113 E 4 110137 security-administration-delete',
    'security-administration-delete',
    FAILED,
    'DELETE FROM `users_secure`',
  ),
  caseOf(
    'sec-other',
    '110113 E 0 110129 security-administration-replace',
    'security-administration-replace',
    OK,
    'REPLACE INTO facility',
  ),
  caseOf(
    'sec-select',
    '110113 E 0 110129 security-administration-select',
    'security-administration-select',
    OK,
    'SELECT * FROM users',
  ),
  caseOf(
    'sec-denied',
    '110113 E 4 110132 security-access-denied',
    'security-access-denied',
    FAILED,
    'ACL check failed',
  ),
  caseOf('security', '110113 E 0 110129 security', 'security', OK),
  caseOf('oauth2', '110113 E 8 110129 oauth2', 'oauth2', FAILED, 'key pair missing'),
  caseOf('oauth2-ok', '110113 E 0 110129 oauth2', 'oauth2', OK),
  ...['alter_table', 'add_list', 'edit_list', 'delete_list', 'uuid'].map((event) =>
    caseOf('config', `110113 E 0 110131 ${event}`, event, OK),
  ),
  caseOf('backup', '110106 R 0 backup', 'backup', FAILED, 'Backup is completed'),
  caseOf('backup-other', '110106 R 4 backup', 'backup', FAILED, 'Backup failed'),
  caseOf('print', '110106 R 0 print', 'print', OK),
  ...EXPORTS.map((event) => caseOf('export', `110106 R 0 ${event}`, event, { ...OK, ccda_doc_id: 7 })),
  {
    rule: 'disclosure',
    says: '110106 R 0 IHE0006 disclosure-treatment',
    subject: subjectOf(
      Buffer.from(
        '{"id":3,"date":"2026-11-20 08:01:44","event":"disclosure-treatment","user":"rsato","recipient":"Dr. A & B","description":"x","patient_id":17,"table":"extended_log"}',
      ),
    ),
  },
  ...IMPORTS.map((event) => caseOf('import', `110107 C 4 ${event}`, event, FAILED)),
  caseOf('view', '110110 R 0 view', 'view', OK),
  ...VERBS.flatMap(([verb, action]) => [
    caseOf('patient-record', `110110 ${action} 0 patient-record-${verb}`, `patient-record-${verb}`, OK),
    caseOf('order', `110109 ${action} 0 order-${verb}`, `order-${verb}`, { ...OK, ...NOBODY }),
    caseOf('order', `110109 ${action} 4 lab-order-${verb}`, `lab-order-${verb}`, FAILED),
    caseOf('lab-results', `110111 ${action} 0 lab-results-${verb}`, `lab-results-${verb}`, OK),
    caseOf('scheduling', `IHE0003 ${action} 0 scheduling-${verb}`, `scheduling-${verb}`, OK),
    caseOf('other', `other ${action} 0 other-${verb}`, `other-${verb}`, OK, `${verb} FROM \`drugs\` WHERE 1`),
  ]),
  caseOf(
    'patient-record-select-nopid',
    '110112 E 0 patient-record-select',
    'patient-record-select',
    { ...OK, ...NOBODY },
    'SELECT * FROM patient_data',
  ),
  caseOf('patient-record-nopid', '110110 D 0 patient-record-delete', 'patient-record-delete', { ...OK, ...NOBODY }),
  caseOf('patient-record-nopid', '110110 R 0 patient-record', 'patient-record', { ...OK, ...NOBODY }),
  caseOf('http-patient', '110110 U 0 http-request-update', 'http-request-update', OK, '/x.php?a=1'),
  caseOf('http', 'http-request R 0 http-request-select', 'http-request-select', { ...OK, ...NOBODY }, '/x.php?pid=17'),
  caseOf('record-delete', '110110 D 0 delete', 'delete', OK, "lists: id='4'"),
  ...CHANGES.map((event) => caseOf('record-change', `110110 U 0 ${event}`, event, OK)),
  {
    rule: 'trail-begun',
    says: '110113 E 0 110134 audit-trail-begun',
    subject: subjectOf(Buffer.from('{"event":"audit-trail-begun","success":1,"from_id":9}')),
  },
  {
    rule: 'trail-changed',
    says: '110113 E 8 110135 audit-trail-row-deleted',
    subject: subjectOf(Buffer.from('{"event":"audit-trail-row-deleted","success":0,"row_id":9}')),
  },
  caseOf('default', 'never-heard-of E 4', 'never-heard-of', FAILED),
  caseOf('default', 'unknown E 0', '', OK),
];
