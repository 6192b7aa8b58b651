import test from 'ava';
import { soundex } from '../../../src/export/file/writer.js';

// As `php -r 'echo soundex("…");'` prints them.
for (const [word, sound] of [
  ['emergency', 'E562'],
  ['Emergency1', 'E562'],
  ['breakglass', 'B624'],
  ['Robert', 'R163'],
  ['Rupert', 'R163'],
  ['Tymczak', 'T522'],
  ['Pfister', 'P236'],
  ['Honeyman', 'H555'],
  ['Ashcraft', 'A261'],
  ['jo', 'J000'],
  ['', ''],
  ['12', ''],
] as const) {
  test(`${word || 'nothing'} sounds like ${sound || 'nothing'}`, (t) => {
    t.is(soundex(word), sound);
  });
}
