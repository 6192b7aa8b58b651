import test from 'ava';
import fc from 'fast-check';
import { Temporal } from 'temporal-polyfill';
import type { DoubledHour } from '../../src/model/position.js';
import { ZoneClock } from '../../src/openemr/wall-time.js';

/** North, south, half an hour, a change at midnight, and none at all. */
const ZONES = [
  'America/New_York',
  'Europe/Berlin',
  'Australia/Sydney',
  'Australia/Lord_Howe',
  'Africa/Cairo',
  'Atlantic/Azores',
  'UTC',
];
const MINUTE_MS = 60_000;

for (const zone of ZONES) {
  const changes = changesOf(zone, 2026);

  test(`${zone}: around every change of 2026, each minute that passes is read as it was, with the pass known or not`, (t) => {
    t.is(changes.length, zone === 'UTC' ? 0 : 2);
    for (const change of changes) {
      const clock = new ZoneClock(zone);
      let state: DoubledHour | undefined;
      // As a file has them: minute after minute, through both passes.
      for (let ms = change - 180 * MINUTE_MS; ms < change + 180 * MINUTE_MS; ms += MINUTE_MS) {
        const zoned = Temporal.Instant.fromEpochMilliseconds(ms).toZonedDateTimeISO(zone);
        const wallTime = zoned.toPlainDateTime().toString({ fractionalSecondDigits: 0 });

        const read = clock.at(wallTime, undefined, state);
        state = read.doubledHour;

        t.is(read.timestamp, `${wallTime}${zoned.offset}`);
        t.is(read.certain, readingsOf(wallTime, zone) === 1, wallTime);
      }
    }
  });

  test(`${zone}: any moment of 1970 to 2037 that is no doubt is read as it was`, (t) => {
    const clock = new ZoneClock(zone);
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 2_145_916_800 }), (second) => {
        const zoned = Temporal.Instant.fromEpochMilliseconds(second * 1000).toZonedDateTimeISO(zone);
        const wallTime = zoned.toPlainDateTime().toString({ fractionalSecondDigits: 0 });
        const { timestamp, certain } = clock.at(wallTime, undefined, undefined);
        t.is(certain, readingsOf(wallTime, zone) === 1);
        if (certain) t.is(timestamp, `${wallTime}${zoned.offset}`);
      }),
    );
  });

  if (changes.length === 0) continue;
  test(`${zone}: a wall time of a missing hour is shifted forward by the gap`, (t) => {
    for (const change of changes) {
      const after = Temporal.Instant.fromEpochMilliseconds(change).toZonedDateTimeISO(zone);
      const before = after.subtract({ milliseconds: 1 });
      const gapMs = (after.offsetNanoseconds - before.offsetNanoseconds) / 1e6;
      for (let into = 0; into < gapMs; into += MINUTE_MS) {
        const missing = after.toPlainDateTime().subtract({ milliseconds: gapMs - into });

        const read = new ZoneClock(zone).at(missing.toString({ fractionalSecondDigits: 0 }), undefined, undefined);

        t.is(Date.parse(read.timestamp), change + into);
        t.true(read.timestamp.endsWith(after.offset));
        t.false(read.certain);
      }
    }
  });
}

const NEW_YORK = 'America/New_York';

test('a doubled hour is read as the first pass until a line goes back in it', (t) => {
  t.deepEqual(offsetsOf(['01:30:00', '01:59:59', '01:05:00', '01:06:00', '01:59:00']), [
    '-04:00',
    '-04:00',
    '-05:00',
    '-05:00',
    '-05:00',
  ]);
});

test('lines that are a few seconds out of order do not begin the second pass', (t) => {
  t.deepEqual(offsetsOf(['01:30:05', '01:30:03', '01:29:55', '01:31:00']), ['-04:00', '-04:00', '-04:00', '-04:00']);
});

test('a step back is measured from the latest line, not from the last', (t) => {
  t.deepEqual(offsetsOf(['01:30:20', '01:30:14', '01:30:09']), ['-04:00', '-04:00', '-05:00']);
});

test('lines before and after the doubled hour are no step back', (t) => {
  t.deepEqual(offsetsOf(['00:59:59', '01:00:00', '02:00:00', '02:30:00']), ['-04:00', '-04:00', '-05:00', '-05:00']);
});

test('the state between the two passes survives a restart', (t) => {
  const first = new ZoneClock(NEW_YORK).at('2026-11-01T01:59:59', undefined, undefined);
  const kept = JSON.parse(JSON.stringify(first.doubledHour)) as DoubledHour;

  const second = new ZoneClock(NEW_YORK).at('2026-11-01T01:00:00', undefined, kept);

  t.is(first.timestamp, '2026-11-01T01:59:59-04:00');
  t.is(second.timestamp, '2026-11-01T01:00:00-05:00');
  t.is(
    new ZoneClock(NEW_YORK).at('2026-11-01T01:30:00', undefined, second.doubledHour).timestamp,
    '2026-11-01T01:30:00-05:00',
  );
});

test('what last year’s doubled hour left says nothing of this year’s', (t) => {
  const clock = new ZoneClock(NEW_YORK);
  const last = { latest: '2025-11-02T01:59:59', secondPass: true };
  t.is(clock.at('2026-11-01T01:10:00', undefined, last).timestamp, '2026-11-01T01:10:00-04:00');
  t.is(clock.at('2026-06-01T12:00:00', undefined, last).doubledHour, undefined);
});

test('a UTC time in the row tells the pass, and the lines after it know', (t) => {
  const clock = new ZoneClock(NEW_YORK);
  const second = clock.at('2026-11-01T01:30:00', Date.parse('2026-11-01T06:30:01Z'), undefined);
  t.is(second.timestamp, '2026-11-01T01:30:00-05:00');
  t.is(clock.at('2026-11-01T01:31:00', undefined, second.doubledHour).timestamp, '2026-11-01T01:31:00-05:00');

  const first = clock.at('2026-11-01T01:30:00', Date.parse('2026-11-01T05:30:01Z'), second.doubledHour);
  t.is(first.timestamp, '2026-11-01T01:30:00-04:00');
});

test('a row that was in a file before the second pass came is from the first, whatever the lines before say', (t) => {
  const clock = new ZoneClock(NEW_YORK);
  const state = { latest: '2026-11-01T01:40:00', secondPass: true };
  const read = clock.at('2026-11-01T01:30:00', Date.parse('2026-11-01T06:29:00Z'), state);
  t.is(read.timestamp, '2026-11-01T01:30:00-04:00');
});

test('a UTC time that fits neither pass tells nothing', (t) => {
  const clock = new ZoneClock(NEW_YORK);
  for (const utc of ['2026-11-01T01:30:00Z', '2026-11-01T12:00:00Z', '2026-11-01T05:00:00Z']) {
    t.is(clock.at('2026-11-01T01:30:00', Date.parse(utc), undefined).timestamp, '2026-11-01T01:30:00-04:00', utc);
  }
});

test('a fraction is kept, in a missing hour too', (t) => {
  const clock = new ZoneClock(NEW_YORK);
  t.is(clock.at('2026-11-20T07:58:01.25', undefined, undefined).timestamp, '2026-11-20T07:58:01.25-05:00');
  t.is(clock.at('2026-03-08T02:30:00.5', undefined, undefined).timestamp, '2026-03-08T03:30:00.5-04:00');
});

test('an offset with seconds, as local mean time had, is told in UTC', (t) => {
  const read = new ZoneClock(NEW_YORK).at('1850-01-01T00:00:00', undefined, undefined);
  t.is(read.timestamp, '1850-01-01T04:56:02Z');
});

test('a zone that does not exist is refused at once', (t) => {
  t.throws(() => new ZoneClock('Mars/Olympus'), { instanceOf: RangeError });
});

/** The offsets that a file with these times of 1 November 2026 is read with. */
function offsetsOf(times: readonly string[]): string[] {
  const clock = new ZoneClock(NEW_YORK);
  let state: DoubledHour | undefined;
  return times.map((time) => {
    const read = clock.at(`2026-11-01T${time}`, undefined, state);
    state = read.doubledHour;
    return read.timestamp.slice(19);
  });
}

/** How many moments have this wall time: found by looking at every offset that the zone has about then. */
function readingsOf(wallTime: string, zone: string): number {
  const asUtc = Date.parse(`${wallTime}Z`);
  const offsets = new Set([-26, 26].map((hours) => offsetAt(asUtc + hours * 60 * MINUTE_MS, zone)));
  return [...offsets].filter((offsetMs) => offsetAt(asUtc - offsetMs, zone) === offsetMs).length;
}

/** The moments in a year at which the zone's offset changes, found by looking at each quarter of an hour. */
function changesOf(zone: string, year: number): number[] {
  const changes: number[] = [];
  const step = 15 * MINUTE_MS;
  for (let ms = Date.UTC(year, 0, 1); ms < Date.UTC(year + 1, 0, 1); ms += step) {
    if (offsetAt(ms, zone) !== offsetAt(ms - step, zone)) changes.push(ms);
  }
  return changes;
}

function offsetAt(ms: number, zone: string): number {
  return Temporal.Instant.fromEpochMilliseconds(ms).toZonedDateTimeISO(zone).offsetNanoseconds / 1e6;
}
