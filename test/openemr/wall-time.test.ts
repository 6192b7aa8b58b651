import test from 'ava';
import type { DoubledHour } from '../../src/model/position.js';
import { ZoneClock } from '../../src/openemr/wall-time.js';

const MINUTE_MS = 60_000;

/**
 * The changes of two years, written down from the laws (IANA's tz database),
 * not asked of the library that is under test: a zone's offset from each of
 * these moments on.
 */
const CHANGES: Readonly<Record<string, readonly (readonly [moment: string, offset: string])[]>> = {
  'America/New_York': [
    ['2025-01-01T00:00Z', '-05:00'],
    ['2025-03-09T07:00Z', '-04:00'],
    ['2025-11-02T06:00Z', '-05:00'],
    ['2026-03-08T07:00Z', '-04:00'],
    ['2026-11-01T06:00Z', '-05:00'],
  ],
  'Europe/Berlin': [
    ['2025-01-01T00:00Z', '+01:00'],
    ['2025-03-30T01:00Z', '+02:00'],
    ['2025-10-26T01:00Z', '+01:00'],
    ['2026-03-29T01:00Z', '+02:00'],
    ['2026-10-25T01:00Z', '+01:00'],
  ],
  // By half an hour.
  'Australia/Lord_Howe': [
    ['2025-01-01T00:00Z', '+11:00'],
    ['2025-04-05T15:00Z', '+10:30'],
    ['2025-10-04T15:30Z', '+11:00'],
    ['2026-04-04T15:00Z', '+10:30'],
    ['2026-10-03T15:30Z', '+11:00'],
  ],
  // At midnight: the hour that is doubled or missing lies in another day.
  'Africa/Cairo': [
    ['2025-01-01T00:00Z', '+02:00'],
    ['2025-04-24T22:00Z', '+03:00'],
    ['2025-10-30T21:00Z', '+02:00'],
    ['2026-04-23T22:00Z', '+03:00'],
    ['2026-10-29T21:00Z', '+02:00'],
  ],
  // For Ramadan, and back in time.
  'Africa/Casablanca': [
    ['2025-01-01T00:00Z', '+01:00'],
    ['2025-02-23T02:00Z', '+00:00'],
    ['2025-04-06T02:00Z', '+01:00'],
    ['2026-02-15T02:00Z', '+00:00'],
    ['2026-03-22T02:00Z', '+01:00'],
  ],
  // By two hours.
  'Antarctica/Troll': [
    ['2025-01-01T00:00Z', '+00:00'],
    ['2025-03-30T01:00Z', '+02:00'],
    ['2025-10-26T01:00Z', '+00:00'],
    ['2026-03-29T01:00Z', '+02:00'],
    ['2026-10-25T01:00Z', '+00:00'],
  ],
};

for (const [zone, eras] of Object.entries(CHANGES)) {
  for (const [moment, after] of eras.slice(1)) {
    const change = Date.parse(moment);
    const before = offsetAt(change - 1, eras);

    test(`${zone}, ${moment}: each minute that passes is read as it was, with the pass known or not`, (t) => {
      const clock = new ZoneClock(zone);
      let state: DoubledHour | undefined;
      // As a file has them: minute after minute, through both passes.
      for (let ms = change - 300 * MINUTE_MS; ms < change + 300 * MINUTE_MS; ms += MINUTE_MS) {
        const offset = offsetAt(ms, eras);
        const wallTime = wallTimeAt(ms, offset);

        const read = clock.at(wallTime, undefined, state);
        state = read.doubledHour;

        t.is(read.timestamp, `${wallTime}${offset}`);
        t.is(read.certain, readingsOf(wallTime, eras).length === 1, wallTime);
      }
    });

    test(`${zone}, ${moment}: a row that was exported in the minute after it is of the pass that the export proves`, (t) => {
      const clock = new ZoneClock(zone);
      for (let ms = change - 300 * MINUTE_MS; ms < change + 300 * MINUTE_MS; ms += MINUTE_MS) {
        const offset = offsetAt(ms, eras);
        // A row alone: nothing is known of the lines before it.
        const read = clock.at(wallTimeAt(ms, offset), ms + MINUTE_MS, undefined);
        t.is(read.timestamp, `${wallTimeAt(ms, offset)}${offset}`);
      }
    });

    if (minutesOf(after) < minutesOf(before)) continue;
    test(`${zone}, ${moment}: each wall time that is missing is shifted forward by the gap`, (t) => {
      const clock = new ZoneClock(zone);
      const gap = minutesOf(after) - minutesOf(before);
      for (let into = 0; into < gap; into += 1) {
        const missing = wallTimeAt(change + into * MINUTE_MS, before);
        t.deepEqual(readingsOf(missing, eras), [], missing);

        const read = clock.at(missing, undefined, undefined);

        t.is(read.timestamp, `${wallTimeAt(change + into * MINUTE_MS, after)}${after}`);
        t.false(read.certain);
      }
    });
  }
}

test('a whole day that a country left out is shifted forward by that day', (t) => {
  const read = new ZoneClock('Pacific/Apia').at('2011-12-30T09:00:00', undefined, undefined);
  t.like(read, { timestamp: '2011-12-31T09:00:00+14:00', certain: false });
});

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

type Eras = readonly (readonly [moment: string, offset: string])[];

function offsetAt(ms: number, eras: Eras): string {
  return eras.findLast(([moment]) => Date.parse(moment) <= ms)![1];
}

/** The moments that have this wall time. */
function readingsOf(wallTime: string, eras: Eras): number[] {
  const offsets = [...new Set(eras.map(([, offset]) => offset))];
  return offsets
    .map((offset) => [Date.parse(`${wallTime}${offset}`), offset] as const)
    .filter(([ms, offset]) => offsetAt(ms, eras) === offset)
    .map(([ms]) => ms);
}

function wallTimeAt(ms: number, offset: string): string {
  return new Date(ms + minutesOf(offset) * MINUTE_MS).toISOString().slice(0, 'YYYY-MM-DDTHH:MM:SS'.length);
}

function minutesOf(offset: string): number {
  const [, sign, hours, minutes] = /^([+-])(\d\d):(\d\d)$/.exec(offset)!;
  return (sign === '-' ? -1 : 1) * (Number(hours) * 60 + Number(minutes));
}
