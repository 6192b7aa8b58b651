/**
 * Rows of OpenEMR's audit log as its exporter writes them: one JSON object a
 * line, column names as keys, comments in base64 (6.0 and later), the sidecar
 * and API columns beside them. All people and statements are invented.
 */

import { createHash } from 'node:crypto';

export interface AuditRow {
  readonly id: number;
  readonly date: string;
  readonly event: string | null;
  readonly category: string | null;
  readonly user: string | null;
  readonly groupname: string | null;
  readonly comments: string;
  readonly user_notes: string;
  readonly patient_id: number | null;
  readonly success: number | null;
  readonly crt_user: string;
  readonly log_from: string;
  readonly menu_item_id: number | null;
  readonly ccda_doc_id: number | null;
  readonly encrypt: string;
  readonly version: number;
  /** `undefined`: the right one. */
  readonly checksum: string | undefined;
  readonly checksum_api: string;
  readonly api: ApiColumns | null;
  readonly generation?: string;
  readonly site?: string;
  readonly breakglass?: number | boolean | null;
  readonly exported_at?: string;
}

export interface ApiColumns {
  readonly user_id: number;
  /** From 8.3 on. */
  readonly client_id?: string;
  readonly patient_id: number;
  readonly ip_address: string;
  readonly method: string;
  readonly request: string;
  readonly request_url: string;
  readonly request_body: string;
  readonly response: string;
  readonly created_time: string;
}

/** A row of an ordinary chart view; `comment` is plain text and goes out in base64. */
export function auditRow(
  columns: Partial<AuditRow> = {},
  comment: string | Buffer = "SELECT * FROM lists ('17')",
): AuditRow {
  return {
    id: 1,
    date: '2026-11-20 08:01:44',
    event: 'patient-record-select',
    category: 'Patient Demographics',
    user: 'rsato',
    groupname: 'Default',
    comments: Buffer.from(comment).toString('base64'),
    user_notes: '',
    patient_id: 17,
    success: 1,
    crt_user: '',
    log_from: 'open-emr',
    menu_item_id: null,
    ccda_doc_id: null,
    encrypt: 'No',
    version: 4,
    checksum: undefined,
    checksum_api: '',
    api: null,
    ...columns,
  };
}

export function apiColumns(columns: Partial<ApiColumns> = {}): ApiColumns {
  return {
    user_id: 3,
    patient_id: 0,
    ip_address: '198.51.100.20',
    method: 'GET',
    request: 'patient',
    request_url: '/apis/default/fhir/Patient?family=O%27Brien',
    request_body: '',
    response: '{"resourceType":"Bundle","total":1}',
    created_time: '2026-11-20 13:01:44',
    ...columns,
  };
}

/** A row as a line, without LF, with the checksum that OpenEMR would give it. */
export function rowLine(row: AuditRow): Buffer {
  return Buffer.from(JSON.stringify({ ...row, checksum: row.checksum ?? sealOf(row) }));
}

/** SHA3-512 over the columns as stored, one after another; of versions before 4 only updates have a checksum. */
function sealOf(row: AuditRow): string {
  if (row.version < 4) return '';
  const { date, event, category, user, groupname, comments, user_notes, patient_id, success } = row;
  const { crt_user, log_from, menu_item_id, ccda_doc_id } = row;
  const first = [date, event, category, user, groupname, comments, user_notes, patient_id, success];
  const columns = [...first, crt_user, log_from, menu_item_id, ccda_doc_id];
  return createHash('sha3-512')
    .update(columns.map((column) => column ?? '').join(''))
    .digest('hex');
}

/** A day at a clinic, with what has surprised readers of this table; ids from 1. */
export function oddRows(): AuditRow[] {
  const rows = [
    auditRow(
      { event: 'login', category: 'login', patient_id: null, success: 0 },
      'failure: 10.20.4.31. user password incorrect',
    ),
    auditRow({ event: 'login', category: 'login', patient_id: null }, 'success: 172.18.0.1 (203.0.113.77, 10.0.0.9)'),
    auditRow({ event: 'view', category: 'view' }, ''),
    auditRow(
      { event: 'patient-record-update' },
      "UPDATE patient_data SET fname = ? ('Mónica','O'Brien-Çelik','📞 患者')",
    ),
    auditRow(
      { event: 'patient-record-insert', category: 'Billing' },
      'INSERT INTO form_vitals SET pid = ?\n\t("17")\r\n',
    ),
    auditRow({ event: 'order-insert', category: 'Medication', patient_id: 0 }, 'INSERT INTO prescriptions'),
    auditRow({ event: 'patient-record-insert' }, Buffer.from([0x12, 0x00, 0x1a, 0xff, 0xfe])),
    auditRow({ user: "O'Neil", groupname: 'Praxis Zürich' }, "SELECT ... LIKE ? ('%\\_100%')"),
    auditRow({ user: 'jörg "j" [admin]\\', category: null }),
    auditRow({
      event: 'http-request-update',
      category: 'http-request-update',
      user: null,
      groupname: null,
      patient_id: null,
    }),
    auditRow({ event: '', category: null, user: null, groupname: null, patient_id: null, success: null }, ''),
    auditRow(
      { event: 'login attempt', category: null, groupname: 'none', log_from: 'portal-login', success: 0 },
      'Portal',
    ),
    auditRow({ event: 'lab-order-select', category: 'Lab Order', user: 'emergency1', patient_id: 0, breakglass: 1 }),
    auditRow(
      { event: 'backup', category: 'backup', user: 'admin', patient_id: null, success: 0 },
      'Backup is completed',
    ),
    auditRow({ event: 'api', category: 'api', user: 'drlee', patient_id: null, api: apiColumns() }, 'api log'),
    auditRow({ encrypt: 'Yes', comments: '007Ek+/bm90IHJlYWw=' }),
    auditRow({ encrypt: 'Yes', version: 0, date: '2016-01-04 09:00:00', comments: 'b2xkLW1jcnlwdC1yb3c=' }),
    auditRow({ version: 3, comments: 'plain text of 5.0: "quoted", \u0007bell' }),
    auditRow({ date: '0000-00-00 00:00:00' }),
    auditRow({ date: '2026-11-01 01:30:00', event: 'login', user: 'night1' }, 'success: 10.20.4.8'),
    auditRow({ date: '2026-11-01 01:59:59', event: 'logout', user: 'night1' }, 'success'),
    auditRow({ date: '2026-11-01 01:05:00', event: 'login', user: 'night1' }, 'success: 10.20.4.8'),
    auditRow({ date: '2026-03-08 02:30:00', event: 'login', user: 'night1' }, 'success: 10.20.4.8'),
    auditRow({ generation: '2' }),
  ];
  return rows.map((row, index) => ({ ...row, id: index + 1 }));
}

/** A row whose comment is 47 KB of SQL: 63 KB in base64. */
export function longRow(columns: Partial<AuditRow> = {}): AuditRow {
  return auditRow({ event: 'patient-record-update', ...columns }, `UPDATE pnotes SET body = '${'x'.repeat(47_000)}'`);
}

/** The rows as the bytes of a file. */
export function rowFile(rows: readonly AuditRow[]): Buffer {
  return Buffer.concat(rows.flatMap((row) => [rowLine(row), Buffer.from('\n')]));
}
