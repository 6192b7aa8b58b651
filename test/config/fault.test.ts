import test from 'ava';
import { nearest } from '../../src/config/fault.js';

const KEYS = ['maxBytes', 'heartbeat', 'hostname', 'bom', 'ca'];

const typed: [string, string | undefined][] = [
  ['maxByte', 'maxBytes'],
  ['max_bytes', 'maxBytes'],
  ['MAXBYTES', 'maxBytes'],
  ['heartbeet', 'heartbeat'],
  ['hostName', 'hostname'],
  ['bam', 'bom'],
  ['colour', undefined],
  ['xy', undefined],
  ['', undefined],
];
for (const [word, meant] of typed) {
  test(`${JSON.stringify(word)} is taken for ${meant}`, (t) => t.is(nearest(word, KEYS), meant));
}
