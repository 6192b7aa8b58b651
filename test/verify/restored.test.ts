import test from 'ava';
import fc from 'fast-check';
import { restored } from '../../src/verify/frame-hash.js';

/** As rsyslog writes it with parser.escapeControlCharactersOnReceive="on". */
function escaped(bytes: Buffer): Buffer {
  const octets = [...bytes].map((byte) =>
    byte < 32 || byte === 127 ? `#${byte.toString(8).padStart(3, '0')}` : String.fromCharCode(byte),
  );
  return Buffer.from(octets.join(''), 'latin1');
}

test('control characters that rsyslog rewrote come back', (t) => {
  fc.assert(
    fc.property(fc.uint8Array(), (octets) => {
      const message = Buffer.from(octets.filter((octet) => octet !== 0x23));

      t.deepEqual(Buffer.from(restored(escaped(message))), message);
      t.deepEqual(restored(message), message);
    }),
  );
});

test('a number sign in front of other digits stays', (t) => {
  const message = Buffer.from('room #12, bed #040, #178, #200, #');

  t.is(restored(message), message);
});
