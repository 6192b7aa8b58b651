import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { checkConfiguredExport, zoneResults } from '../../../src/cli/check/export.js';
import type { CheckResult } from '../../../src/cli/check/result.js';

async function resultsOf(text: string): Promise<CheckResult[]> {
  const directory = await mkdtemp(join(tmpdir(), 'oaf-check-'));
  try {
    const file = join(directory, 'config.yaml');
    await writeFile(file, text);
    const results: CheckResult[] = [];
    for await (const result of checkConfiguredExport(file, { sources: [] }, {})) results.push(result);
    return results;
  } finally {
    await rm(directory, { recursive: true });
  }
}

test('without an export in the configuration nothing is checked', async (t) => {
  t.deepEqual(await resultsOf('sources: []\n'), []);
});

test('a database that cannot be reached is a failed check with what to do', async (t) => {
  const [only] = await resultsOf('export:\n  sites:\n    - { name: default, socket: /nowhere/mysqld.sock }\n');
  t.like(only, { verdict: 'bad' });
  t.regex(only?.text ?? '', /^export, site default: cannot reach openemr on \/nowhere\/mysqld\.sock/);
});

test('a time zone that is not the server’s is a failed check that names what would fit', (t) => {
  const rows = Array.from({ length: 10 }, (_, index) => ({
    date: `2026-11-20 08:0${index}:00`,
    exported_at: `2026-11-20T13:0${index}:01.000Z`,
  }));
  const [only] = [...zoneResults('export', rows, 'Asia/Tokyo')];
  t.is(only?.verdict, 'bad');
  t.regex(`${only?.text} ${only?.hint}`, /timeZone Asia\/Tokyo the rows are 14 h.* too early.* UTC-05:00/);
  t.deepEqual([...zoneResults('export', rows, 'America/New_York')], []);
});
