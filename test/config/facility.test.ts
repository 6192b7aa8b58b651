import test from 'ava';
import { readFacility } from '../../src/config/facility.js';

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
