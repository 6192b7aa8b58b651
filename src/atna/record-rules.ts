/**
 * Maps access to records: Patient, Order and Procedure Record, PS3.15 sections
 * A.5.3.13 to A.5.3.15, and Query, section A.5.3.10. OpenEMR derives most of these
 * events from SQL: a class of tables, a hyphen, the statement's verb.
 *
 * The patient is that of the session's chart, not of the row that was touched,
 * and only events of the patient record have one; where it is missing a message
 * follows the schema but not the letter of A.5.3.13 to A.5.3.15. The category
 * does not help: OpenEMR calls every form "Billing".
 */
import {
  type Code,
  ORDER_RECORD,
  openemrCode,
  PATIENT_RECORD,
  PROCEDURE_RECORD,
  QUERY,
  RESOURCE_ASSIGNMENT,
} from './codes.js';
import type { ObjectKind, Rule } from './rule.js';

const TOUCHED = { types: [], outcome: 'minor', cast: 'user' } as const;

export const RECORD_RULES: readonly Rule[] = [
  { id: 'view', event: /^view$/, eventId: PATIENT_RECORD, action: 'R', ...TOUCHED, objects: ['patient'] },
  {
    id: 'patient-record',
    // 8.2 has one event without a verb.
    event: /^patient-record(-(select|insert|replace|update|delete))?$/,
    when: { patient: true },
    eventId: PATIENT_RECORD,
    action: 'by-verb',
    ...TOUCHED,
    objects: ['patient'],
  },
  byVerb('order', '(order|lab-order)', ORDER_RECORD, ['patient']),
  byVerb('lab-results', 'lab-results', PROCEDURE_RECORD, ['patient']),
  byVerb('scheduling', 'scheduling', RESOURCE_ASSIGNMENT, ['schedule', 'patient']),
  byVerb('other', 'other', openemrCode('other'), ['table']),
  // A search across patients: Query is the only event of DICOM's that needs none.
  {
    id: 'patient-record-select-nopid',
    event: /^patient-record-select$/,
    eventId: QUERY,
    action: 'E',
    types: [],
    outcome: 'minor',
    cast: 'query',
    objects: ['query'],
  },
  {
    id: 'patient-record-nopid',
    event: /^patient-record(-(insert|update|delete|replace))?$/,
    eventId: PATIENT_RECORD,
    action: 'by-verb',
    ...TOUCHED,
    objects: [],
  },
  {
    id: 'http-patient',
    event: /^http-request-(select|update|delete)$/,
    when: { patient: true },
    eventId: PATIENT_RECORD,
    action: 'by-verb',
    ...TOUCHED,
    outcome: 0,
    objects: ['patient'],
  },
  {
    id: 'http',
    event: /^http-request-(select|update|delete)$/,
    eventId: openemrCode('http-request'),
    action: 'by-verb',
    ...TOUCHED,
    outcome: 0,
    objects: ['address'],
  },
  { id: 'record-delete', event: /^delete$/, eventId: PATIENT_RECORD, action: 'D', ...TOUCHED, objects: ['patient'] },
  // A merge concerns two patients; the row names one.
  {
    id: 'record-change',
    event: /^(deactivate|data_merge|patient-merge-.*|authorize|esign|checksum|fee-sheet|profile audit transaction)$/,
    eventId: PATIENT_RECORD,
    action: 'U',
    ...TOUCHED,
    objects: ['patient'],
  },
];

function byVerb(id: string, tables: string, eventId: Code, objects: readonly ObjectKind[]): Rule {
  const event = new RegExp(`^${tables}-(select|insert|replace|update|delete)$`);
  return { id, event, eventId, action: 'by-verb', ...TOUCHED, objects };
}
