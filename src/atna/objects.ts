/**
 * Writes ParticipantObjectIdentification, PS3.15 tables A.5.1-1 and A.5.2-1: what
 * was touched. Each object has a name, because DICOM's schema requires one; a
 * patient's has none of the patient, which the row does not hold: the repository
 * looks it up by number.
 *
 * What may hold patient data, the text of a query and the part of an address after
 * its path, is sent only if `comments` are sent at all.
 */

import { type Code, coded, PATIENT_NUMBER, REPORT_NUMBER, SEARCH_CRITERIA, URI, USER_IDENTIFIER } from './codes.js';
import { base64Within } from './detail.js';
import type { ObjectKind, Rule, Subject } from './rule.js';
import { xmlToken } from './xml.js';

export interface ObjectLimits {
  /** Octets of one value. */
  readonly valueMax: number;
  /** Octets of a query's text in base64. */
  readonly queryMax: number;
  readonly comments: boolean;
}

export function objectsOf(rule: Rule, subject: Subject, limits: ObjectLimits): string {
  let written = '';
  for (const kind of rule.objects) written += objectOf(kind, subject, limits);
  return written;
}

function objectOf(kind: ObjectKind, { record, columns }: Subject, limits: ObjectLimits): string {
  const { valueMax } = limits;
  switch (kind) {
    case 'patient': {
      if (columns.patient === '') return '';
      const id = xmlToken(columns.patient, valueMax);
      return object(
        id,
        ' ParticipantObjectTypeCode="1" ParticipantObjectTypeCodeRole="1"',
        PATIENT_NUMBER,
        `pid ${id}`,
      );
    }
    case 'account': {
      const id = xmlToken(columns.user, valueMax);
      return object(id, ' ParticipantObjectTypeCode="1" ParticipantObjectTypeCodeRole="11"', USER_IDENTIFIER, id);
    }
    case 'access-control':
      return object('gacl', SECURITY_RESOURCE, URI, 'OpenEMR access control');
    case 'schedule':
      return object('openemr_postcalendar_events', role(18), URI, 'OpenEMR appointments');
    case 'table': {
      const table = xmlToken(tableIn(columns.comments), valueMax);
      return object(table, role(22), URI, table);
    }
    case 'query':
      return query(xmlToken(record.event, valueMax), columns.comments, limits);
    case 'address': {
      const address = xmlToken(addressOf(columns, limits.comments), valueMax);
      return object(address, role(4), URI, address);
    }
    case 'client': {
      if (columns.client === '') return '';
      const id = xmlToken(columns.client, valueMax);
      return object(id, role(11), USER_IDENTIFIER, `API client ${id}`);
    }
    case 'document':
      return columns.document === '' ? '' : report(xmlToken(columns.document, valueMax), '');
    case 'disclosed':
      return report(xmlToken(columns.id, valueMax), ' ParticipantObjectDataLifeCycle="11"');
    default:
      return kind satisfies never;
  }
}

const SECURITY_RESOURCE = role(13);

/** Of a system object. */
function role(number: number): string {
  return ` ParticipantObjectTypeCode="2" ParticipantObjectTypeCodeRole="${number}"`;
}

function report(id: string, lifeCycle: string): string {
  return object(id, role(3) + lifeCycle, REPORT_NUMBER, id);
}

function query(event: string, text: string, { comments, queryMax }: ObjectLimits): string {
  const bytes = comments ? base64Within(Buffer.from(text, 'utf8'), queryMax) : undefined;
  if (bytes === undefined) return object(event, role(24), SEARCH_CRITERIA, 'criteria withheld');
  return element(event, role(24), SEARCH_CRITERIA, 'ParticipantObjectQuery', bytes.toString('base64'));
}

/** The first table that a statement names. */
function tableIn(statement: string): string {
  return /\b(?:from|into|update|table|join)\s+`?(\w+)/i.exec(statement)?.[1] ?? '';
}

/** `api_log` has it for API calls, the comments are it for requests of pages. */
function addressOf({ url, comments }: Subject['columns'], whole: boolean): string {
  const address = url || comments;
  return whole ? address : address.replace(/[?#].*$/s, '');
}

function object(id: string, attributes: string, idType: Code, name: string): string {
  return element(id, attributes, idType, 'ParticipantObjectName', name);
}

function element(id: string, attributes: string, idType: Code, child: string, content: string): string {
  const type = coded('ParticipantObjectIDTypeCode', idType);
  const start = `<ParticipantObjectIdentification ParticipantObjectID="${id}"${attributes}>`;
  return `${start}${type}<${child}>${content}</${child}></ParticipantObjectIdentification>`;
}
