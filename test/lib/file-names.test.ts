import test from 'ava';
import fc from 'fast-check';
import { bytesOfPath, nameOfBytes } from '../../src/lib/file-names.js';

test('a byte that is not UTF-8 becomes a lone surrogate, the rest is the text that it is', (t) => {
  t.is(nameOfBytes(Buffer.from('latin-ü.log')), 'latin-ü.log');
  t.is(nameOfBytes(Buffer.from('lat\xfc1.log', 'latin1')), 'lat\udcfc1.log');
  t.is(nameOfBytes(Buffer.concat([Buffer.from('ü'), Buffer.of(0xfc, 0xf0), Buffer.from('😀')])), 'ü\udcfc\udcf0😀');
});

test('any name comes back from its string, also through JSON', (t) => {
  const byte = fc.constantFrom(0x2f, 0x61, 0xc3, 0xbc, 0xf0, 0x9f, 0x98, 0x80, 0xed, 0xb3, 0xff, 0x0a);
  const bytes = fc.oneof(fc.uint8Array({ maxLength: 30 }), fc.array(byte, { maxLength: 30 }));
  fc.assert(
    fc.property(bytes, (array) => {
      const name = Buffer.from(array);
      const kept: string = JSON.parse(JSON.stringify(nameOfBytes(name)));
      return Buffer.from(bytesOfPath(kept)).equals(name);
    }),
  );
  t.pass();
});

test('a name of UTF-8 is given to the system as it is', (t) => t.is(bytesOfPath('/a/ü😀.log'), '/a/ü😀.log'));
