import test from 'ava';
import { countText, durationText, errorText, sizeText } from '../../src/cli/voice.js';
import { AgentError } from '../../src/lib/errors.js';
import { painter } from '../../src/observe/paint.js';

const plain = painter(false, {});

test('an error stands behind the name of the program, with its hint on the next line', (t) => {
  const error = new AgentError('key-unreadable', 'cannot read the key /tls/key.pem', {
    hint: 'run: chmod 0400 /tls/key.pem',
  });
  t.is(
    errorText(error, plain, {}),
    'openemr-audit-forwarder: cannot read the key /tls/key.pem\nhint: run: chmod 0400 /tls/key.pem\n',
  );
  t.is(errorText(new AgentError('x', 'no hint'), plain, {}), 'openemr-audit-forwarder: no hint\n');
});

test('an unexpected error is one line with what to do, and its stack only on request', (t) => {
  const error = new TypeError('x is not\na function', { cause: new Error('deeper') });
  const quiet = errorText(error, plain, {});
  t.regex(quiet, /^openemr-audit-forwarder: unexpected: x is not a function\nhint: .*report.*OAF_DEBUG=1.*\n$/);
  const loud = errorText(error, plain, { OAF_DEBUG: '1' });
  t.true(loud.startsWith(quiet));
  t.regex(loud, /at .*voice\.test/);
  t.regex(loud, /caused by: Error: deeper/);
});

test('too many open files are reported as a limit to raise, not as a bug', (t) => {
  const error = Object.assign(new Error("EMFILE: too many open files, open '/x'"), { code: 'EMFILE' });
  const text = errorText(error, plain, {});
  t.regex(text, /^openemr-audit-forwarder: EMFILE: too many open files, open '\/x'\nhint: .*LimitNOFILE=/);
  t.notRegex(text, /unexpected|fault/);
});

for (const [code, hint] of [
  ['EIO', /see to the file or disk/],
  ['ENOSPC', /free space on this volume/],
  ['EACCES', /let this user do that/],
  ['EROFS', /check the file system/],
] as const) {
  test(`${code} where nobody foresaw it is reported as what the machine refused, not as a bug`, (t) => {
    const text = errorText(Object.assign(new Error(`${code}: why, open '/x'`), { code }), plain, {});
    t.true(text.startsWith(`openemr-audit-forwarder: ${code}: why, open '/x'\nhint: `), text);
    t.regex(text, hint);
    t.notRegex(text, /unexpected|fault of/);
  });
}

test('a thrown value that is not an Error is reported, too', (t) => {
  t.regex(errorText('plain text', plain, { OAF_DEBUG: '1' }), /unexpected: plain text\n/);
});

const sizes: [number, string][] = [
  [0, '0 B'],
  [1023, '1023 B'],
  [1024, '1 KiB'],
  [1536, '1.5 KiB'],
  [1024 * 1024 - 1, '1 MiB'],
  [4 * 2 ** 30, '4 GiB'],
  [5000 * 2 ** 40, '5000 TiB'],
];
for (const [bytes, text] of sizes) test(`${bytes} bytes are ${text}`, (t) => t.is(sizeText(bytes), text));

const durations: [number, string][] = [
  [0, '0 ms'],
  [350, '350 ms'],
  [999.7, '1 s'],
  [2400, '2.4 s'],
  [59_400, '59.4 s'],
  [59_960, '1 min'],
  [200_000, '3 min 20 s'],
  [3_599_600, '1 h'],
  [7_500_000, '2 h 5 min'],
  [86_399_999, '1 d'],
  [190_800_000, '2 d 5 h'],
];
for (const [ms, text] of durations) test(`${ms} ms are ${text}`, (t) => t.is(durationText(ms), text));

test('large numbers have commas', (t) => {
  for (const count of [0, 7, 999, 1000, 12_345, 123_456, 1_234_567, -1234, -123, 2 ** 53, 1234.5, Number.NaN]) {
    t.is(countText(count), count.toLocaleString('en-US'));
  }
});
