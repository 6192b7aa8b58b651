import test from 'ava';
import fc from 'fast-check';
import { Fault } from '../../src/syslog/fault.js';
import { readStructuredData, sdParam, sdParams } from '../../src/syslog/structured-data.js';

const values = fc.string({ unit: 'binary' });
const params = fc.array(fc.tuple(fc.constantFrom('user', 'event', 'row'), values), { maxLength: 6 });

test('what is written is read as it was, but for control characters', (t) => {
  fc.assert(
    fc.property(params, (written) => {
      const read = paramsIn(written.map(([name, value]) => sdParam(name, value)).join(''));
      t.deepEqual(
        read,
        written.map(([name, value]) => [name, shown(value)]),
      );
    }),
  );
});

test('many parameters at once are written as each alone when there is room', (t) => {
  fc.assert(
    fc.property(params, (written) => {
      t.is(sdParams(written, 100_000), written.map(([name, value]) => sdParam(name, value)).join(''));
    }),
  );
});

test('parameters never take more room than they are given, and what is shortened begins as it was', (t) => {
  fc.assert(
    fc.property(params, fc.nat(60), fc.nat(20), (written, room, valueRoom) => {
      const octets = sdParams(written, room, valueRoom);
      t.true(octets.length <= room);

      const left = written.map(([name, value]) => [name, shown(value)] as const);
      for (const [name, value] of paramsIn(octets)) {
        const source = left
          .splice(0, 1 + left.findIndex(([each, whole]) => each === name && isStart(value, whole)))
          .at(-1);
        t.truthy(source, `${value} is the start of a value`);
      }
    }),
  );
});

test('a value is cut between characters and never inside an escape', (t) => {
  t.is(sdParams([['a', 'xyz']], 7), '');
  t.is(sdParams([['a', 'xyzxyz']], 10), toLatin1(' a="xy…"'));
  t.is(sdParams([['a', '""""""']], 10), toLatin1(' a="\\"…"'));
  t.is(sdParams([['a', 'ééé']], 10), toLatin1(' a="é…"'));
});

test('a later value still goes out when an earlier one had no room', (t) => {
  t.is(
    sdParams(
      [
        ['name-too-long-for-this', 'x'],
        ['b', 'y'],
      ],
      10,
    ),
    ' b="y"',
  );
});

test('control characters of PARAM-VALUE are shown as U+FFFD', (t) => {
  t.deepEqual(paramsIn(sdParam('a', 'l1\nl2\0\x1b\x7f\x9b')), [['a', 'l1\ufffdl2\ufffd\ufffd\ufffd\ufffd']]);
});

const accepted: [why: string, text: string, expected: unknown][] = [
  ['NILVALUE', '-', []],
  ['an element without parameters', '[id]', [{ id: 'id', params: [] }]],
  [
    'two elements',
    '[a x="1"][b]',
    [
      { id: 'a', params: [['x', '1']] },
      { id: 'b', params: [] },
    ],
  ],
  [
    'a name twice in one element',
    '[origin ip="192.0.2.1" ip="192.0.2.129"]',
    [
      {
        id: 'origin',
        params: [
          ['ip', '192.0.2.1'],
          ['ip', '192.0.2.129'],
        ],
      },
    ],
  ],
  ['every escape', '[a v="\\"\\\\\\]"]', [{ id: 'a', params: [['v', '"\\]']] }]],
  ['a backslash before another character, which is itself', '[a v="\\n\\x"]', [{ id: 'a', params: [['v', '\\n\\x']] }]],
  ['control characters and LF in a value', '[a v="l1\nl2\t\0"]', [{ id: 'a', params: [['v', 'l1\nl2\t\0']] }]],
  ['an empty value', '[a v=""]', [{ id: 'a', params: [['v', '']] }]],
  [
    'names of 32 octets',
    `[${'i'.repeat(32)} ${'n'.repeat(32)}="v"]`,
    [{ id: 'i'.repeat(32), params: [['n'.repeat(32), 'v']] }],
  ],
  [
    'ids that differ in case',
    '[a][A]',
    [
      { id: 'a', params: [] },
      { id: 'A', params: [] },
    ],
  ],
];
for (const [why, text, expected] of accepted) {
  test(`structured data may have ${why}`, (t) => {
    t.deepEqual<unknown, unknown>(readStructuredData(text, 0), { elements: expected, end: text.length });
  });
}

const refused: [why: string, text: string, rule: string, offset: number][] = [
  ['nothing at all', '', 'structured-data', 0],
  ['a letter', 'X', 'structured-data', 0],
  ['an empty element', '[]', 'sd-id', 1],
  ['a space before the id', '[ a x="1"]', 'sd-id', 1],
  ['a quote for an id', '["]', 'sd-id', 1],
  ['an id with =', '[a=b]', 'sd-element', 2],
  ['an id of 33 octets', `[${'i'.repeat(33)}]`, 'sd-element', 33],
  ['an id beyond ASCII', '[\xc3\xa4]', 'sd-id', 1],
  ['the same id twice', '[a][b][a]', 'sd-id-twice', 7],
  ['two spaces before a parameter', '[a  x="1"]', 'param-name', 3],
  ['a parameter name of 33 octets', `[a ${'n'.repeat(33)}="v"]`, 'param-value', 35],
  ['a value without quotes', '[a x=1]', 'param-value', 4],
  ['a value in single quotes', "[a x='1']", 'param-value', 4],
  ['a parameter without value', '[a x]', 'param-value', 4],
  ['an unescaped quote', '[a x="a""]', 'sd-element', 8],
  ['an unescaped ]', '[a x="a]"]', 'param-value', 7],
  ['a value that ends in a lone backslash', '[a x="a\\"]', 'param-value', 9],
  ['an element that does not end', '[a x="1"', 'sd-element', 8],
  ['a value that is not UTF-8', '[a x="\xff"]', 'param-value-not-utf8', 6],
  ['a value in overlong UTF-8', '[a x="\xc0\xaf"]', 'param-value-not-utf8', 6],
];
for (const [why, text, rule, offset] of refused) {
  test(`structured data may not have ${why}`, (t) => {
    const fault = t.throws(() => readStructuredData(text, 0), { instanceOf: Fault });
    t.deepEqual([fault.rule, fault.offset], [rule, offset]);
  });
}

/** The parameters that a reader finds when these octets stand in an element. */
function paramsIn(octets: string) {
  return readStructuredData(`[id${octets}]`, 0).elements[0]!.params;
}

/** Well formed and without control characters. */
function shown(value: string): string {
  return Buffer.from(value)
    .toString()
    .replaceAll(/\p{Cc}/gu, '\ufffd');
}

function isStart(value: string, whole: string): boolean {
  return value === whole || (value.endsWith('…') && whole.startsWith(value.slice(0, -1)));
}

function toLatin1(text: string): string {
  return Buffer.from(text).toString('latin1');
}
