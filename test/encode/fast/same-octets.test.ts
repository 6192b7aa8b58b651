/**
 * Whatever the lines, the format, the profile and the options: the fast path writes
 * the octets that the clear encoders write, and leaves the same behind for the lines
 * after them. `OAF_FAST_ROWS` says how many lines; `npm run test:soak` sets it.
 */
import { createHash } from 'node:crypto';
import test from 'ava';
import fc from 'fast-check';
import type { MessageConfig, SourceConfig } from '../../../src/config/config.js';
import { Encoder } from '../../../src/encode/encoder.js';
import type { ClockSync } from '../../../src/lib/clock.js';
import type { Chunk } from '../../../src/model/line.js';
import type { Position } from '../../../src/model/position.js';
import { PLAIN_MESSAGE, TEXT_SOURCE } from '../../support/config.js';

const RUN = '00112233445566ff';
const ROWS = Number(process.env.OAF_FAST_ROWS ?? 12_000);
const LINES_A_RUN = 24;

/* Values: mostly what OpenEMR writes, now and then what nobody expects. */

type Cell = string | number | boolean | null | object | undefined;

const ODD = [
  '',
  ' ',
  'a ',
  ' a',
  'a]b',
  '<b>&amp;',
  '"',
  '\\',
  "O'Neil",
  'jörg',
  '患者',
  '\u0000',
  '\t',
  '\u007f',
  'NULL',
  '{}',
  '%',
  'null',
];
const odd: fc.Arbitrary<Cell> = fc.oneof(
  fc.constantFrom<Cell>(
    ...ODD,
    'x'.repeat(130),
    'y'.repeat(600),
    'z'.repeat(3000),
    -1,
    1.5,
    0,
    1,
    2 ** 53,
    1e300,
    true,
    false,
    null,
    [],
    {},
    undefined,
  ),
  fc.string({ unit: 'binary', maxLength: 20 }),
);
function mostly(value: fc.Arbitrary<Cell>): fc.Arbitrary<Cell> {
  return fc.oneof({ weight: 40, arbitrary: value }, { weight: 1, arbitrary: odd });
}
function among(...values: Cell[]): fc.Arbitrary<Cell> {
  return mostly(fc.constantFrom(...values));
}

const EVENTS = [
  'patient-record-select',
  'patient-record-update',
  'patient-record-insert',
  'patient-record-delete',
  'patient-record',
  'view',
  'login',
  'login attempt',
  'logout',
  'auth',
  'api',
  'mfa',
  'order-insert',
  'lab-order-select',
  'lab-results-update',
  'scheduling-delete',
  'other-insert',
  'other-select',
  'security-administration-select',
  'security-administration-update',
  'security-administration-insert',
  'security-access-denied',
  'security',
  'oauth2',
  'password',
  'uuid',
  'backup',
  'print',
  'delete',
  'http-request-select',
  'http-request-update',
  'transmit-ccd',
  'ccda',
  'download document',
  'disclosure',
  'direct-message-check',
  'audit-trail-row-deleted',
  'an event of a later version',
  '',
];
const COMMENTS = [
  '',
  'success: 10.20.4.31',
  'failure: 10.20.4.31. user password incorrect',
  'timeout',
  'success',
  'API success: 2001:db8::7',
  'exceeded maximum number of failed logins',
  'not active',
  'Backup is completed',
  'Audit Logging Disabled',
  'Audit Logging Enabled.',
  'UPDATE users SET active = 0',
  'UPDATE gacl_aro SET value = ?',
  'INSERT INTO form_vitals SET pid = ?\n\t("17")\r\n',
  'mónica 📞',
  "SELECT * FROM lists WHERE pid = ? ('17')",
  'insert into `codes` (code) values (1)',
  '/interface/main/main.php',
  '/a/b.php?set_pid=17&x=<y>',
  '/a/b.php?',
  '/a.php#x?y',
  '?',
  'a?b?c',
  '/a&b.php?c&d',
  ' /a.php?b ',
  '/a.php ',
  'x'.repeat(700),
  'é',
  '\ufeff',
  '\u0012\u0000\u001a',
];
const comments = fc.oneof(
  { weight: 20, arbitrary: fc.constantFrom(...COMMENTS).map((text) => Buffer.from(text).toString('base64')) },
  { weight: 4, arbitrary: fc.uint8Array({ maxLength: 80 }).map((octets) => Buffer.from(octets).toString('base64')) },
  {
    weight: 2,
    arbitrary: fc.constantFrom('QQ=', 'QR==', 'QUI', 'QUJD=', '=', 'Q===', 'QUJDRA=A', 'QU D', 'done', 'QUJD\n'),
  },
  { weight: 2, arbitrary: fc.constantFrom(...COMMENTS) },
);
const seconds = fc.integer({ min: 0, max: 59 }).map((second) => String(second).padStart(2, '0'));
const DAYS = [
  '2026-11-20 08',
  '2026-11-20 09',
  '2026-11-01 01',
  '2026-11-01 02',
  '2026-11-02 01',
  '2026-10-25 02',
  '2026-03-08 02',
  '2026-03-29 02',
  '2026-02-30 10',
  '1850-01-01 10',
  '2026-11-20 23',
  '2026-04-05 01',
  '2026-11-20T08',
];
const date = fc.oneof(
  {
    weight: 30,
    arbitrary: fc
      .tuple(fc.constantFrom(...DAYS.slice(0, 2)), seconds, seconds)
      .map(([hour, minute, second]) => `${hour}:${minute}:${second}`),
  },
  {
    weight: 8,
    arbitrary: fc
      .tuple(fc.constantFrom(...DAYS), seconds, seconds)
      .map(([hour, minute, second]) => `${hour}:${minute}:${second}`),
  },
  {
    weight: 2,
    arbitrary: fc.constantFrom(
      '2026-11-20 08:01:44.5',
      '2026-11-20 08:60:00',
      '2026-11-20 08:01',
      '0000-00-00 00:00:00',
      '2026-11-20 08:01:4x',
      '2026-11-20 08-01-44',
    ),
  },
);

const columns = fc.record({
  id: mostly(fc.integer({ min: 0, max: 5_000_000 })),
  date: mostly(date),
  event: among(...EVENTS),
  category: among('Patient Demographics', 'lists', 'Billing', '', null, 'Orders & Results'),
  user: among('rsato', 'drlee', 'admin', '', null, 'portal-user'),
  groupname: among('Default', '', null, 'Praxis Zürich'),
  comments: mostly(comments),
  user_notes: among('', '', '', null, 'a note'),
  patient_id: among(17, 4711, 0, null, '18', '0'),
  success: among(1, 1, 1, 0, '1', null),
  crt_user: among('', null),
  log_from: among('open-emr', 'patient-portal', ''),
  menu_item_id: among(null, 7),
  ccda_doc_id: among(null, null, null, 0, 12),
  encrypt: among('No', 'No', 'No', null, 'Yes'),
  version: among(4, 4, 4, 4, '4', 3, null, 5, 0),
});
const extras = fc.record(
  {
    checksum_api: among('', null, 'ab'),
    api: among(null, null, null, {}, { ip_address: '192.0.2.7', patient_id: 3, method: 'GET', request_url: '/x?y' }),
    log_checksum: among('', 'ab'.repeat(20)),
    site: among('default', 'north', '', null),
    generation: among('3f2a91bc', '2', 'a:b', null),
    exported_at: among('2026-11-20T13:01:45.123Z', '2026-11-01T06:30:00Z'),
    awaiting: among(5),
    breakglass: among(false, null, 0, 1, true),
    late: among(true),
    recipient: among(null, 'Dr. X'),
    row_id: among(null, 8),
    unread: among(null),
    __proto__x: among(1),
  },
  { requiredKeys: [] },
);

/** As OpenEMR writes nearly all of them, and then one column may be anything. */
const calm = fc
  .record({
    id: fc.integer({ min: 0, max: 5_000_000 }),
    date: fc
      .tuple(fc.constantFrom('2026-11-20 08', '2026-11-20 09'), seconds, seconds)
      .map(([hour, minute, second]) => `${hour}:${minute}:${second}`),
    event: fc.constantFrom(...EVENTS),
    category: fc.constantFrom('Patient Demographics', 'lists', '', null, 'Orders & Results'),
    user: fc.constantFrom('rsato', 'drlee', '', null),
    groupname: fc.constantFrom('Default', ''),
    comments,
    user_notes: fc.constantFrom('', '', '', 'a note'),
    patient_id: fc.constantFrom(17, 4711, 0, null),
    success: fc.constantFrom(1, 1, 0),
    crt_user: fc.constant(''),
    log_from: fc.constantFrom('open-emr', ''),
    menu_item_id: fc.constant(null),
    ccda_doc_id: fc.constantFrom(null, null, null, null, 12),
    encrypt: fc.constantFrom('No', 'No', 'No', 'No', 'Yes'),
    version: fc.constantFrom(4, 4, 4, 4, 4, 3),
    generation: fc.constantFrom('3f2a91bc', '2', undefined),
    site: fc.constantFrom('default', undefined),
    breakglass: fc.constantFrom(false, null, 0, undefined),
  })
  .chain((cells) => {
    const names = Object.keys(cells) as (keyof typeof cells)[];
    const twist = fc.tuple(fc.constantFrom(...names), odd).map(([name, value]) => ({ ...cells, [name]: value }));
    return fc.oneof({ weight: 3, arbitrary: fc.constant(cells) }, { weight: 1, arbitrary: twist });
  });

const HASHED =
  'date event category user groupname comments user_notes patient_id success crt_user log_from menu_item_id ccda_doc_id'.split(
    ' ',
  );
const HASHED_IN_5 = 'date event user groupname comments patient_id success log_checksum crt_user'.split(' ');
const seals = fc.constantFrom<'right' | 'old' | 'none' | 'wrong' | 'upper' | 'missing'>(
  'right',
  'right',
  'right',
  'right',
  'right',
  'old',
  'none',
  'none',
  'wrong',
  'upper',
  'missing',
);

interface SealedRow {
  readonly [column: string]: Cell;
}

const wild = fc.tuple(columns, extras).map(([of, more]) => ({ ...of, ...more }));
const anyColumns: fc.Arbitrary<Record<string, Cell>> = fc.oneof(
  { weight: 4, arbitrary: calm },
  { weight: 1, arbitrary: wild },
);
const row: fc.Arbitrary<SealedRow> = fc.tuple(anyColumns, seals).map(([cells, seal]) => {
  const joined = (names: readonly string[]) => names.map((name) => (cells[name] ?? '') as string).join('');
  switch (seal) {
    case 'missing':
      return cells;
    case 'none':
      return { ...cells, checksum: '' };
    case 'wrong':
      return { ...cells, checksum: '0'.repeat(128) };
    case 'old':
      return { ...cells, checksum: createHash('sha1').update(joined(HASHED_IN_5)).digest('hex') };
    default: {
      const sum = createHash('sha3-512').update(joined(HASHED)).digest('hex');
      return { ...cells, checksum: seal === 'upper' ? sum.toUpperCase() : sum };
    }
  }
});

/* Lines, whole and spoilt. */

type Line = Buffer;
const spoil = fc.tuple(
  fc.oneof(
    { weight: 5, arbitrary: fc.constant('none') },
    { weight: 1, arbitrary: fc.constantFrom('replace', 'remove', 'insert', 'cut', 'twice') },
  ),
  fc.nat(),
  fc.constantFrom(
    ...[...'{}[]",:\\ \t\r\u0000\u007f&<]0-.eE=nt'].map((text) => Buffer.from(text)),
    Buffer.from('é'),
    Buffer.from([0xff]),
    Buffer.from('\ufeff'),
  ),
);
function spoilt(line: Line, [how, place, octets]: [string, number, Buffer]): Line {
  const at = line.length === 0 ? 0 : place % line.length;
  const [before, behind] = [line.subarray(0, at), line.subarray(at)];
  switch (how) {
    case 'replace':
      return Buffer.concat([before, octets, behind.subarray(1)]);
    case 'remove':
      return Buffer.concat([before, behind.subarray(1)]);
    case 'insert':
      return Buffer.concat([before, octets, behind]);
    case 'cut':
      return before;
    case 'twice':
      return Buffer.concat([line.subarray(0, -1), Buffer.from(',"event":"view","patient_id":9}')]);
    default:
      return line;
  }
}
const jsonForm = fc.constantFrom('tight', 'tight', 'tight', 'loose', 'slashes');
const jsonLine = fc.tuple(row, jsonForm, spoil).map(([cells, form, how]) => {
  const text = JSON.stringify(cells);
  const written =
    form === 'loose'
      ? text.replaceAll(/(":|,)(?=["\dntf[{])/g, '$1 ')
      : form === 'slashes'
        ? text.replaceAll('/', '\\/')
        : text;
  return spoilt(Buffer.from(written), how);
});
const HEADING = [
  ...'id date event category user groupname comments user_notes patient_id success crt_user log_from menu_item_id ccda_doc_id encrypt version checksum'.split(
    ' ',
  ),
];
const HEADING_5 =
  'id date event category user groupname comments user_notes patient_id success checksum crt_user log_from menu_item_id ccda_doc_id encrypt version lce_checksum'.split(
    ' ',
  );
const escapedCell = (cell: Cell) =>
  cell === null || cell === undefined
    ? 'NULL'
    : String(cell).replaceAll(/[\n\t\0\\]/g, (c) => ({ '\n': '\\n', '\t': '\\t', '\0': '\\0' })[c] ?? '\\\\');
const tsvLine = fc
  .tuple(row, fc.constantFrom(HEADING, HEADING, HEADING, HEADING_5), spoil, fc.nat(30))
  .map(([cells, heading, how, chance]) => {
    if (chance === 0) return Buffer.from(heading.join('\t'));
    const cellOf = (name: string) =>
      name === 'lce_checksum'
        ? cells.checksum
        : heading === HEADING_5 && name === 'checksum'
          ? cells.log_checksum
          : cells[name];
    return spoilt(Buffer.from(heading.map((name) => escapedCell(cellOf(name))).join('\t')), how);
  });
const textLine = fc
  .oneof(
    { weight: 6, arbitrary: fc.string({ maxLength: 120 }) },
    { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 60 }) },
    { weight: 1, arbitrary: fc.constantFrom('x'.repeat(1700), 'y'.repeat(9000), '\ufeffabc', '', ' ') },
  )
  .map((text) => Buffer.from(text));

/* Options. */

const options = fc.record({
  profile: fc.constantFrom<'plain' | 'atna'>('plain', 'atna'),
  maxBytes: fc.constantFrom(2048, 4096, 8192, 16_384, 32_768, 32_768),
  comments: fc.constantFrom<MessageConfig['comments']>('encoded', 'encoded', 'encoded', 'encoded', 'decoded', 'omit'),
  bom: fc.boolean(),
  hostname: fc.constantFrom('emr.clinic.example', 'h', '', 'h'.repeat(300), 'a&b', '6111311171113'),
  appName: fc.constantFrom('openemr', 'open emr', 'rsato', ''),
  include: fc.constantFrom<readonly string[]>([], [], [], ['event=patient-*', 'user=rsato'], ['category=*l*']),
  exclude: fc.constantFrom<readonly string[]>([], [], ['event=http-request-*', 'category=billing'], ['user=']),
  redact: fc.constantFrom<readonly string[]>([], [], [], [], [], ['\\d{2}', 'success']),
  site: fc.constantFrom('', 'default', 'a"b]<c>'),
  timeZone: fc.constantFrom(
    'America/New_York',
    'Europe/Berlin',
    'UTC',
    'Asia/Kolkata',
    'Australia/Lord_Howe',
    'Africa/Monrovia',
  ),
  timeZoneGuessed: fc.boolean(),
  clock: fc.constantFrom<ClockSync>('synchronised', 'unsynchronised', 'unknown'),
  path: fc.constantFrom('/var/log/audit.log', '/srv/sites/north/audit.log'),
  nextSeq: fc.constantFrom(1, 9, 99_998, 2_147_483_640, 4_294_967_290, 9_007_199_254_000),
  offset: fc.constantFrom(0, 1, 999_999_000, 6_000_000_000_000),
  follows: fc.boolean(),
});
type Options = typeof options extends fc.Arbitrary<infer T> ? T : never;

function encoderOf(format: SourceConfig['format'], given: Options, fast: boolean) {
  const { profile, maxBytes, comments: told, bom, hostname, appName, include, exclude, redact } = given;
  const { site, timeZone, timeZoneGuessed, clock, nextSeq, follows } = given;
  const message: MessageConfig = {
    ...PLAIN_MESSAGE,
    profile,
    maxBytes,
    bom,
    hostname,
    appName,
    comments: told,
    include: [...include],
    exclude: [...exclude],
    redact: [...redact],
  };
  const source: SourceConfig = { ...TEXT_SOURCE, format, site, timeZone, timeZoneGuessed };
  const tampered: unknown[] = [];
  const encoder = new Encoder({
    sources: [source],
    message,
    run: RUN,
    nextSeq,
    positions: [],
    fast,
    clock: () => clock,
    tampered: (facts) => tampered.push(facts),
    ...(follows && { follows: { run: 'ffeeddccbbaa0099', seq: 12 } }),
  });
  return { encoder, tampered };
}

function chunksOf(lines: readonly Line[], { path, offset }: Options, ends: readonly string[]): Chunk[] {
  const identity = { inode: 1, device: 1, birthtimeMs: 1, head: '', last: '' };
  const half = Math.ceil(lines.length / 2);
  let at = offset;
  return [lines.slice(0, half), lines.slice(half)].map((part, index) => {
    const bytes = Buffer.concat(
      part.flatMap((line, place) => [line, Buffer.from(ends[(place + index) % ends.length]!)]),
    );
    const from: Position = { tailId: '0123456789abcdef', source: 'main', path, offset: at, identity };
    at += bytes.length;
    const ending = bytes.length === 0 || bytes.at(-1) === 0x0a ? 'newline' : index === 0 ? 'part' : 'final';
    return { from, to: { ...from, offset: at }, bytes, ending, readAtMs: Date.UTC(2026, 10, 23, 4, 5, 6, 78 + index) };
  });
}

const FORMATS = [
  ['text', textLine],
  ['openemr', jsonLine],
  ['openemr-tsv', tsvLine],
] as const;

for (const [format, line] of FORMATS) {
  test(`${format}: the fast path writes the octets of the clear one`, (t) => {
    const numRuns = Math.ceil(ROWS / FORMATS.length / LINES_A_RUN);
    let taken = 0;
    fc.assert(
      fc.property(
        options,
        fc.array(line, { minLength: LINES_A_RUN, maxLength: LINES_A_RUN }),
        fc.constantFrom(['\n'], ['\n'], ['\r\n', '\n'], ['\n', '\n', '']),
        (given, lines, ends) => {
          const all = format === 'openemr-tsv' ? [Buffer.from(HEADING.join('\t')), ...lines] : lines;
          const fast = encoderOf(format, given, true);
          const clear = encoderOf(format, given, false);
          for (const chunk of chunksOf(all.map(withoutEnds), given, ends)) {
            const { frames, ...entry } = fast.encoder.encode(chunk);
            const { frames: expected, ...clearEntry } = clear.encoder.encode(chunk);
            if (!frames.equals(expected)) t.is(frames.toString('latin1'), expected.toString('latin1'));
            t.deepEqual(entry, clearEntry);
          }
          t.deepEqual(fast.encoder.counts, clear.encoder.counts);
          t.is(fast.encoder.nextSeq, clear.encoder.nextSeq);
          t.deepEqual(fast.tampered, clear.tampered);
          taken += fast.encoder.fastLines;
        },
      ),
      { numRuns },
    );
    t.log(`${taken} of ${numRuns * LINES_A_RUN} lines were taken by the fast path`);
    t.true(format !== 'text' || taken > 0);
  });
}

/** A line holds no end of a line. */
function withoutEnds(line: Line): Line {
  return Buffer.from(line.filter((octet) => octet !== 0x0a));
}
