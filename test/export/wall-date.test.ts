import test from 'ava';
import { compactDate, isSurelyOlder } from '../../src/export/wall-date.js';

test('a difference that the end of summer time could make proves nothing', (t) => {
  t.false(isSurelyOlder('2026-11-01 00:30:00', '2026-11-01 01:31:00', 60_000));
  t.false(isSurelyOlder('2026-11-01 01:59:00', '2026-11-01 01:01:00', 60_000));
  t.true(isSurelyOlder('2026-11-01 00:30:00', '2026-11-01 02:31:01', 60_000));
});

test('what is no date proves nothing', (t) => {
  t.false(isSurelyOlder(null, '2026-11-01 02:31:00', 0));
  t.false(isSurelyOlder('0000-00-00 00:00:00', '2026-11-01 02:31:00', 0));
  t.is(compactDate(null), undefined);
  t.is(compactDate('0000-00-00 00:00:00'), undefined);
});

test('a date is a name without signs', (t) => {
  t.is(compactDate('2026-11-20 07:58:01'), '20261120T075801');
});
