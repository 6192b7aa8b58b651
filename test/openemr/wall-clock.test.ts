import test from 'ava';
import fc from 'fast-check';
import { wallClockMs, wallTimeOf } from '../../src/openemr/wall-clock.js';

const read: Record<string, string> = {
  '2026-11-20 07:58:01': '2026-11-20T07:58:01',
  '2026-11-20T07:58:01': '2026-11-20T07:58:01',
  '2026-11-20 07:58:01.5': '2026-11-20T07:58:01.5',
  '2026-11-20 07:58:01.000000': '2026-11-20T07:58:01.000000',
  '2026-11-20 07:58:01.1234567': '2026-11-20T07:58:01.123456',
  '2028-02-29 23:59:59': '2028-02-29T23:59:59',
  '1999-12-31 00:00:00': '1999-12-31T00:00:00',
};
for (const [text, wallTime] of Object.entries(read)) {
  test(`${text} is the wall time ${wallTime}`, (t) => {
    t.is(wallTimeOf(text), wallTime);
  });
}

const notRead = [
  '',
  '0000-00-00 00:00:00',
  '2026-02-29 00:00:00',
  '2026-04-31 00:00:00',
  '2026-13-01 00:00:00',
  '2026-00-10 00:00:00',
  '2026-11-20 24:00:00',
  '2026-11-20 07:60:00',
  '2026-11-20 07:58:60',
  '2026-11-20 07:58',
  '2026-11-20',
  '2026-11-20 07:58:01Z',
  '2026-11-20 07:58:01-05:00',
  '2026-11-20 07:58:01.',
  ' 2026-11-20 07:58:01',
  '2026-11-20 07:58:01\n',
  '20/11/2026 07:58:01',
  '0999-12-31 23:59:59',
];
for (const text of notRead) {
  test(`${JSON.stringify(text)} is no wall time`, (t) => {
    t.is(wallTimeOf(text), undefined);
  });
}

test('every second that MySQL’s calendar has is a wall time', (t) => {
  fc.assert(
    fc.property(fc.date({ min: new Date('1000-01-01'), max: new Date('9999-12-31'), noInvalidDate: true }), (date) => {
      const text = date.toISOString().slice(0, 19);
      t.is(wallTimeOf(text.replace('T', ' ')), text);
      t.is(wallClockMs(text), Math.floor(date.getTime() / 1000) * 1000);
    }),
  );
});
