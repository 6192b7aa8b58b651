/**
 * Converts wall time and zone to an offset. In the hour that occurs twice in
 * autumn the row alone does not say which pass it is from; it is the second when
 *
 * - the row carries a UTC time (written or exported) soon after the second, or
 * - an earlier line of the file in that hour had a later wall time,
 *
 * else the first. Concurrent requests write their rows a few seconds out of
 * order, so "later" means by more than `DISORDER_MS`: one swapped pair must not
 * put the rest of a busy night an hour off. A wall time in the missing hour of
 * spring is shifted forward by the length of the gap. Both are marked as in
 * doubt. Temporal knows the rules of the zones (37 000 answers a second); a cache
 * with one answer an hour of wall time serves the rest.
 */
import { Temporal } from 'temporal-polyfill';
import type { DoubledHour } from '../model/position.js';
import { wallClockMs } from './wall-clock.js';

export interface ZonedTime {
  /** The wall time with its offset, as RFC 3339 and RFC 5424 write it: `2026-11-20T07:58:01-05:00`. */
  readonly timestamp: string;
  /** False in a doubled or missing hour. */
  readonly certain: boolean;
  /** To be kept with the position and given with the file's next wall time. */
  readonly doubledHour: DoubledHour | undefined;
}

export class ZoneClock {
  readonly #zone: string;
  readonly #hours = new Map<string, Hour>();
  /** The hour of the line before: nearly always that of the next. */
  #last: Hour = { name: '', evenOffset: undefined, seconds: new Map() };

  /** `zone` is an IANA name. Throws a RangeError for one that Temporal does not know. */
  constructor(zone: string) {
    Temporal.Instant.fromEpochMilliseconds(0).toZonedDateTimeISO(zone);
    this.#zone = zone;
  }

  /** `wallTime` as `wallTimeOf` gives it, `notAfterMs` as in `AuditRecord`, `state` as the file's last line left it. */
  at(wallTime: string, notAfterMs: number | undefined, state: DoubledHour | undefined): ZonedTime {
    const hour = this.#hour(wallTime.slice(0, HOUR_LENGTH));
    const doubledHour = state && keptUntilNextDay(state, wallTime);
    if (hour.evenOffset !== undefined) return { timestamp: wallTime + hour.evenOffset, certain: true, doubledHour };

    const second = wallTime.slice(0, SECOND_LENGTH);
    const fraction = wallTime.slice(SECOND_LENGTH);
    const readings = this.#readings(hour, second);
    switch (readings.kind) {
      case 'once':
        return { timestamp: written(readings.only, fraction), certain: true, doubledHour };
      case 'missing':
        return { timestamp: written(readings.shifted, fraction), certain: false, doubledHour };
      case 'twice': {
        const pass = passOf(readings, second, notAfterMs, doubledHour);
        const reading = pass.secondPass ? readings.second : readings.first;
        return { timestamp: written(reading, fraction), certain: false, doubledHour: pass };
      }
      default:
        return readings satisfies never;
    }
  }

  /** The offset that holds all through an hour (`YYYY-MM-DDTHH`); `undefined`: ask for each time in it. */
  evenOffset(hour: string): string | undefined {
    return this.#hour(hour).evenOffset;
  }

  #hour(name: string): Hour {
    if (name !== this.#last.name) this.#last = this.#hours.get(name) ?? this.#learn(name);
    return this.#last;
  }

  #learn(name: string): Hour {
    if (this.#hours.size >= MAX_HOURS) this.#hours.clear();
    const hour = { name, evenOffset: evenOffset(`${name}:00:00`, `${name}:59:59`, this.#zone), seconds: new Map() };
    this.#hours.set(name, hour);
    return hour;
  }

  #readings(hour: Hour, second: string): Readings {
    const known = hour.seconds.get(second);
    if (known !== undefined) return known;
    const readings = readingsOf(second, this.#zone);
    hour.seconds.set(second, readings);
    return readings;
  }
}

/** One hour of wall time. */
interface Hour {
  /** `YYYY-MM-DDTHH`. */
  readonly name: string;
  /** The offset that holds all through it; `undefined` when it changes inside or has a part of a minute. */
  readonly evenOffset: string | undefined;
  /** Answers for single seconds of an hour without one. */
  readonly seconds: Map<string, Readings>;
}

type Readings =
  | { readonly kind: 'once'; readonly only: Reading }
  | { readonly kind: 'twice'; readonly first: Reading; readonly second: Reading }
  | { readonly kind: 'missing'; readonly shifted: Reading };

interface Reading {
  /** `YYYY-MM-DDTHH:MM:SS` at `offset`. */
  readonly clock: string;
  readonly offset: string;
  readonly epochMs: number;
}

const HOUR_LENGTH = 'YYYY-MM-DDTHH'.length;
const SECOND_LENGTH = 'YYYY-MM-DDTHH:MM:SS'.length;
/** A year of them; a backlog of many years only costs asking again. */
const MAX_HOURS = 8784;
const DISORDER_MS = 10_000;
/** A row of api_log follows its row of log within the same request, and the exporter within minutes. */
const SOON_MS = 15 * 60_000;
const DAY_MS = 24 * 3_600_000;

/** Both ends of the hour have one reading each and share it: no rule changes a clock twice in an hour. */
function evenOffset(first: string, last: string, zone: string): string | undefined {
  const [from, to] = [readingsOf(first, zone), readingsOf(last, zone)];
  if (from.kind !== 'once' || to.kind !== 'once' || from.only.offset !== to.only.offset) return undefined;
  return from.only.clock === first ? from.only.offset : undefined;
}

function readingsOf(second: string, zone: string): Readings {
  const wall = Temporal.PlainDateTime.from(second);
  const earlier = wall.toZonedDateTime(zone, { disambiguation: 'earlier' });
  const later = wall.toZonedDateTime(zone, { disambiguation: 'later' });
  if (earlier.epochMilliseconds === later.epochMilliseconds) return { kind: 'once', only: readingOf(later) };
  if (!later.toPlainDateTime().equals(wall)) return { kind: 'missing', shifted: readingOf(later) };
  return { kind: 'twice', first: readingOf(earlier), second: readingOf(later) };
}

/** RFC 5424 has no seconds in offsets; local mean times of long ago do, and are told in UTC. */
function readingOf(time: Temporal.ZonedDateTime): Reading {
  const epochMs = time.epochMilliseconds;
  if (time.offsetNanoseconds % MINUTE_NS === 0) {
    return { clock: time.toPlainDateTime().toString({ fractionalSecondDigits: 0 }), offset: time.offset, epochMs };
  }
  return { clock: new Date(epochMs).toISOString().slice(0, SECOND_LENGTH), offset: 'Z', epochMs };
}

const MINUTE_NS = 60e9;

function written(reading: Reading, fraction: string): string {
  return reading.clock + fraction + reading.offset;
}

/** The pass that this line is from, and what it tells of the lines after it. */
function passOf(
  readings: Extract<Readings, { kind: 'twice' }>,
  second: string,
  notAfterMs: number | undefined,
  state: DoubledHour | undefined,
): DoubledHour {
  const proven = notAfterMs === undefined ? undefined : provenPass(readings, notAfterMs);
  if (proven !== undefined && proven !== state?.secondPass) return { latest: second, secondPass: proven };
  if (state === undefined) return { latest: second, secondPass: false };
  const wentBack = wallClockMs(state.latest) - wallClockMs(second) > DISORDER_MS;
  if (wentBack && !state.secondPass && proven === undefined) return { latest: second, secondPass: true };
  return second > state.latest ? { latest: second, secondPass: state.secondPass } : state;
}

/** A row that was in a file before the second pass came is from the first; one that came just after its second reading, from the second. */
function provenPass({ first, second }: Extract<Readings, { kind: 'twice' }>, notAfterMs: number): boolean | undefined {
  if (notAfterMs < first.epochMs - DISORDER_MS || notAfterMs >= second.epochMs + SOON_MS) return undefined;
  return notAfterMs >= second.epochMs - DISORDER_MS;
}

function keptUntilNextDay(state: DoubledHour, wallTime: string): DoubledHour | undefined {
  return Math.abs(wallClockMs(wallTime) - wallClockMs(state.latest)) < DAY_MS ? state : undefined;
}
