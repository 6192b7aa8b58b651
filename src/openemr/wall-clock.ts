/**
 * Reads a wall clock time: `YYYY-MM-DDTHH:MM:SS`, with a fraction of at most six
 * digits, no zone. MySQL's DATETIME is one with a space in the middle.
 */

// MySQL's DATETIME begins with the year 1000.
const SHAPE = /^[1-9]\d{3}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])[ T](?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d+)?$/;
const DAY_LENGTH = 'YYYY-MM-DD'.length;
const SECOND_LENGTH = 'YYYY-MM-DDTHH:MM:SS'.length;
const MICROSECOND_LENGTH = SECOND_LENGTH + '.ffffff'.length;

/** The wall time in a DATETIME's text; `undefined` for anything else, for MySQL's zero date and for days that no month has. */
export function wallTimeOf(text: string): string | undefined {
  if (!SHAPE.test(text)) return undefined;
  const day = text.slice(0, DAY_LENGTH);
  return isDay(day) ? `${day}T${text.slice(DAY_LENGTH + 1, MICROSECOND_LENGTH)}` : undefined;
}

/** A wall time as if it were UTC, in milliseconds since 1970: good for the distance between two of them. */
export function wallClockMs(wallTime: string): number {
  return Date.parse(`${wallTime.slice(0, SECOND_LENGTH)}Z`);
}

/** Date.parse takes 30 February for 2 March. */
function isDay(day: string): boolean {
  return Number(day.slice(8)) <= 28 || new Date(day).toISOString().startsWith(day);
}
