import test from 'ava';
import fc from 'fast-check';
import { isPattern, Pattern } from '../../src/lib/pattern.js';

test('each place that matches is replaced and counted, whatever its case', (t) => {
  t.deepEqual(new Pattern('zoë|\\d{3}-\\d{2}').replaceAll('ZOË 📞 123-45 zoë', '#'), { text: '# 📞 # #', places: 3 });
  t.deepEqual(new Pattern('x').replaceAll('none', '#'), { text: 'none', places: 0 });
});

test('a pattern that matches nothing in a place leaves the place alone', (t) => {
  t.deepEqual(new Pattern('x*').replaceAll('axxb', '#'), { text: 'a#b', places: 1 });
  t.deepEqual(new Pattern('').replaceAll('ab', '#'), { text: 'ab', places: 0 });
});

test('what takes more than linear time is refused, and so is what is no regular expression', (t) => {
  for (const text of ['(?=a)b', '(?<!a)b', '(a)\\1', '(a', 'a{2,1}', '*']) t.false(isPattern(text), text);
  for (const text of ['\\d{9}', '[\\w.]+@[\\w.]+', '\\bZ', '(?<name>a)', '\\p{L}+', 'a|b'])
    t.true(isPattern(text), text);
});

test('patterns that stop JavaScript’s own engine for years come to an end', (t) => {
  const word = 'a'.repeat(300_000);
  for (const text of ['(a+)+$', '(a|a)*b', '(.*)(.*)(.*)(.*)=', '[\\w.]+@[\\w.]+', 'a+\\d']) {
    t.is(new Pattern(text).replaceAll(`${word}!`, '#').places, 0, text);
  }
});

test('where both know the syntax, matches are those of JavaScript', (t) => {
  const patterns = ['\\d{3}-\\d{2}-\\d{4}', '[\\w.]+@[\\w.]+', 'b|ab', "ss\\s*=\\s*'[^']*'", 'é+', '^a', 'b$', '\\bb'];
  const text = fc.string({ unit: fc.constantFrom('a', 'B', 'é', '1', '-', '@', '.', ' ', "'", '=', 's', '📞', '\n') });
  fc.assert(
    fc.property(fc.constantFrom(...patterns), text, (pattern, searched) => {
      const wanted = searched.replaceAll(new RegExp(pattern, 'giu'), '#');
      t.is(new Pattern(pattern).replaceAll(searched, '#').text, wanted);
    }),
    { numRuns: 2000 },
  );
});
