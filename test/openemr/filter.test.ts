import test from 'ava';
import { Filter } from '../../src/openemr/filter.js';
import type { Row } from '../../src/openemr/row.js';

const row: Row = { id: 1, date: 'x', event: 'http-request-select', category: 'Problem List', user: 'jörg.a+b' };

const cases: [include: string[], exclude: string[], leftOut: boolean][] = [
  [[], [], false],
  [['event=http-request-select'], [], false],
  [['event=http-request'], [], true],
  [['event=http-*'], [], false],
  [['event=*'], [], false],
  [['event=HTTP-*'], [], false],
  [['user=nobody', 'category=Problem List'], [], false],
  [['user=nobody'], [], true],
  [[], ['event=http-request-*'], true],
  [[], ['user=jörg.a+b'], true],
  [[], ['user=jörgxa+b'], false],
  [[], ['category='], false],
  [['event=http-*'], ['user=jörg*'], true],
];
for (const [include, exclude, leftOut] of cases) {
  test(`include [${include}] and exclude [${exclude}] leave a request ${leftOut ? 'out' : 'in'}`, (t) => {
    t.is(new Filter({ include, exclude }).leavesOut(row), leftOut);
  });
}

test('what the exporter says of the trail is never left out', (t) => {
  const filter = new Filter({ include: ['event=login'], exclude: ['event=*'] });
  t.false(filter.leavesOut({ event: 'audit-trail-row-deleted' }));
  t.true(filter.leavesOut({ id: 1, event: 'login' }));
});
