/** config/schema.json takes and refuses what the program does. */
import { readdirSync, readFileSync } from 'node:fs';
import { Ajv2020 } from 'ajv/dist/2020.js';
import test from 'ava';
import fc from 'fast-check';
import { parse } from 'yaml';
import type { FormatName } from '../../src/config/formats.js';
import { type Key, keysBelow } from '../../src/config/key.js';
import { schema } from '../../src/config/schema.js';
import { readShape } from '../../src/config/shape.js';
import { readValues } from '../../src/config/values.js';
import { thisPackage } from '../support/package.js';

const config = new URL('config/', thisPackage);
const ajv = new Ajv2020({ allErrors: true, strict: true, allowUnionTypes: true });
ajv.addVocabulary(['patternErrorMessage']);
const matches = ajv.compile(JSON.parse(readFileSync(new URL('schema.json', config), 'utf8')));

/** Without the rules between keys, which the schema does not know. */
function isTaken(text: string): boolean {
  const shape = readShape(text, schema);
  return shape.faults.length === 0 && readValues(schema, shape, {}).faults.length === 0;
}

/** JSON is YAML, too. */
function agree(value: unknown): boolean {
  return isTaken(JSON.stringify(value)) === matches(value);
}

/** A configuration that has this one key beside those that its list requires. */
function withKey(path: string, value: unknown): unknown {
  const [name = '', ...rest] = path.split('.');
  const below = rest.length === 0 ? value : withKey(rest.join('.'), value);
  if (!name.endsWith('[]')) return { [name]: below };
  const required = { 'sources[]': { name: 'main', paths: ['/a'] }, 'collectors[]': { host: 'a' } }[name];
  return { [name.slice(0, -2)]: [{ ...required, ...(below as object) }] };
}

const files = ['config.yaml', ...readdirSync(new URL('examples/', config)).map((name) => `examples/${name}`)];
for (const name of files) {
  test(`${name} is right by the schema`, (t) => {
    t.true(matches(parse(readFileSync(new URL(name, config), 'utf8'))), JSON.stringify(matches.errors));
  });
}

test('the shipped file names the schema that lies beside it', (t) => {
  const [first] = readFileSync(new URL('config.yaml', config), 'utf8').split('\n');
  t.is(first, '# yaml-language-server: $schema=schema.json');
});

const FINGERPRINT = `sha-256:${'0a:'.repeat(31)}FF`;

/** For each format: values that are taken, and values that are not, within the limits of every key. */
const values: Record<Exclude<FormatName, 'choice'>, [taken: unknown[], refused: unknown[]]> = {
  size: [
    ['64MiB', '64 MiB', '064MiB', '64.0MiB'],
    ['64', 64, '64MB', '-64MiB', '64.000001MiB', '1.3B', '99999999TiB', ''],
  ],
  duration: [
    ['86400s', '24h', '86400000ms', '1440 m', '1440.0m'],
    ['10', 10, '10M', '0.5ms', '10 sec', '99999999999999d', '-1s'],
  ],
  share: [
    ['0%', '10%', '10.5 %', '90%'],
    ['90.1%', '101%', 0.5, '0.5', '10'],
  ],
  switch: [
    [true, false, 'true', 'false'],
    ['yes', 'True', 1, 'on'],
  ],
  port: [
    [1, 6514, '6514', 65_535],
    [0, 65_536, 1.5, '0', '06514', '65536', -1, 'syslog'],
  ],
  facility: [
    ['authpriv', 'local7', 0, 23, '7', '07'],
    [24, -1, 'mail2', '24', 1.5, 'AUTH'],
  ],
  host: [
    ['hie.example.org', 'a', '10.0.0.1', '2001:db8::7', 'a.b.', 7, 'é', 'hôpital.example'],
    ['https://a', 'a:1', 'a b', '', '.a', 'é:1', 'é é'],
  ],
  hostname: [
    ['emr', '2001:db8::7', '!~', 7, true],
    ['a b', 'é', '', 'h'.repeat(256)],
  ],
  appName: [
    ['openemr', '[x]', 'a'.repeat(48), 7],
    ['open emr', 'ä', '', 'a'.repeat(49)],
  ],
  enterpriseId: [
    [32_473, '32473', '32473.1.2', 1.2, '9'.repeat(26)],
    [0, '0', '32473.', 'x', -1, '9'.repeat(27)],
  ],
  name: [
    ['main', 'A.b_c-1', 7, true],
    ['', '-a', 'a b', 'a'.repeat(64), -1],
  ],
  site: [
    ['default', '', '007', 7, 'a'.repeat(63)],
    ['a b', 'a/b', 'a'.repeat(64)],
  ],
  zone: [
    ['America/New_York', 'UTC', 'Etc/GMT+5'],
    ['+02:00', '', 'a b', 7],
  ],
  path: [
    ['/a', '/a b/é'],
    ['a', '', './a', '/a\n', 7],
  ],
  listen: [
    ['127.0.0.1:9614', '[::1]:9614', '0.0.0.0:1', '[127.0.0.1]:80', '[2001:db8::7]:65535', 'off'],
    ['9614', 9614, 'localhost:9614', '127.0.0.1:0', '127.0.0.1:65536', '::1:9614', '1.2.3:1', '256.0.0.1:1', ''],
  ],
  logParts: [
    [[], ['link'], 'link', 'link, source'],
    ['links', ['links'], '', 'link,', [7], 7],
  ],
  text: [
    ['a b', 'é', 7, true],
    ['', 'a\u0000b', 'a'.repeat(129)],
  ],
  credential: [
    ['/a', 'database-password', 7],
    ['../x', '-a', '', 'a b'],
  ],
  startAt: [
    ['beginning', 'end', '2026-11-23', 7, '7'],
    ['yesterday', '2026-13-01', '2026-11-32', -1, 1.5, '', 1e15],
  ],
  globs: [
    [['/a/*.log'], '/a'],
    ['a', ['a'], '', [''], 7, [7]],
  ],
  fingerprints: [
    [[], FINGERPRINT, [FINGERPRINT], `${FINGERPRINT}, ${FINGERPRINT}`],
    ['AB:CD', [`${FINGERPRINT}:00`], ''],
  ],
  filters: [
    [[], 'event=a', ['user=x', 'category=*']],
    ['login', ['event='], '', ['event=a', 'x']],
  ],
  patterns: [
    [[], 'a|b', ['\\d{9}', 7], 7],
    ['', ['']],
  ],
  ciphers: [
    ['ECDHE-RSA-AES128-GCM-SHA256:!aNULL', 7],
    ['a b', '', 'a;b'],
  ],
};

for (const [path, key] of keysBelow(schema)) {
  test(`${path} takes and refuses the same values in the program and in the schema`, (t) => {
    for (const [isGood, value] of tried(key)) {
      const whole = withKey(path, value);
      t.is(isTaken(JSON.stringify(whole)), isGood, JSON.stringify(value));
      t.is(matches(whole), isGood, `schema: ${JSON.stringify(value)}`);
    }
    t.true(agree(withKey(path, null)), 'left out');
    t.true(agree(withKey(path, {})), 'a section');
    fc.assert(fc.property(anyValue(key), (value) => t.true(agree(withKey(path, value)), JSON.stringify(value))));
  });
}

function tried(key: Key): [isGood: boolean, value: unknown][] {
  const { format, choices = [] } = key;
  const [taken, refused] = format === 'choice' ? [choices, ['', 'x', 7, true, choices]] : values[format];
  const isWithin = (value: unknown) => !isQuantity(key) || isTaken(JSON.stringify(withKey(anyPath(key), value)));
  return [
    ...taken.filter(isWithin).map((value): [boolean, unknown] => [true, value]),
    ...refused.map((value): [boolean, unknown] => [false, value]),
    ...(format === 'globs' ? [[key.min === undefined, []] as [boolean, unknown]] : []),
  ];
}

function isQuantity({ format }: Key): boolean {
  return format === 'size' || format === 'duration' || format === 'share';
}

function anyPath(key: Key): string {
  return keysBelow(schema).find(([, other]) => other === key)![0];
}

const UNITS: Partial<Record<FormatName, readonly string[]>> = {
  size: ['B', 'KiB', 'MiB', 'GiB', 'TiB'],
  duration: ['ms', 's', 'm', 'h', 'd'],
  share: ['%'],
};

/** Text of any kind, text that looks like the format's, and what YAML makes of bare words. */
function anyValue(key: Key): fc.Arbitrary<unknown> {
  const units = UNITS[key.format];
  const known = key.format === 'choice' ? [...(key.choices ?? [])] : values[key.format].flat();
  const scalar = fc.oneof(
    fc.constantFrom(...known.filter((value) => !Array.isArray(value)), '', 'x'),
    units === undefined ? fc.string() : quantities(units, [key.min, key.max]),
    fc.integer({ min: -70_000, max: 70_000 }),
    fc.boolean(),
  );
  // Only the program knows which zones there are, which IPv6 addresses, which letters names have, and what RE2 takes.
  const judged = scalar.filter((value) => {
    if (key.format === 'zone') return typeof value !== 'string' || known.includes(value);
    if (key.format === 'host') return typeof value !== 'string' || /^\p{ASCII}*$/u.test(value);
    if (key.format === 'patterns') return typeof value !== 'string' || /^\w*$/.test(value);
    return true;
  });
  return fc.oneof({ weight: 4, arbitrary: judged }, fc.array(judged, { maxLength: 3 }));
}

/** Numbers of every length with up to seven decimals, and those beside the limits of the key. */
function quantities(units: readonly string[], limits: readonly (string | undefined)[]): fc.Arbitrary<string> {
  const digits = (most: number) =>
    fc.integer({ min: 1, max: most }).chain((length) => fc.stringMatching(new RegExp(`^\\d{${length}}$`)));
  const fraction = fc.oneof(
    fc.constant(''),
    digits(7).map((text) => `.${text}`),
    fc.nat(63).map((part) => `.${(part / 64).toString().slice(2) || '0'}`),
  );
  const beside = limits.flatMap((limit) => {
    const [, number = '', unit = ''] = /^(\d+)(\D+)$/.exec(limit ?? '') ?? [];
    return number === '' ? [] : [-1, 0, 1].map((step) => `${Number(number) + step}${unit}`);
  });
  const any = fc
    .tuple(digits(16), fraction, fc.constantFrom('', ' '), fc.constantFrom(...units))
    .map((parts) => parts.join(''));
  return beside.length === 0 ? any : fc.oneof({ weight: 4, arbitrary: any }, fc.constantFrom(...beside));
}

const whole: [what: string, value: unknown][] = [
  ['nothing', null],
  ['a list', []],
  ['an unknown section', { logs: {} }],
  ['an unknown key', { log: { levle: 'info' } }],
  ['an empty section', { message: null, log: {} }],
  ['a section that is a text', { log: 'loud' }],
  ['a list of sections that is a section', { sources: { name: 'a', paths: '/a' } }],
  ['no list of sections', { sources: null, collectors: [] }],
  ['a source without paths', { sources: [{ name: 'a' }] }],
  ['a source that is nothing', { sources: [null] }],
  ['a site that is nothing', { export: { sites: [null] } }],
  ['a site with an empty section', { export: { sites: [{ tls: null }] } }],
];
for (const [what, value] of whole) {
  test(`${what} is judged alike`, (t) => t.is(matches(value), isTaken(JSON.stringify(value))));
}

test('an editor shows what was expected, not the pattern', (t) => {
  const { properties } = matches.schema as { properties: Record<string, { properties: Record<string, unknown> }> };
  t.regex(
    JSON.stringify(properties.journal?.properties.keepFree),
    /"patternErrorMessage":"expected a percentage, such as 10%, at most 90%"/,
  );
});
