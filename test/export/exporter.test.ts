import test, { type ExecutionContext } from 'ava';
import { runExport } from '../../src/export/exporter.js';
import type { ExportConfig, SiteOptions } from '../../src/export/options.js';
import { AgentError } from '../../src/lib/errors.js';
import { Problems } from '../../src/lib/problems.js';
import type { Facts, Report } from '../../src/model/report.js';
import { FakeOpenemr } from '../support/fake-openemr.js';
import { temporaryDirectory } from '../support/files.js';
import { ManualClock } from '../support/manual-clock.js';
import { silent, silentProblems } from '../support/silent.js';
import { DEFAULT_SITE, SITE_TLS } from '../support/site-options.js';
import { until } from '../support/wait.js';

function configFor(t: ExecutionContext, site: Partial<SiteOptions>): ExportConfig {
  return {
    directory: temporaryDirectory(t),
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
async function warnings(t: ExecutionContext, site: Partial<SiteOptions>): Promise<Facts[]> {
  const found: Facts[] = [];
  const report: Report = { ...silent, warning: (_, facts = {}) => void found.push(facts) };
  const config = configFor(t, site);
  const clock = new ManualClock();
  const parts = { connect: () => new FakeOpenemr(), clock, report, problems: new Problems(clock).of(report) };
  await runExport(config, parts, { once: true, signal: new AbortController().signal });
  return found;
}

test('rows that cross the network unencrypted are warned of, once', async (t) => {
  t.like(await warnings(t, { host: 'db.example' }), [{ site: 'default', host: 'db.example' }]);
});

test('neither TLS, nor a socket, nor the loopback is warned of', async (t) => {
  t.deepEqual(await warnings(t, { host: 'db.example', tls: SITE_TLS }), []);
  t.deepEqual(await warnings(t, { host: 'db.example', socket: '/run/mysqld/mysqld.sock' }), []);
  t.deepEqual(await warnings(t, { host: '127.0.0.1' }), []);
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
    report,
    problems: problems.of(report),
    onLook: (_site: string, _table: string, trouble: { message: string } | undefined) =>
      void looks.push(trouble?.message),
  };
  const done = runExport(configFor(t, {}), parts, { once: false, signal: stop.signal });

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
