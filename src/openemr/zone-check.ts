/**
 * Tells from live rows whether the configured time zone is OpenEMR's. A row that is
 * exported as it is written lies seconds before `exported_at`; in a wrong zone it lies
 * hours off, always by the same. A backlog lies hours off, too, but each row by another
 * time. Pure.
 */
import { type Row, textOf } from './row.js';
import { wallClockMs, wallTimeOf } from './wall-clock.js';
import { ZoneClock } from './wall-time.js';

const QUARTER_MS = 15 * 60_000;
/** How much the distances of live rows differ among each other at most. */
const JITTER_MS = 2 * 60_000;
/** Fewer rows than this, or over a shorter time, prove nothing. */
const ROWS = 5;
const SPAN_MS = 60_000;

export interface ZoneFault {
  /** By which the times are too late; negative: too early. */
  readonly offMs: number;
  /** Offset from UTC that would fit: `-05:00`. */
  readonly fits: string;
}

/** `rows` in any order, recent ones; undefined: the zone fits, or they prove nothing. */
export function zoneFault(rows: readonly Row[], zone: string): ZoneFault | undefined {
  const found = zoneDistance(rows, zone);
  return found?.offMs === 0 ? undefined : found;
}

/** As `zoneFault`, and with `offMs` 0 when the zone is proved right. */
export function zoneDistance(rows: readonly Row[], zone: string): ZoneFault | undefined {
  const clock = new ZoneClock(zone);
  const seen = rows.flatMap((row) => {
    const wallTime = wallTimeOf(textOf(row.date));
    const exportedMs = Date.parse(textOf(row.exported_at));
    if (wallTime === undefined || Number.isNaN(exportedMs)) return [];
    const readMs = Date.parse(clock.at(wallTime, exportedMs, undefined).timestamp);
    return [{ exportedMs, offMs: readMs - exportedMs, offsetMs: wallClockMs(wallTime) - exportedMs }];
  });
  const exported = seen.map(({ exportedMs }) => exportedMs);
  const off = seen.map(({ offMs }) => offMs);
  if (new Set(exported).size < ROWS || Math.max(...exported) - Math.min(...exported) < SPAN_MS) return undefined;
  if (Math.max(...off) - Math.min(...off) > JITTER_MS) return undefined;
  const offMs = nearest(Math.max(...off));
  return { offMs, fits: offsetText(nearest(Math.max(...seen.map((each) => each.offsetMs)))) };
}

function nearest(ms: number): number {
  return Math.round(ms / QUARTER_MS) * QUARTER_MS;
}

function offsetText(ms: number): string {
  const minutes = Math.abs(ms) / 60_000;
  const two = (number: number) => String(number).padStart(2, '0');
  return `${ms < 0 ? '-' : '+'}${two(Math.floor(minutes / 60))}:${two(minutes % 60)}`;
}
