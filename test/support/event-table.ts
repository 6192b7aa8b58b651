/** The table of docs/openemr-events.md: what becomes of each of OpenEMR's events with `profile: atna`, from the mapping itself. */
import { ruleFor } from '../../src/atna/mapping.js';
import { CASES, type Case, subjectOf } from './audit-subjects.js';
import { auditRow } from './openemr-rows.js';

const HEADING = [
  '| event | success | becomes | action | outcome | participants | objects | rule |',
  '|---|---|---|---|---|---|---|---|',
];

/** What callers pass to the audit log by name, and the seven classes of SQL statements with their verbs. */
const NAMES: readonly string[] = [
  ...'login,logout,auth,mfa,password,oauth2,api,view,delete,deactivate,print,disclosure,authorize,esign'.split(','),
  ...'checksum,fee-sheet,data_merge,patient-merge-target,patient-merge-source,add_list,edit_list'.split(','),
  ...'delete_list,alter_table,security,security-access,security-access-denied,backup,warning,uuid'.split(','),
  ...'transmit-ccd,transmit-ccda,transmit-message,qrda3-export,qrda3-consolidated-export'.split(','),
  ...'direct-message-check,proc_order_xmit,lab-results-error,pharmacy_log,pharmacy_background'.split(','),
  ...'prescriptions_log,medex-webhook,patient-record,patient-access,patient-reg-email-verify'.split(','),
  ...'patient-registration,patient-password-reset,patient-reset-credentials,login attempt'.split(','),
  ...'onetime login attempt,download document,chart document,fetched PDF,password reset attempt'.split(','),
  ...'Credential update attempt,profile audit transaction'.split(','),
  ...['http-request-select', 'http-request-update', 'http-request-delete'],
  ...['patient-record', 'order', 'lab-order', 'lab-results', 'scheduling', 'security-administration', 'other'].flatMap(
    (name) => ['select', 'insert', 'update', 'replace', 'delete'].map((verb) => `${name}-${verb}`),
  ),
];

const VERBS: Readonly<Record<string, string>> = { select: 'R', insert: 'C', update: 'U', replace: 'U', delete: 'D' };

export function eventTable(): string {
  const told = new Set(CASES.map(({ subject }) => subject.record.event));
  const others = NAMES.filter((name) => !told.has(name)).map(caseOf);
  const rows = [...CASES, ...others].map(rowOf).sort((a, b) => (a < b ? -1 : 1));
  return [...HEADING, ...new Set(rows)].join('\n');
}

/** A row that succeeded, with a patient. */
function caseOf(event: string): Case {
  const subject = subjectOf(auditRow({ event }));
  const { id, action, outcome } = ruleFor(subject);
  const done = action.startsWith('by-') ? (VERBS[event.split('-').at(-1) ?? ''] ?? 'R') : action;
  return { rule: id, subject, says: ` ${done} ${typeof outcome === 'number' ? outcome : 0}` };
}

function rowOf({ subject, says }: Case): string {
  const rule = ruleFor(subject);
  const { event, success } = subject.record;
  // EventID, action, outcome, then the types, which may have blanks in them.
  const [, action = '', outcome = ''] = / ([CRUDE]) (\d+)(?: |$)/.exec(says) ?? [];
  const becomes = rule.eventId === 'event' ? `\`${event}\`` : meaningOf(rule.eventId);
  const types = rule.types.map(meaningOf);
  const cells = [
    event === '' ? '(none)' : `\`${event}\``,
    success === undefined ? '-' : success ? '1' : '0',
    types.length === 0 ? becomes : `${becomes} (${types.join(', ')})`,
    action,
    outcome,
    rule.cast,
    rule.objects.join(', ') || '-',
    rule.id,
  ];
  return `| ${cells.join(' | ')} |`;
}

function meaningOf(code: string): string {
  return /originalText="([^"]*)"/.exec(code)?.[1] ?? code;
}
