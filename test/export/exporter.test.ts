import test from 'ava';
import { LOG_TRAIL } from '../../src/export/database/audit-tables.js';
import { runExport } from '../../src/export/exporter.js';
import { readLine } from '../../src/export/file/audit-line.js';
import type { ExportConfig, SiteOptions } from '../../src/export/options.js';
import { AgentError } from '../../src/lib/errors.js';
import { Problems } from '../../src/lib/problems.js';
import type { Facts, Report } from '../../src/model/report.js';
import { FakeOpenemr } from '../support/fake-openemr.js';
import { ManualClock } from '../support/manual-clock.js';
import { MemoryFiles, systemError } from '../support/memory-files.js';
import { silent } from '../support/silent.js';
import { DEFAULT_SITE, SITE_TLS } from '../support/site-options.js';
import { until } from '../support/wait.js';

function configFor(site: Partial<SiteOptions> = {}): ExportConfig {
  return {
    directory: '/var/log/openemr-audit',
    sites: [{ ...DEFAULT_SITE, ...site }],
    startAt: { kind: 'beginning' },
    disclosures: true,
    pollMs: 1000,
    settleMs: 30_000,
    examineMs: 60_000,
    keepMs: 86_400_000,
    maxBytes: 2 ** 30,
    rotateBytes: 2 ** 20,
  };
}

/** Facts of the warnings of an export that runs once over an empty database. */
async function warnings(site: Partial<SiteOptions>): Promise<Facts[]> {
  const found: Facts[] = [];
  const report: Report = { ...silent, warning: (_, facts = {}) => void found.push(facts) };
  const config = configFor(site);
  const clock = new ManualClock();
  const files = new MemoryFiles(() => clock.nowMs());
  const parts = { connect: () => new FakeOpenemr(), clock, files, report, problems: new Problems(clock).of(report) };
  await runExport(config, parts, { once: true, signal: new AbortController().signal });
  return found;
}

test('rows that cross the network unencrypted are warned of, once', async (t) => {
  t.like(await warnings({ host: 'db.example' }), [{ site: 'default', host: 'db.example' }]);
});

test('neither TLS, nor a socket, nor the loopback is warned of', async (t) => {
  t.deepEqual(await warnings({ host: 'db.example', tls: SITE_TLS }), []);
  t.deepEqual(await warnings({ host: 'db.example', socket: '/run/mysqld/mysqld.sock' }), []);
  t.deepEqual(await warnings({ host: '127.0.0.1' }), []);
});

test('a database that is away is told of once, and its return, however many tables of it are followed', async (t) => {
  const clock = new ManualClock();
  const database = new FakeOpenemr();
  const away = new AgentError('database-unreachable', 'nothing answers at localhost:3306', { hint: 'start it' });
  let isAway = true;
  database.beforeCall = () => {
    if (isAway) throw away;
  };
  const told: [string, Facts][] = [];
  const tell = (sentence: string, facts: Facts = {}) => void told.push([sentence, facts]);
  const looks: (string | undefined)[] = [];
  const stop = new AbortController();
  const report = { ...silent, error: tell, notice: tell };
  const problems = new Problems(clock);
  const parts = {
    connect: () => database,
    clock,
    files: new MemoryFiles(() => clock.nowMs()),
    report,
    problems: problems.of(report),
    onLook: (_site: string, _table: string, trouble: { message: string } | undefined) =>
      void looks.push(trouble?.message),
  };
  const done = runExport(configFor(), parts, { once: false, signal: stop.signal });

  await until(() => looks.length >= 2 && clock.sleepers === 2, { what: 'both tables to wait' });
  const { code, message: reason, hint: remedy } = away;
  t.like(told, { length: 1, 0: ['The export waits; no row is lost', { site: 'default', code, reason, remedy }] });

  t.like(problems.present, { length: 1, 0: { level: 'error', remedy } });

  isAway = false;
  await clock.advance(60_000);
  await until(() => looks.filter((look) => look === undefined).length >= 2, { what: 'both tables to go on' });
  t.deepEqual(
    told.slice(1).map(([sentence]) => sentence),
    ['The export goes on'],
  );
  t.is(problems.count, 0);
  stop.abort();
  await done;
});

test('a disk that is full for a while costs no row and repeats none', async (t) => {
  const clock = new ManualClock();
  const files = new MemoryFiles(() => clock.nowMs());
  const database = new FakeOpenemr();
  const problems = new Problems(clock);
  const stop = new AbortController();
  const path = '/var/log/openemr-audit/default.log';
  /** Of the rows in the file, in their order. */
  const ids = () => {
    const lines = files.content(path).toString('utf8').split('\n');
    return lines
      .map((line) => readLine(LOG_TRAIL, Buffer.from(line)))
      .flatMap((line) => (line?.kind === 'row' ? line.id : []));
  };
  const parts = {
    connect: () => database,
    clock,
    files,
    report: silent,
    problems: problems.of(silent),
  };
  for (let n = 0; n < 10; n += 1) database.write();
  const done = runExport(configFor(), parts, { once: false, signal: stop.signal });
  await until(() => files.paths.includes(path) && ids().length === 10, { what: 'the rows that were there' });

  // Half of what is written still finds room: the file ends within a line.
  files.fault = (call, at) => (call === 'write' ? systemError('ENOSPC', at) : undefined);
  for (let n = 0; n < 10; n += 1) database.write();
  await clock.advance(2000);
  await until(() => problems.count === 1, { what: 'the problem of the disk' });
  t.like(problems.present[0], { message: 'The export waits; no row is lost', facts: { code: 'export-write-failed' } });
  files.fault = () => undefined;
  const isWritten = async () => {
    await clock.advance(30_000);
    return ids().length === 20;
  };
  await until(isWritten, { what: 'the rows of meanwhile' });
  stop.abort();
  await done;

  t.deepEqual(
    ids(),
    Array.from({ length: 20 }, (_, n) => n + 1),
  );
  t.is(problems.count, 0);
});
