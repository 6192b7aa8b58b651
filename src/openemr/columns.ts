/** Reads what a row says beyond its fields, for a message that is made of the columns themselves. */
import type { Columns } from '../model/record.js';
import { commentsOf } from './comments.js';
import { clientOf } from './parse.js';
import { type ApiRow, apiOf, numberOf, type Row, textOf } from './row.js';

export function columnsOf(row: Row): Columns {
  const { form, bytes } = commentsOf(row);
  const comments = form === 'text' ? bytes.toString('utf8') : '';
  const api: ApiRow = apiOf(row);
  return {
    user: textOf(row.user),
    patient: patientOf(row, api),
    comments,
    commentBytes: bytes,
    notes: textOf(row.user_notes) || textOf(row.description),
    ip: clientOf(row),
    method: textOf(api.method),
    url: textOf(api.request_url),
    client: textOf(api.client_id) || (row.event === 'api' ? clientIn(comments) : ''),
    document: numberOf(row.ccda_doc_id),
    id: textOf(row.id),
    recipient: textOf(row.recipient),
  };
}

/** The row's patient, or the one of its API call: only one of the two is ever written. */
function patientOf(row: Row, api: ApiRow): string {
  return numberOf(row.patient_id) || numberOf(api.patient_id);
}

/** `API success: 198.51.100.20. Token successfully used for client[Qk3-vT] and user 9f0c…` */
function clientIn(comments: string): string {
  return /^API (?:success|failure): .* for client\[([^\]]*)\]/s.exec(comments)?.[1] ?? '';
}
