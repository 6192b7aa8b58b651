import test from 'ava';
import { tamperingOf } from '../../src/openemr/tampering.js';

const NAMES = { row: 'default:1:7', about: 'default:1:9' };

test('a row that does not fit its checksum was altered, one without checksum is not suspected', (t) => {
  t.deepEqual(tamperingOf({ id: 7 }, 'altered', NAMES), { how: 'altered', row: 'default:1:7' });
  for (const checksum of ['ok', 'none'] as const) t.is(tamperingOf({ id: 7 }, checksum, NAMES), undefined);
});

test('what the exporter found deleted or edited is told by the name of that row, and nothing else of what it says is', (t) => {
  for (const how of ['deleted', 'edited'] as const) {
    const line = { event: `audit-trail-row-${how}`, row_id: 9 };
    t.deepEqual(tamperingOf(line, 'none', NAMES), { how, row: 'default:1:9' });
    t.is(tamperingOf({ ...line, id: 7 }, 'none', NAMES), undefined, 'a row of OpenEMR’s that is called so');
  }
  for (const event of ['audit-trail-row-restored', 'audit-trail-begun', 'audit-trail-table-replaced']) {
    t.is(tamperingOf({ event }, 'none', NAMES), undefined);
  }
});
