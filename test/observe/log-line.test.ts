import test from 'ava';
import fc from 'fast-check';
import { journaldLine, jsonLine, type Said, terminalLine, textLine } from '../../src/observe/log-line.js';
import { painter } from '../../src/observe/paint.js';

const said: Said = {
  atMs: Date.UTC(2026, 10, 23, 10),
  level: 'warning',
  part: 'link',
  message: 'Connection lost',
  facts: { address: '192.0.2.7:6514', attempt: 3, reason: 'socket hang up', resumed: false, since: undefined },
};

test('a line of text has time, level, part, message and facts', (t) => {
  t.is(
    textLine(said),
    '2026-11-23T10:00:00.000Z warning link: Connection lost address=192.0.2.7:6514 attempt=3 reason="socket hang up" resumed=false',
  );
  t.is(textLine({ ...said, part: '', facts: {} }), '2026-11-23T10:00:00.000Z warning Connection lost');
});

const priorities = { error: 3, warning: 4, notice: 5, info: 6, debug: 7 } as const;
for (const [level, priority] of Object.entries(priorities) as [Said['level'], number][]) {
  test(`for the journal, ${level} is priority ${priority}`, (t) => {
    t.is(journaldLine({ ...said, level, facts: { attempt: 3 } }), `<${priority}>link: Connection lost attempt=3`);
  });
}

test('a line of JSON holds the facts as they are', (t) => {
  t.deepEqual(JSON.parse(jsonLine(said)), {
    time: '2026-11-23T10:00:00.000Z',
    level: 'warning',
    part: 'link',
    message: 'Connection lost',
    address: '192.0.2.7:6514',
    attempt: 3,
    reason: 'socket hang up',
    resumed: false,
  });
});

test('a fact cannot take the place of the message or its time', (t) => {
  const facts = { time: 'never', level: 'debug', message: 'All is well', part: 'x' };
  t.like(JSON.parse(jsonLine({ ...said, facts })), {
    time: '2026-11-23T10:00:00.000Z',
    level: 'warning',
    message: 'Connection lost',
  });
});

test('a terminal gets the time of day, and colour only where it is wanted', (t) => {
  const plain = terminalLine(said, painter(false, {}));
  t.regex(plain, /^\d\d:\d\d:\d\d warning link: Connection lost address=/);
  t.is(terminalLine(said, painter(true, { NO_COLOR: '1' })), plain);
  t.true(terminalLine(said, painter(true, {})).includes('\u001b[33mwarning'));
});

test('whatever a fact or message holds, a line is one line, and steers no terminal', (t) => {
  const text = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.constantFrom('a\nb', '\r\n<3>x', '\u001b[2J', '\u2028', '\u0085', ''),
  );
  fc.assert(
    fc.property(text, text, (message, value) => {
      const odd = { ...said, message, facts: { value } };
      for (const line of [textLine(odd), journaldLine(odd), jsonLine(odd), terminalLine(odd, painter(false, {}))]) {
        t.notRegex(line, /[\p{Cc}\u2028\u2029]/u);
      }
    }),
  );
});

test('a file name that is not UTF-8, or would be shown in another order, is escaped', (t) => {
  const odd = { ...said, part: '', message: 'M', facts: { path: '/logs/lat\udcfc1.log', other: 'a\u202eb' } };
  t.is(journaldLine(odd), '<4>M path="/logs/lat\\xfc1.log" other="a\\u202eb"');
  t.like(JSON.parse(jsonLine(odd)), odd.facts);
});

test('a fact with spaces, quotes or an equals sign is quoted, so that facts stay apart', (t) => {
  const line = journaldLine({
    ...said,
    part: '',
    message: 'M',
    facts: { a: 'x y=1', b: 'say "no"', c: '', d: '/var/log/a.log' },
  });
  t.is(line, '<4>M a="x y=1" b="say \\"no\\"" c="" d=/var/log/a.log');
});
