/**
 * Audit rows as OpenEMR 8 composes them: comments in base64, SHA3-512 over the
 * concatenated columns for the seal, an API row for some of them. Invented
 * people; the same number gives the same row.
 */
import { createHash } from 'node:crypto';

export interface LogColumns {
  readonly date: string;
  readonly event: string;
  readonly category: string | null;
  readonly user: string;
  readonly groupname: string;
  readonly comments: string;
  readonly user_notes: string;
  readonly patient_id: number | null;
  readonly success: number;
  readonly crt_user: string;
  readonly log_from: string;
  readonly menu_item_id: number | null;
  readonly ccda_doc_id: number | null;
}

export interface SealColumns {
  readonly log_id: number;
  readonly encrypt: 'Yes' | 'No';
  readonly version: number;
  readonly checksum: string;
  readonly checksum_api: string;
}

export interface ApiColumns {
  readonly log_id: number;
  readonly user_id: number;
  readonly patient_id: number;
  readonly ip_address: string;
  readonly method: string;
  readonly request: string;
  readonly request_url: string;
  readonly request_body: string;
  readonly response: string;
  readonly created_time: string;
}

const COMMENTS = [
  'success: 10.20.4.31',
  "UPDATE patient_data SET fname = ? WHERE pid = ? ('Mónica','17')",
  "select * from lists\n\tWHERE pid = ? ('19')\r\n",
  'binary \u0000\u0012\u001a inside, 日本語 😀',
];

/** The nth row of a database whose clock starts in November 2026 and goes on by a second each tenth row. */
export function logColumns(n: number): LogColumns {
  const isApi = n % 7 === 0;
  const at = new Date(Date.UTC(2026, 10, 20, 8) + Math.floor(n / 10) * 1000);
  return {
    date: at.toISOString().slice(0, 19).replace('T', ' '),
    event: isApi ? 'api' : n % 3 === 0 ? 'patient-record-update' : 'patient-record-select',
    category: n % 11 === 0 ? null : isApi ? 'api' : 'Patient Demographics',
    user: n % 13 === 0 ? 'Emergency1' : n % 5 === 0 ? 'jörg' : 'drlee',
    groupname: 'Default',
    comments: Buffer.from(`${isApi ? 'api log' : COMMENTS[n % COMMENTS.length]} #${n}`).toString('base64'),
    user_notes: '',
    patient_id: n % 4 === 0 ? 0 : 17,
    success: n % 17 === 0 ? 0 : 1,
    crt_user: '',
    log_from: 'open-emr',
    menu_item_id: null,
    ccda_doc_id: null,
  };
}

/** `undefined` for a row that is not of an API call. */
export function apiColumns(logId: number, row: LogColumns): ApiColumns | undefined {
  if (row.event !== 'api') return undefined;
  return {
    log_id: logId,
    user_id: 3,
    patient_id: 0,
    ip_address: '198.51.100.20',
    method: 'GET',
    request: 'patient',
    request_url: `/apis/default/fhir/Patient?_id=${logId}`,
    request_body: '',
    response: `{"resourceType":"Patient","id":"${logId}"}`,
    created_time: row.date,
  };
}

export function sealColumns(logId: number, row: LogColumns): SealColumns {
  const api = apiColumns(logId, row);
  return {
    log_id: logId,
    encrypt: 'No',
    version: 4,
    checksum: sha3(Object.values(row)),
    checksum_api: api === undefined ? '' : sha3([...Object.values(api).slice(0, -1), row.date]),
  };
}

function sha3(values: readonly (string | number | null)[]): string {
  return createHash('sha3-512')
    .update(values.map((value) => value ?? '').join(''))
    .digest('hex');
}
