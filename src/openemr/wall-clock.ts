/**
 * What a clock on the wall shows: `YYYY-MM-DDTHH:MM:SS`, with a fraction of at
 * most six digits, no zone. MySQL's DATETIME is one with a space in the middle.
 */

const SHAPE =
  /^(\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01]))[ T]((?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d)(?:(\.\d{1,6})\d*)?$/;

/** The wall time in a DATETIME's text; `undefined` for anything else, for MySQL's zero date and for days that no month has. */
export function wallTimeOf(text: string): string | undefined {
  const match = SHAPE.exec(text);
  if (match === null) return undefined;
  const [, day, time, fraction] = match as unknown as [string, string, string, string | undefined];
  return isDay(day) ? `${day}T${time}${fraction ?? ''}` : undefined;
}

/** A wall time as if it were UTC, in milliseconds since 1970: good for the distance between two of them. */
export function wallClockMs(wallTime: string): number {
  return Date.parse(`${wallTime.slice(0, 'YYYY-MM-DDTHH:MM:SS'.length)}Z`);
}

/** Date.parse takes 30 February for 2 March. */
function isDay(day: string): boolean {
  return Number(day.slice(8)) <= 28 || new Date(day).toISOString().startsWith(day);
}
