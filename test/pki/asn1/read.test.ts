import test from 'ava';
import fc from 'fast-check';
import { addressBytes } from '../../../src/lib/ip.js';
import {
  addressOf,
  bitsOf,
  childrenOf,
  DerError,
  namedBitsOf,
  numberOf,
  oidOf,
  readDer,
  textOf,
  timeOf,
} from '../../../src/pki/asn1/read.js';
import * as asn1 from '../../../src/pki/asn1/write.js';

const encoded = (value: asn1.Asn1) => readDer(asn1.encode(value));

test('what is written is read back: numbers, object identifiers, texts, bits', (t) => {
  fc.assert(
    fc.property(
      fc.integer({ min: -2_147_483_648, max: 2_147_483_647 }),
      (n) => numberOf(encoded(asn1.integer(n))) === n,
    ),
  );
  fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => textOf(encoded(asn1.utf8(text))) === text));
  fc.assert(
    fc.property(fc.uniqueArray(fc.nat(20)), (positions) => {
      t.deepEqual(
        namedBitsOf(encoded(asn1.namedBits(positions))),
        positions.toSorted((a, b) => a - b),
      );
    }),
  );
  for (const dotted of ['2.5.29.17', '1.2.840.113549.1.1.11', '0.9.2342.19200300.100.1.25', '2.16.840.1.101.3.4.2.1']) {
    t.is(oidOf(encoded(asn1.oid(dotted))), dotted);
  }
});

test('a serial number is positive, and as short as it can be', (t) => {
  const content = (bytes: number[]) => [...encoded(asn1.integer(Buffer.from(bytes))).content];
  t.deepEqual(content([0x80]), [0, 0x80]);
  t.deepEqual(content([0, 0, 0x7f]), [0x7f]);
  t.deepEqual(content([0]), [0]);
});

test('times are UTCTime up to 2049 and GeneralizedTime from 2050 on', (t) => {
  const tagOf = (iso: string) => encoded(asn1.time(new Date(iso))).tag;
  t.is(tagOf('2049-12-31T23:59:59Z'), 0x17);
  t.is(tagOf('2050-01-01T00:00:00Z'), 0x18);
  t.is(tagOf('1949-12-31T23:59:59Z'), 0x18);
  const dates = fc.date({ min: new Date('1900-01-01'), max: new Date('9999-12-31'), noInvalidDate: true });
  fc.assert(
    fc.property(dates, (date) => {
      const second = Math.floor(date.getTime() / 1000) * 1000;
      return timeOf(encoded(asn1.time(new Date(second)))).getTime() === second;
    }),
  );
});

test('addresses become the octets of RFC 5280 and back', (t) => {
  for (const address of ['192.0.2.1', '::', '::1', '2001:db8::10', '1:2:3:4:5:6:7:8']) {
    t.is(addressOf(addressBytes(address)), address);
  }
  t.is(addressBytes('::ffff:192.0.2.1').toString('hex'), '00000000000000000000ffffc0000201');
});

test('DER that is there already goes in byte for byte', (t) => {
  const inner = asn1.encode(asn1.sequence(asn1.integer(1), asn1.utf8('x'.repeat(300))));
  const outer = asn1.encode(asn1.sequence(asn1.finished(inner), asn1.nothing()));
  t.deepEqual(childrenOf(readDer(outer))[0]?.raw, inner);
});

test('any bytes are read or refused by a DerError; nothing outside them is', (t) => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
      try {
        const value = readDer(Buffer.from(bytes));
        t.is(value.raw.length, bytes.length);
        childrenOf(value);
      } catch (error) {
        t.true(error instanceof DerError);
      }
    }),
  );
});

test('lengths that lie, indefinite lengths and trailing bytes are refused', (t) => {
  for (const hex of ['', '30', '3005', '30800000', '3084ffffffff', '308500', '050000', '1f8101']) {
    t.throws(() => readDer(Buffer.from(hex, 'hex')), { instanceOf: DerError }, hex);
  }
  t.throws(() => bitsOf(readDer(Buffer.from('0300', 'hex'))), { instanceOf: DerError });
});
