/**
 * OpenEMR's `date`: wall time without a zone, so that two of one table can be
 * compared but none with a clock. In autumn an hour comes twice. Pure.
 */

/** Clocks go back by an hour; two make a difference that cannot come from it. */
const DOUBLED_HOUR_MS = 2 * 3_600_000;

/** True when a row of this date was surely written `byMs` before the other. An unreadable date proves nothing. */
export function isSurelyOlder(date: string | null, than: string | null, byMs: number): boolean {
  const distance = millisecondsOf(than) - millisecondsOf(date);
  return distance > byMs + DOUBLED_HOUR_MS;
}

/** `2026-11-20 07:58:01` as `20261120T075801`; undefined when it is no date. */
export function compactDate(date: string | null): string | undefined {
  return Number.isNaN(millisecondsOf(date)) ? undefined : date?.slice(0, 19).replaceAll(/[-:]/g, '').replace(' ', 'T');
}

function millisecondsOf(date: string | null): number {
  return date === null ? Number.NaN : Date.parse(`${date.slice(0, 19).replace(' ', 'T')}Z`);
}
