/**
 * What a clock on the wall shows: `YYYY-MM-DDTHH:MM:SS`, with a fraction of at
 * most six digits, no zone. MySQL's DATETIME is one with a space in the middle.
 */

const SHAPE = /^(\d{4})-(\d\d)-(\d\d)[ T](\d\d:\d\d:\d\d)(?:\.(\d{1,6})\d*)?$/;

/** The wall time in a DATETIME's text; `undefined` for anything else, for MySQL's zero date and for days that no month has. */
export function wallTimeOf(text: string): string | undefined {
  const match = SHAPE.exec(text);
  if (match === null) return undefined;
  const wallTime = `${match[1]}-${match[2]}-${match[3]}T${match[4]}`;
  // Date.parse rolls 30 February over instead of refusing it.
  if (Number(match[3]) > 28 && new Date(wallClockMs(wallTime)).getUTCDate() !== Number(match[3])) return undefined;
  if (Number.isNaN(wallClockMs(wallTime)) || match[4]!.startsWith('24')) return undefined;
  return match[5] === undefined ? wallTime : `${wallTime}.${match[5]}`;
}

/** A wall time as if it were UTC, in milliseconds since 1970: good for the distance between two of them. */
export function wallClockMs(wallTime: string): number {
  return Date.parse(`${wallTime.slice(0, 19)}Z`);
}
