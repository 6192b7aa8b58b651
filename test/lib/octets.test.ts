import test from 'ava';
import fc from 'fast-check';
import { cutOctets, fromOctets, toOctets } from '../../src/lib/octets.js';

test('text becomes its UTF-8 octets and comes back', (t) => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      const octets = toOctets(text);
      t.deepEqual(Buffer.from(octets, 'latin1'), Buffer.from(text, 'utf8'));
      t.is(fromOctets(octets), text);
    }),
  );
});

test('an unpaired surrogate becomes U+FFFD', (t) => {
  t.is(fromOctets(toOctets('a\ud800b')), 'a\ufffdb');
});

test('octets that are not UTF-8 have no text', (t) => {
  for (const octets of ['\xff', '\xc0\x80', '\xed\xa0\x80', '\xe2\x82', 'a\x80']) t.is(fromOctets(octets), undefined);
});

test('a cut leaves whole characters, and as many as fit', (t) => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), fc.nat(40), (text, limit) => {
      const cut = cutOctets(toOctets(text), limit);
      const kept = fromOctets(cut) ?? t.fail('cut inside a character');

      t.true(cut.length <= limit);
      t.true(text.startsWith(kept as string));
      const next = [...text].slice([...(kept as string)].length)[0];
      if (next !== undefined) t.true(cut.length + toOctets(next).length > limit);
    }),
  );
});
