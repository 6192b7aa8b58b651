import test, { type ExecutionContext } from 'ava';
import { runExport } from '../../src/export/exporter.js';
import type { ExportConfig, SiteOptions } from '../../src/export/options.js';
import type { Facts, Report } from '../../src/model/report.js';
import { FakeOpenemr } from '../support/fake-openemr.js';
import { temporaryDirectory } from '../support/files.js';
import { ManualClock } from '../support/manual-clock.js';
import { silent } from '../support/silent.js';
import { DEFAULT_SITE, SITE_TLS } from '../support/site-options.js';

/** Facts of the warnings of an export that runs once over an empty database. */
async function warnings(t: ExecutionContext, site: Partial<SiteOptions>): Promise<Facts[]> {
  const found: Facts[] = [];
  const report: Report = { ...silent, warning: (_, facts = {}) => void found.push(facts) };
  const config: ExportConfig = {
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
  const parts = { connect: () => new FakeOpenemr(), clock: new ManualClock(), report };
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
