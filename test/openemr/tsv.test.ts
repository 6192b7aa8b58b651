import test from 'ava';
import fc from 'fast-check';
import { cellsLine, headingOf, readCells } from '../../src/openemr/tsv.js';

const COLUMNS = ['id', 'date', 'event', 'user', 'comments'];

test('a heading is known, a row is none', (t) => {
  t.deepEqual(headingOf(Buffer.from(COLUMNS.join('\t'))), COLUMNS);
  for (const line of [
    '1\t2026-11-20 07:58:01\tlogin\trsato\tx',
    '',
    'id\tdate',
    'date event',
    '{"date":1,"event":2}',
  ]) {
    t.is(headingOf(Buffer.from(line)), undefined, line);
  }
});

test('a row is read under its heading, escapes and NULL understood', (t) => {
  const line = Buffer.from('7\t2026-11-20 07:58:01\tlogin\tNULL\ta\\nb\\tc\\\\d\\0e\\x\r');
  t.deepEqual(readCells(line, COLUMNS), {
    row: { id: '7', date: '2026-11-20 07:58:01', event: 'login', user: null, comments: 'a\nb\tc\\d\0e\\x\r' },
  });
});

test('an export of 5.0 has two checksums', (t) => {
  const columns = ['date', 'event', 'checksum', 'lce_checksum'];
  const line = 'd\te\tlog\tside';
  const read = readCells(Buffer.from(line), columns);
  t.deepEqual(read, { row: { date: 'd', event: 'e', log_checksum: 'log', checksum: 'side' } });
  t.is('row' in read && cellsLine(read.row, columns), line);
});

test('tables that were joined as they are keep the row’s own id, and both checksums', (t) => {
  const columns = ['id', 'date', 'event', 'checksum', 'id', 'log_id', 'checksum', 'version'];
  const line = '4711\t2019-06-03 08:01:01\tview\tabc\t9\t4711\tdef\t3';
  const read = readCells(Buffer.from(line), columns);
  t.like('row' in read ? read.row : {}, { id: '4711', log_checksum: 'abc', checksum: 'def', version: '3' });
  t.is('row' in read ? cellsLine(read.row, columns) : '', line);
});

test('a row that does not fit its heading says why', (t) => {
  t.deepEqual(readCells(Buffer.from('1\t2'), undefined), { unparsed: 'no-heading' });
  t.deepEqual(readCells(Buffer.from('1\t2'), COLUMNS), { unparsed: 'wrong-cells' });
  t.deepEqual(readCells(Buffer.from([0x31, 0xff]), ['a']), { unparsed: 'not-utf8' });
});

test('any cells come back as they were written', (t) => {
  const cell = fc.option(fc.oneof(fc.string(), fc.string({ unit: fc.constantFrom('\n', '\t', '\0', '\\', 'n', 'é') })));
  fc.assert(
    fc.property(fc.array(cell, { minLength: 5, maxLength: 5 }), (cells) => {
      const row = Object.fromEntries(
        COLUMNS.map((name, index) => [name, cells[index] === 'NULL' ? null : cells[index]!]),
      );
      const line = cellsLine(row, COLUMNS);
      t.false(line.includes('\n'));
      t.deepEqual(readCells(Buffer.from(line), COLUMNS), { row });
    }),
  );
});
