/**
 * Writes and reads TIMESTAMP, RFC 5424 section 6.2.3: RFC 3339 with upper case T and
 * Z, no leap second, at most six digits of fraction, and a day that its month has.
 */

const SHAPE = /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:\.(\d{1,6}))?(?:Z|([+-])(\d\d):(\d\d))$/;

/** Is this text a TIMESTAMP other than NILVALUE? */
export function isTimestamp(text: string): boolean {
  return timestampMs(text) !== undefined;
}

/** The moment that a TIMESTAMP names, in milliseconds since 1970 with the fraction kept; `undefined` when it is none. */
export function timestampMs(text: string): number | undefined {
  const match = SHAPE.exec(text);
  if (match === null) return undefined;
  const [year, month, day, hour, minute, second] = match.slice(1, 7).map(Number) as Six;
  const offsetHour = Number(match[9] ?? 0);
  const offsetMinute = Number(match[10] ?? 0);
  if (month < 1 || month > 12 || day < 1 || day > daysIn(year, month)) return undefined;
  if (hour > 23 || minute > 59 || second > 59 || offsetHour > 23 || offsetMinute > 59) return undefined;

  const eastMinutes = (match[8] === '-' ? -1 : 1) * (offsetHour * 60 + offsetMinute);
  const midnight = new Date(0).setUTCFullYear(year, month - 1, day);
  const clock = (hour * 60 + minute - eastMinutes) * 60_000 + second * 1000;
  return midnight + clock + Number(`0.${match[7] ?? '0'}`) * 1000;
}

/** A moment in UTC with milliseconds, as a TIMESTAMP. */
export function timestampOf(epochMs: number): string {
  return new Date(epochMs).toISOString();
}

type Six = [number, number, number, number, number, number];

function daysIn(year: number, month: number): number {
  // Date.UTC would read the years 0 to 99 as 1900 to 1999.
  return new Date(new Date(0).setUTCFullYear(year, month, 0)).getUTCDate();
}
