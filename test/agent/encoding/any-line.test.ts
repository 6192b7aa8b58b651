/** Whatever stands in a followed file, in each format and profile: what goes out is syslog, in the opinion of two readers. */
import test from 'ava';
import fc from 'fast-check';
import { readOwnObject } from '../../../src/atna/own-object.js';
import type { Config } from '../../../src/config/config.js';
import { Encoder } from '../../../src/encode/encoder.js';
import type { NewEntry } from '../../../src/model/entry.js';
import { parseMessage } from '../../../src/syslog/rfc5424.js';
import { faultsOf, readXml } from '../../support/audit-message.js';
import { LEAST, load } from '../../support/config.js';
import { auditRow, rowLine } from '../../support/openemr-rows.js';
import { splitFrames } from '../../support/split-frames.js';
import { readStrictly, type StrictMessage } from '../../support/strict-syslog.js';

const RUN = '00112233445566ff';
const TAIL = '0123456789abcdef';

const nasty = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 60 }),
  fc.constantFrom('"]\\', '\\"'.repeat(400), ']'.repeat(600), 'é📞'.repeat(300), '\0\x1b[2J\x7f\x85', '\ufeff', ' '),
);
const values = fc.oneof(nasty, fc.integer(), fc.constantFrom(null, true, 0, 1, [], {}, 1e300));
const row = fc
  .record(
    {
      id: values,
      date: fc.oneof(values, fc.constantFrom('2026-10-25 02:30:00', '2026-03-29 02:30:00.5', '0000-00-00 00:00:00')),
      event: fc.oneof(
        values,
        fc.constantFrom('login', 'logout', 'api', 'patient-record-select', 'audit-trail-row-edited'),
      ),
      category: values,
      user: values,
      groupname: values,
      comments: values,
      user_notes: values,
      patient_id: values,
      success: values,
      log_from: values,
      encrypt: fc.oneof(values, fc.constantFrom('Yes', 'No')),
      version: values,
      checksum: values,
      breakglass: values,
      site: values,
      generation: values,
      exported_at: fc.oneof(values, fc.constant('2026-10-25T00:30:01Z')),
      row_id: values,
      row: fc.oneof(values, fc.record({ comments: values, user_notes: values }, { requiredKeys: [] })),
      api: fc.oneof(values, fc.record({ request_url: values, method: values, ip_address: values, response: values })),
    },
    { requiredKeys: [] },
  )
  .map((columns) => Buffer.from(JSON.stringify(columns)));
const line = fc
  .oneof(
    fc.uint8Array({ minLength: 1, maxLength: 3000 }).map((octets) => Buffer.from(octets)),
    row,
    nasty.map((user) => rowLine(auditRow({ user, event: 'login', breakglass: 1 }))),
    fc.array(nasty, { minLength: 1, maxLength: 9 }).map((cells) => Buffer.from(cells.join('\t'))),
    fc.constantFrom(
      Buffer.from('id\tdate\tevent\tuser\tcomments'),
      Buffer.from('event\tdate\tpatient_id'),
      Buffer.from('{}'),
    ),
  )
  .map((bytes) => Buffer.from(bytes.filter((octet) => octet !== 0x0a)))
  .filter((bytes) => bytes.length > 0 && bytes.at(-1) !== 0x0d);

const plain = [
  'maxBytes: 2KiB',
  'maxBytes: 2KiB, comments: decoded, bom: false',
  "maxBytes: 3KiB, redact: ['e', '\\d+']",
];
const settings: [message: string, maxBytes: number][] = [
  ...plain.map((more): [string, number] => [more, more.includes('2KiB') ? 2048 : 3072]),
  ['profile: atna', 32_768],
  ['profile: atna, maxBytes: 8KiB, comments: encoded', 8192],
];

for (const format of ['text', 'openemr', 'openemr-tsv'] as const) {
  for (const [message, maxBytes] of settings) {
    test(`${format} with ${message}: any lines become messages that two strict readers take`, async (t) => {
      const config = await configOf(format, message);
      fc.assert(
        fc.property(fc.array(line, { minLength: 1, maxLength: 6 }), (lines) => {
          const messages = encoded(config, lines);

          const read = messages.map(readStrictly);
          for (const [index, bytes] of messages.entries()) {
            t.true(bytes.length <= maxBytes, `${bytes.length}`);
            agrees(t, bytes, read[index]!);
          }
          t.deepEqual(
            read.map(({ elements, msg }) => paramsOf(elements, msg).seq),
            read.map((_, index) => String(index + 1)),
          );
          if (message === plain[0] && format !== 'openemr-tsv') t.deepEqual(rejoined(read), lines.map(withoutMark));
          if (config.message.profile === 'atna') {
            for (const { msg } of read) t.deepEqual(faultsOf(readXml(msg!.toString('utf8'))), []);
          }
        }),
        { numRuns: 60 },
      );
    });
  }
}

function configOf(format: string, message: string): Promise<Config> {
  return load(`${LEAST.replace('name: main,', `name: main, format: ${format},`)}\nmessage: { ${message} }`);
}

function encoded({ sources, message }: Config, lines: readonly Buffer[]): Buffer[] {
  const encoder = new Encoder({ sources, message, run: RUN, nextSeq: 1, positions: [] });
  const bytes = Buffer.concat(['\n', ...lines.flatMap((each) => [each, '\r\n'])].map((each) => Buffer.from(each)));
  const identity = { inode: 1, device: 1, birthtimeMs: 1, head: '', last: '' };
  const from = { tailId: TAIL, source: 'main', path: '/var/log/audit.log', identity, offset: 0 };
  const to = { ...from, offset: bytes.length };
  const entry: NewEntry = encoder.encode({ from, to, bytes, ending: 'newline', readAtMs: Date.UTC(2026, 10, 23) });
  if (encoder.counts.faulty > 0) throw new Error('an exception was caught on the way');
  return splitFrames(entry.frames).messages;
}

/** Both readers have read the same. */
function agrees(
  t: { deepEqual: (a: unknown, b: unknown) => void; true: (is: boolean) => void },
  bytes: Buffer,
  strict: StrictMessage,
) {
  const parsed = parseMessage(bytes);
  if (!parsed.ok) throw parsed.fault;
  const { facility, severity, msgId, structuredData, msg } = parsed.message;
  t.deepEqual(facility * 8 + severity, strict.priority);
  t.deepEqual(msgId ?? '-', strict.header[4]);
  t.deepEqual(new Map(structuredData.map(({ id, params }) => [id, params])), strict.elements);
  t.deepEqual(msg, strict.msg);
}

function paramsOf(elements: StrictMessage['elements'], msg: Buffer | undefined): Record<string, string> {
  const element = elements.get('audit@32473') ?? elements.get('agent@32473') ?? (msg && readOwnObject(msg)) ?? [];
  return Object.fromEntries(element);
}

/** MSGs by the id of their line, in their order; what was derived from a line is none. */
function rejoined(messages: readonly StrictMessage[]): Buffer[] {
  const lines = new Map<string, Buffer[]>();
  for (const { elements, msg } of messages) {
    const { id, derived } = paramsOf(elements, undefined);
    if (id === undefined || derived !== undefined) continue;
    lines.set(id, [...(lines.get(id) ?? []), msg ?? Buffer.alloc(0)]);
  }
  return [...lines.values()].map((parts) => Buffer.concat(parts));
}

/** A line that begins with a byte order mark is UTF-8 or not; if it is, its mark is ours. */
function withoutMark(bytes: Buffer): Buffer {
  const marked = bytes.subarray(0, 3).equals(Buffer.from('\ufeff'));
  if (!marked) return bytes;
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    return bytes.subarray(3);
  } catch {
    return bytes;
  }
}
