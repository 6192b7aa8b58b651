import test from 'ava';
import fc from 'fast-check';
import { identify } from '../../src/cli/verify/identify.js';
import { Names } from '../../src/verify/names.js';
import { auditMessage, ownMessage, runId } from '../support/stored.js';

const run = runId(0xabc);
const warm = auditMessage(run, 1);

/** What the octets say, read quickly where that is possible; `quick` when it was. */
function read(bytes: Buffer) {
  const names = new Names(identify);
  names.read(warm, 0, warm.length);
  const around = Buffer.concat([Buffer.from('x'), bytes, Buffer.from('\n<85>1 ')]);
  const said = names.read(around, 1, 1 + bytes.length);
  return said === undefined ? { quick: true, run: names.run, seq: names.seq } : { quick: false, said };
}

/** Both readings say the same. */
function agree(t: import('ava').ExecutionContext, bytes: Buffer): boolean {
  const identified = identify(bytes);
  const found = read(bytes);
  if (!found.quick) t.deepEqual(found.said, identified);
  else
    t.deepEqual(identified, {
      name: 'ours',
      message: { run: found.run!, seq: found.seq! },
      follows: undefined,
      own: undefined,
    });
  return found.quick;
}

test('a line in the form in which the agent sends it is read without an object', (t) => {
  for (const seq of [1, 9, 10, 123_456, 999_999_999_999_999]) t.true(agree(t, auditMessage(run, seq)));
  t.true(agree(t, auditMessage(run, 3, { msg: '\ufeffpatient' })));
  t.true(agree(t, auditMessage(run, 3, { time: '2026-11-23T23:59:59.123456+14:00' })));
  t.true(
    agree(
      t,
      Buffer.from(auditMessage(run, 3).toString('latin1').replace('source="main"', 'source="a\\]\\"b\\\\"'), 'latin1'),
    ),
  );
});

test('what says more, or is of a run not met before, is read to the letter', (t) => {
  t.false(agree(t, ownMessage(run, 3, 'stop')));
  t.false(agree(t, auditMessage(run, 1, { follows: `${runId(1)}:4` })));
  t.false(agree(t, auditMessage(runId(77), 1)));
  t.false(agree(t, auditMessage(run, 3, { time: '2026-11-24T00:00:00Z' })));
});

test('a message with a field too many, too long, twice or missing is not taken for ours', (t) => {
  const text = auditMessage(run, 7).toString('latin1');
  for (const [from, to] of [
    ['<85>', '<192>'],
    ['<85>', '<085>'],
    ['<85>1', '<85>0'],
    ['T09', 'T24'],
    [':00-05', ':60-05'],
    ['emr.clinic.example', 'x'.repeat(256)],
    [' openemr ', ' '],
    [' - patient', ' - - patient'],
    ['patient-record-select', 'x'.repeat(33)],
    ['[meta', '[audit@9'],
    ['[meta', '[audit@32473'],
    ['[meta', '[meta x="1"][meta'],
    ['seq="7"', 'seq="07"'],
    ['seq="7"', 'seq="-7"'],
    ['seq="7"', 'seq="7" seq="8"'],
    ['seq="7"', 'Seq="7"'],
    ['source="main"', 'source="\xff"'],
    ['source="main"', 'source="\\\xff"'],
    ['source="main"', 'source="m]ain"'],
    ['source="main"', 'source=main'],
    ['source="main"', '="main"'],
    ['source="main"', `${'s'.repeat(33)}="main"`],
    ['"] line', '" line'],
    ['"] line', '"]line'],
    ['"] line', '"] \xef\xbb\xbf\xc3'],
    ['2026-11-23T', '- a b c d T'],
  ] as const) {
    const changed = text.replace(from, to);
    t.not(changed, text, from);
    agree(t, Buffer.from(changed, 'latin1'));
  }
});

test('whatever happens to its octets, the quick reading finds what the strict one finds', (t) => {
  const base = auditMessage(run, 12, { msg: '\ufeffpatient é' });
  fc.assert(
    fc.property(fc.nat(base.length - 1), fc.integer({ min: 0, max: 255 }), fc.nat(3), (at, octet, how) => {
      const changed = Buffer.from(base);
      changed[at] = octet;
      agree(
        t,
        how === 0
          ? changed
          : how === 1
            ? base.subarray(0, at)
            : Buffer.concat([base.subarray(0, at), Buffer.of(octet), base.subarray(how === 2 ? at : at + 1)]),
      );
    }),
    { numRuns: 3000 },
  );
});

test('octets that name a date only by their place are no date', (t) => {
  const names = new Names(identify);
  const nil = Buffer.from(`<85>1 - a b - - [audit@1 run="${run}" seq="1"] `);
  names.read(nil, 0, nil.length);
  const forged = Buffer.from(`<85>1 - a b - - T09:00:00Z a b - - [audit@1 run="${run}" seq="2"] aaaaaaaaaaaaaaaaaaaa`);

  t.deepEqual(names.read(forged, 0, forged.length), identify(forged));
});
