import test from 'ava';
import fc from 'fast-check';
import { isTimestamp, timestampMs, timestampOf } from '../../src/syslog/timestamp.js';

const valid = [
  // RFC 5424 section 6.2.3.1, examples 1 to 4
  '1985-04-12T23:20:50.52Z',
  '1985-04-12T19:20:50.52-04:00',
  '2003-10-11T22:14:15.003Z',
  '2003-08-24T05:14:15.000003-07:00',
  '2016-02-29T22:14:16+01:00',
  '2026-10-25T02:30:00.000+01:00',
  '2000-02-29T00:00:00Z',
  '0001-01-01T00:00:00Z',
  '9999-12-31T23:59:59.999999+23:59',
  '2026-11-20T07:58:01-00:00',
];
for (const text of valid) {
  test(`${text} is a TIMESTAMP`, (t) => {
    t.true(isTimestamp(text));
  });
}

const invalid: Record<string, string> = {
  'nine digits of fraction (example 5)': '2003-08-24T05:14:15.000000003-07:00',
  'seven digits of fraction': '2003-08-24T05:14:15.1234567Z',
  'an empty fraction': '2003-08-24T05:14:15.Z',
  'a comma': '2003-08-24T05:14:15,003Z',
  'a lower case t': '2003-08-24t05:14:15Z',
  'a lower case z': '2003-08-24T05:14:15z',
  'a space for T': '2003-08-24 05:14:15Z',
  'no offset': '2003-08-24T05:14:15',
  'an offset without colon': '2003-08-24T05:14:15+0700',
  'Z and an offset': '2003-08-24T05:14:15Z+07:00',
  'a leap second': '2016-12-31T23:59:60Z',
  'minute 60': '2003-08-24T05:60:15Z',
  'hour 24': '2003-08-24T24:00:00Z',
  'month 0': '2003-00-24T05:14:15Z',
  'month 13': '2003-13-24T05:14:15Z',
  'day 0': '2003-08-00T05:14:15Z',
  '31 September': '2003-09-31T05:14:15Z',
  '29 February 2026': '2026-02-29T05:14:15Z',
  '29 February 1900': '1900-02-29T05:14:15Z',
  'offset hour 24': '2003-08-24T05:14:15-24:00',
  'offset minute 60': '2003-08-24T05:14:15-07:60',
  'a year of two digits': '03-08-24T05:14:15Z',
  'text before': 'x2003-08-24T05:14:15Z',
  'text behind': '2003-08-24T05:14:15Zx',
  nothing: '',
  NILVALUE: '-',
};
for (const [why, text] of Object.entries(invalid)) {
  test(`${why} makes no TIMESTAMP`, (t) => {
    t.false(isTimestamp(text));
  });
}

test('a TIMESTAMP names the moment that Date reads in it', (t) => {
  for (const text of valid.filter((each) => !each.includes('.0000'))) t.is(timestampMs(text), toMs(text), text);
});

test('every moment can be written and read again', (t) => {
  const moments = fc.integer({ min: -62_135_596_800_000, max: 253_402_300_799_999 });
  fc.assert(
    fc.property(moments, (epochMs) => {
      t.is(timestampMs(timestampOf(epochMs)), epochMs);
    }),
  );
});

/** Date reads three digits of fraction at most. */
function toMs(text: string): number {
  return new Date(text.replace(/(\.\d{3})\d+/, '$1')).getTime() + (text.includes('.999999') ? 0.999 : 0);
}
