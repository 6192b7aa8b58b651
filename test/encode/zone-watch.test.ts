import test from 'ava';
import type { SourceConfig } from '../../src/config/config.js';
import { ZoneWatch } from '../../src/encode/zone-watch.js';
import { Problems } from '../../src/lib/problems.js';
import type { Chunk } from '../../src/model/line.js';
import { ManualClock } from '../support/manual-clock.js';
import { silent } from '../support/silent.js';

const BEGIN_MS = Date.parse('2026-11-20T13:00:00Z');
const HOUR_MS = 3_600_000;

/** A server in New York, five hours behind UTC, whose rows are read in this zone; one call is a chunk, seconds apart. */
function watched(timeZone: string, format: SourceConfig['format'] = 'openemr') {
  const clock = new ManualClock();
  const problems = new Problems(clock);
  const sources = [{ name: 'main', format, timeZone }] as unknown as SourceConfig[];
  const watch = new ZoneWatch(sources, clock, problems.of(silent));
  let atMs = BEGIN_MS;
  const row = (behindMs: number, offsetMs: number) => {
    const date = new Date(atMs - behindMs + offsetMs).toISOString().slice(0, 19).replace('T', ' ');
    return `${JSON.stringify({ id: 1, date, exported_at: new Date(atMs).toISOString() })}\n`;
  };
  const read = async (times: number, behindMs: (index: number) => number, offsetMs = -5 * HOUR_MS) => {
    for (let index = 0; index < times; index += 1) {
      watch.look(chunkOf(row(behindMs(index), offsetMs)));
      atMs += 20_000;
      await clock.advance(20_000);
    }
  };
  return { watch, read, present: () => problems.present };
}

function chunkOf(text: string): Chunk {
  const identity = { inode: 1, device: 1, birthtimeMs: 0, head: '', last: '' };
  const path = '/var/log/openemr-audit/default.log';
  const from = { tailId: '00000000000000aa', source: 'main', path, offset: 0, identity };
  return { from, to: { ...from, offset: text.length }, bytes: Buffer.from(text), ending: 'newline', readAtMs: 0 };
}

test('live rows in another zone are a problem that names the offset, until they fit', async (t) => {
  const { read, present } = watched('Asia/Tokyo');

  await read(10, () => 1000);
  t.like(present(), [{ key: 'time-zone /var/log/openemr-audit/default.log', facts: { fits: 'UTC-05:00' } }]);
  t.regex(present()[0]?.remedy ?? '', /UTC-05:00/);

  await read(12, () => 1000, 9 * HOUR_MS);
  t.deepEqual(present(), []);
});

test('rows in the zone of the source are none, nor is a backlog, nor a file of another format', async (t) => {
  const fitting = watched('America/New_York');
  await fitting.read(20, () => 1000);
  t.deepEqual(fitting.present(), []);

  const late = watched('Asia/Tokyo');
  await late.read(20, (index) => (20 - index) * HOUR_MS);
  t.deepEqual(late.present(), []);

  const text = watched('Asia/Tokyo', 'text');
  await text.read(20, () => 1000);
  t.deepEqual(text.present(), []);
});

test('what is no row of the export is not looked at', (t) => {
  const { watch, present } = watched('Asia/Tokyo');
  for (const text of ['', '\n', 'half a line', '{"id": 1}\n', '{"event":"audit-trail-begun"}\n', 'no json\n']) {
    watch.look(chunkOf(text));
  }
  t.deepEqual(present(), []);
});
