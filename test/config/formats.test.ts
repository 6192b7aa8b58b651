import test from 'ava';
import fc from 'fast-check';
import { readFacility } from '../../src/config/formats.js';
import { readDuration, readShare, readSize } from '../../src/config/quantity.js';

// RFC 5424 table 1: numbers and meanings; the names are those of syslog.conf(5).
const facilities: [string, number | undefined][] = [
  ['kern', 0],
  ['user', 1],
  ['daemon', 3],
  ['auth', 4],
  ['authpriv', 10],
  ['local0', 16],
  ['local7', 23],
  ['0', 0],
  ['23', 23],
  ['24', undefined],
  ['local8', undefined],
  ['AUTH', undefined],
  ['', undefined],
  ['-1', undefined],
  ['1.0', undefined],
];
for (const [text, number] of facilities) {
  test(`the facility ${JSON.stringify(text)} is ${number}`, (t) => t.is(readFacility(text), number));
}

const sizes: [string, number | undefined][] = [
  ['8MiB', 8_388_608],
  ['8 MiB', 8_388_608],
  ['1.5KiB', 1536],
  ['0B', 0],
  ['1TiB', 2 ** 40],
  ['8192', undefined],
  ['8MB', undefined],
  ['8mib', undefined],
  ['-8MiB', undefined],
  ['1.3B', undefined],
  ['99999999TiB', undefined],
  ['8MiB ', undefined],
  ['', undefined],
];
for (const [text, bytes] of sizes) {
  test(`as a size, ${JSON.stringify(text)} is ${bytes} bytes`, (t) => t.is(readSize(text), bytes));
}

const durations: [string, number | undefined][] = [
  ['500ms', 500],
  ['10s', 10_000],
  ['1.5h', 5_400_000],
  ['2d', 172_800_000],
  ['0s', 0],
  ['10', undefined],
  ['10 sec', undefined],
  ['10M', undefined],
  ['1.5ms', undefined],
];
for (const [text, ms] of durations) {
  test(`as a duration, ${JSON.stringify(text)} is ${ms} milliseconds`, (t) => t.is(readDuration(text), ms));
}

const shares: [string, number | undefined][] = [
  ['0%', 0],
  ['50%', 0.5],
  ['100%', 1],
  ['101%', undefined],
  ['0.5', undefined],
  ['10percent', undefined],
];
for (const [text, share] of shares) {
  test(`as a share, ${JSON.stringify(text)} is ${share}`, (t) => t.is(readShare(text), share));
}

test('every quantity that is read is a whole number, 0 or more', (t) => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.stringMatching(/^[\d.]{1,20} ?(B|[KMGT]iB|ms|s|m|h|d)$/)), (text) => {
      for (const quantity of [readSize(text), readDuration(text)]) {
        t.true(quantity === undefined || (Number.isSafeInteger(quantity) && quantity >= 0));
      }
    }),
  );
});
