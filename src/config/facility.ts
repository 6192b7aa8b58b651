/** Syslog facilities by the names that syslog.conf(5) and logger(1) use; the numbers are RFC 5424 table 1. */

const NAMES = (
  'kern user mail daemon auth syslog lpr news uucp cron authpriv ftp ntp security console solaris-cron ' +
  'local0 local1 local2 local3 local4 local5 local6 local7'
).split(' ');

/** A name or a number in text, as 0 to 23; `undefined` when it is neither. */
export function readFacility(text: string): number | undefined {
  const number = /^\d{1,2}$/.test(text) ? Number(text) : NAMES.indexOf(text);
  return number >= 0 && number < NAMES.length ? number : undefined;
}
