import test from 'ava';
import fc from 'fast-check';
import { derOf } from '../../../src/pki/asn1/ber.js';
import { DerError } from '../../../src/pki/asn1/read.js';
import { encode, integer, octets, sequence, set, tagged } from '../../../src/pki/asn1/write.js';
import { berOf } from '../../support/ber.js';

const value = fc.letrec<{ any: ReturnType<typeof sequence> }>((tie) => ({
  any: fc.oneof(
    { depthSize: 'small' },
    fc.nat().map(integer),
    fc.uint8Array({ maxLength: 700 }).map((bytes) => octets(bytes)),
    fc.array(tie('any'), { maxLength: 4 }).map((parts) => set(...parts)),
    fc.array(tie('any'), { maxLength: 4 }).map((parts) => tagged(1, ...parts)),
  ),
})).any;

test('what is DER stays as it is, and what was made BER becomes DER again', (t) => {
  fc.assert(
    fc.property(value, (made) => {
      const der = encode(made);
      t.deepEqual(derOf(der), der);
      t.deepEqual(derOf(berOf(der)), der);
    }),
  );
});

test('whatever the bytes, there is an answer or a DerError', (t) => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
      try {
        derOf(Buffer.from(bytes));
      } catch (error) {
        t.true(error instanceof DerError, String(error));
      }
    }),
  );
});

test('bytes that only open, or are cut short, are refused', (t) => {
  t.throws(() => derOf(Buffer.alloc(100_000, Buffer.of(0x30, 0x80))), { message: 'nested too deep' });
  const ber = berOf(encode(sequence(integer(1), octets(Buffer.alloc(300)))));
  for (let length = 0; length < ber.length; length += 1) {
    t.throws(() => derOf(ber.subarray(0, length)), { instanceOf: DerError });
  }
  t.throws(() => derOf(Buffer.concat([ber, Buffer.of(5, 0)])), { message: '2 bytes too many' });
});
