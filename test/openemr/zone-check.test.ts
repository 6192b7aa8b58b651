import test from 'ava';
import type { Row } from '../../src/openemr/row.js';
import { zoneFault } from '../../src/openemr/zone-check.js';

const START_MS = Date.parse('2026-11-20T13:00:00Z');

/** Rows of a server in New York, which is five hours behind UTC. */
function rows(count: number, everyMs: number, lagMs: (index: number) => number): Row[] {
  return Array.from({ length: count }, (_, index) => {
    const exportedMs = START_MS + index * everyMs;
    const date = new Date(exportedMs - lagMs(index) - 5 * 3_600_000).toISOString().slice(0, 19).replace('T', ' ');
    return { date, exported_at: new Date(exportedMs).toISOString() };
  });
}

test('the zone of the server fits, however long rows wait for their side rows', (t) => {
  t.is(
    zoneFault(
      rows(20, 10_000, (index) => (index % 3) * 15_000),
      'America/New_York',
    ),
    undefined,
  );
});

test('a zone that is not the server’s is named with the offset that would fit', (t) => {
  const live = rows(20, 10_000, () => 1000);
  t.deepEqual(zoneFault(live, 'Asia/Tokyo'), { offMs: -14 * 3_600_000, fits: '-05:00' });
  t.deepEqual(zoneFault(live, 'UTC'), { offMs: -5 * 3_600_000, fits: '-05:00' });
  t.deepEqual(zoneFault(live, 'America/Los_Angeles'), { offMs: 3 * 3_600_000, fits: '-05:00' });
  t.deepEqual(zoneFault(live, 'Asia/Kathmandu'), { offMs: -(10 * 60 + 45) * 60_000, fits: '-05:00' });
});

test('the hour that comes twice in autumn is no fault, in neither of its passes', (t) => {
  // New York, 2026-11-01: 01:00 to 02:00 once at -04:00, from 05:00 UTC, and once more at -05:00, from 06:00 UTC.
  const night = (beginMs: number, offsetMs: number): Row[] =>
    Array.from({ length: 20 }, (_, index) => {
      const exportedMs = beginMs + index * 10_000;
      const date = new Date(exportedMs - 1000 - offsetMs).toISOString().slice(0, 19).replace('T', ' ');
      return { date, exported_at: new Date(exportedMs).toISOString() };
    });

  t.is(zoneFault(night(Date.parse('2026-11-01T05:20:00Z'), 4 * 3_600_000), 'America/New_York'), undefined);
  t.is(zoneFault(night(Date.parse('2026-11-01T06:20:00Z'), 5 * 3_600_000), 'America/New_York'), undefined);
});

test('a backlog proves nothing, nor do a few rows or a single moment', (t) => {
  t.is(
    zoneFault(
      rows(20, 10_000, (index) => 3_600_000 * (20 - index)),
      'Asia/Tokyo',
    ),
    undefined,
  );
  t.is(
    zoneFault(
      rows(4, 60_000, () => 0),
      'Asia/Tokyo',
    ),
    undefined,
  );
  t.is(
    zoneFault(
      rows(20, 100, () => 0),
      'Asia/Tokyo',
    ),
    undefined,
  );
  t.is(zoneFault([{ date: '0000-00-00 00:00:00' }, {}], 'Asia/Tokyo'), undefined);
});
