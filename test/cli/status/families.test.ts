import { readFileSync } from 'node:fs';
import test from 'ava';
import { familiesOf } from '../../../src/cli/status/families.js';
import { reportOf } from '../../../src/cli/status/status-report.js';
import { Metrics } from '../../../src/observe/metrics.js';
import { thisPackage } from '../../support/package.js';
import { NOW_MS, stateWith, WELL } from '../../support/sample-state.js';

const families = (state = WELL) => familiesOf(reportOf(state, { name: 'present' }));

test('every number has a name by Prometheus’ conventions, and says what it is', (t) => {
  const names = families().map(({ name }) => name);
  t.is(new Set(names).size, names.length);
  for (const { name, type, help } of families()) {
    t.regex(name, /^openemr_audit_forwarder_[a-z]+(_[a-z]+)*$/);
    t.is(name.endsWith('_total'), type === 'counter', name);
    t.regex(help, /^[A-Z].*\.$|; always 1\.$/, name);
    t.notRegex(name, /_(ms|millis|kib|mib|percent)(_|$)/, name);
  }
});

test('numbers are in seconds and bytes, and labelled by what they are of', async (t) => {
  const text = await new Metrics().text(
    families(
      stateWith({
        journal: { oldestUnacknowledgedAtMs: NOW_MS - 90_000 },
        sources: [{ name: 'ma"in', files: 2, unreadable: 0, lagBytes: 7, lagLines: undefined, lagMs: 1_500 }],
        clock: 'unknown',
      }),
    ),
  );
  const prefix = 'openemr_audit_forwarder_';
  for (const line of [
    'journal_oldest_unacknowledged_seconds 90',
    'source_lag_seconds{source="ma\\"in"} 1.5',
    'source_lag_bytes{source="ma\\"in"} 7',
    'clock{state="unknown"} 1',
    'verdict{verdict="OK"} 1',
    'verdict{verdict="PROBLEM"} 0',
    'failures_total{reason="refused"} 2',
    'acknowledged_messages_total 1234',
    `certificate_expiry_timestamp_seconds{whose="ours"} ${Date.UTC(2027, 1, 1) / 1000}`,
  ]) {
    t.true(text.includes(`\n${prefix}${line}\n`), line);
  }
  t.false(text.includes('source_lag_lines{'));
  t.regex(text, /^process_resident_memory_bytes \d+/m);
});

test('a scrape is the whole state, not the state since the last scrape', async (t) => {
  const metrics = new Metrics();
  await metrics.text(families());
  t.true((await metrics.text(families())).includes('\nopenemr_audit_forwarder_sent_messages_total 1234\n'));
});

test('the documentation names each number with its type and labels, and no other', (t) => {
  const page = readFileSync(new URL('docs/observability/README.md', thisPackage), 'utf8');
  const rows = page
    .split('\n')
    .flatMap((line) => [...(/^\| (`.*`) \| (gauge|counter) \|/.exec(line) ?? [])].slice(1, 3).join(' ') || []);
  const named = rows.flatMap((row) => {
    const type = row.slice(row.lastIndexOf(' ') + 1);
    return [...row.matchAll(/`(\w+)(?:\{([\w,]+)\})?`/g)].map(([, name, labels = '']) => `${type} ${name} ${labels}`);
  });
  const made = families().map(
    ({ name, type, labelNames }) => `${type} ${name.replace('openemr_audit_forwarder_', '')} ${labelNames.join(',')}`,
  );
  t.deepEqual(named.toSorted(), made.toSorted());
});
