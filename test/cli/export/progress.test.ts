import test from 'ava';
import { Summary } from '../../../src/cli/export/progress.js';

const REFUSED = { code: 'database-refused', message: 'user a cannot log in', hint: '' };

test('an export that has not looked at a table yet does not call itself OK', (t) => {
  t.regex(new Summary().line(0), /^WAITING: no table has been read yet$/);
});

test('an export is OK once each of its tables has been looked at, and WAITING while one cannot be', (t) => {
  const summary = new Summary();
  summary.note('default log', undefined);
  summary.note('default extended_log', REFUSED);
  t.is(
    summary.line(7),
    'WAITING: default extended_log: user a cannot log in; 2 tables followed, 7 rows written since the start',
  );
  summary.note('default extended_log', undefined);
  t.is(summary.line(1007), 'OK: 2 tables followed, 1,007 rows written since the start');
});
