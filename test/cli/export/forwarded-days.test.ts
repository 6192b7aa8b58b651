import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { countForwarded, keyOf } from '../../../src/cli/export/forwarded-days.js';
import { LOG_TRAIL } from '../../../src/export/database/audit-tables.js';
import { Filter } from '../../../src/openemr/filter.js';
import { temporaryDirectory } from '../../support/files.js';
import { auditRow, rowLine } from '../../support/openemr-rows.js';

const ALWAYS = { from: undefined, to: undefined };
const DAY = '2026-11-20';

function line(id: number, columns: Parameters<typeof auditRow>[0] = {}): string {
  const row = JSON.parse(rowLine(auditRow({ id, ...columns })).toString('utf8'));
  return JSON.stringify({ ...row, site: 'default', generation: 'one', awaiting: 1 });
}

test('each line is counted by what became of it, on the day of its row', async (t) => {
  const path = join(temporaryDirectory(t), 'default.log');
  const lines = [
    line(1),
    line(2, { event: 'http-request-select' }),
    '{"id":3,"date":"2026-11',
    line(3),
    line(4, { checksum: '0'.repeat(128) }),
    line(5, { date: '2026-11-21 08:00:00' }),
  ];
  writeFileSync(path, `${lines.join('\n')}\n`);
  const offsetOf = (index: number) => lines.slice(0, index).reduce((sum, each) => sum + each.length + 1, 0);

  const counts = await countForwarded([path], LOG_TRAIL, ALWAYS, {
    filter: new Filter({ include: [], exclude: ['event=http-*'] }),
    isRead: (_, to) => to < offsetOf(5),
    isAcknowledged: (_, __, to) => to < offsetOf(4),
  });

  t.deepEqual(counts.get(keyOf('one', DAY)), { read: 4, acknowledged: 2, filtered: 1, unparsed: 1, altered: 1 });
  t.deepEqual(counts.get(keyOf('one', '2026-11-21')), {
    read: 0,
    acknowledged: 0,
    filtered: 0,
    unparsed: 0,
    altered: 0,
  });
});

test('days that were not asked for are not counted', async (t) => {
  const path = join(temporaryDirectory(t), 'default.log');
  writeFileSync(path, `${[line(1), line(2, { date: '2026-11-21 08:00:00' })].join('\n')}\n`);

  const counts = await countForwarded(
    [path],
    LOG_TRAIL,
    { from: '2026-11-21', to: undefined },
    { filter: new Filter({ include: [], exclude: [] }), isRead: () => true, isAcknowledged: () => true },
  );

  t.deepEqual([...counts.keys()], [keyOf('one', '2026-11-21')]);
});
