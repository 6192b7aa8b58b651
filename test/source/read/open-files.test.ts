import { readFileSync } from 'node:fs';
import test from 'ava';
import { systemFiles } from '../../../src/lib/files.js';
import { maxOpenFiles, openFilesWithin } from '../../../src/source/read/open-files.js';

const table = (allowed: string) =>
  [
    'Limit                     Soft Limit           Hard Limit           Units     ',
    'Max processes             31117                31117                processes ',
    `Max open files            ${allowed.padEnd(20)} 524288               files     `,
    'Max locked memory         8388608              8388608              bytes     ',
  ].join('\n');

for (const [allowed, files] of [
  ['1024', 512],
  ['300', 150],
  ['256', 128],
  ['100', 52],
  ['64', 16],
  ['20', 4],
  ['unlimited', 512],
] as const) {
  test(`a process that may open ${allowed} files keeps ${files} logs open`, (t) => {
    t.is(openFilesWithin(table(allowed)), files);
  });
}

test('without the table, the usual is assumed', (t) => t.is(openFilesWithin(''), 128));

test('the table of this kernel is understood', async (t) => {
  t.is(await maxOpenFiles(systemFiles), openFilesWithin(readFileSync('/proc/self/limits', 'utf8')));
  t.regex(readFileSync('/proc/self/limits', 'utf8'), /^Max open files +(\d+|unlimited) /m);
});
