/**
 * Computes PRI, RFC 5424 section 6.2.1: facility times eight plus severity, with the
 * names of tables 1 and 2 in the spelling that syslog.conf made common.
 */

/** Table 1; a facility's number is its place. */
export const FACILITIES: readonly string[] = [
  'kern',
  'user',
  'mail',
  'daemon',
  'auth',
  'syslog',
  'lpr',
  'news',
  'uucp',
  'cron',
  'authpriv',
  'ftp',
  'ntp',
  'audit',
  'alert',
  'clock',
  'local0',
  'local1',
  'local2',
  'local3',
  'local4',
  'local5',
  'local6',
  'local7',
];

/** Table 2; a severity's number is its place. */
export const SEVERITIES: readonly string[] = ['emerg', 'alert', 'crit', 'err', 'warning', 'notice', 'info', 'debug'];

export type Severity = 0 | 1 | 2 | 3 | 4 | 5 | 6 | 7;

export const WARNING: Severity = 4;
export const NOTICE: Severity = 5;

/** PRIVAL, 0 to 191. */
export function priorityValue(facility: number, severity: Severity): number {
  return facility * FACILITIES_STEP + severity;
}

/** Facility and severity of a PRIVAL. */
export function splitPriority(value: number): { readonly facility: number; readonly severity: Severity } {
  return { facility: Math.floor(value / FACILITIES_STEP), severity: (value % FACILITIES_STEP) as Severity };
}

const FACILITIES_STEP = SEVERITIES.length;
