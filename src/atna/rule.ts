/**
 * A rule says which DICOM audit message an audit record of OpenEMR becomes. Rules
 * are kept in tables; the first that fits counts.
 */
import type { AuditRecord, Columns } from '../model/record.js';
import type { Code } from './codes.js';

export interface Rule {
  /** For people who ask why a message looks as it does. */
  readonly id: string;
  readonly event: RegExp;
  readonly when?: {
    /** The row says success=0. */
    readonly failed?: true;
    /** The row names a patient. */
    readonly patient?: true;
    /** In the comments as plain text; those of an encrypted row fit nothing. */
    readonly comments?: RegExp;
  };
  /** `event`: OpenEMR's own name for it. */
  readonly eventId: Code | 'event';
  readonly action: Action;
  readonly types: readonly Code[];
  readonly outcome: OutcomeRule;
  /** Left out: a warning when the outcome is a failure. */
  readonly severity?: Severity;
  readonly cast: Cast;
  /** Beside the one that names the message. */
  readonly objects: readonly ObjectKind[];
  /** The comments of a failure say why, in words without patients: they become EventOutcomeDescription. */
  readonly explains?: true;
}

/** RFC 5424 table 2; ITI-20 knows these two: warning and notice. */
export type Severity = 4 | 5;

/** EventActionCode; `by-verb`: as the event's name ends; `by-method`: as the request of the API did. */
export type Action = 'C' | 'R' | 'U' | 'D' | 'E' | 'by-verb' | 'by-method';

/** EventOutcomeIndicator; `minor`, `serious`: 4 or 8 when the row says success=0, else 0. */
export type OutcomeRule = 0 | 4 | 8 | 'minor' | 'serious';

/** Who takes part; see `participants.ts`. */
export type Cast =
  | 'user'
  | 'logged-off'
  | 'backup'
  | 'export'
  | 'print'
  | 'transmission'
  | 'disclosure'
  | 'import'
  | 'query'
  | 'forwarder';

/** What it was done to; see `objects.ts`. */
export type ObjectKind =
  | 'patient'
  | 'account'
  | 'access-control'
  | 'schedule'
  | 'table'
  | 'query'
  | 'address'
  | 'document'
  | 'client'
  | 'disclosed';

/** What a message is made of. */
export interface Subject {
  readonly record: AuditRecord;
  readonly columns: Columns;
}

export function fits({ when }: Rule, { record, columns }: Subject): boolean {
  if (when === undefined) return true;
  if (when.failed && record.success !== false) return false;
  if (when.patient && columns.patient === '') return false;
  return when.comments === undefined || when.comments.test(columns.comments);
}
