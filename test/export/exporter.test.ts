import test, { type ExecutionContext } from 'ava';
import { Health } from '../../src/agent/health.js';
import { Summary } from '../../src/cli/export/summary.js';
import type { Database, Schema } from '../../src/export/database.js';
import { runExport } from '../../src/export/exporter.js';
import { AgentError } from '../../src/lib/errors.js';
import { TURN_MS } from '../../src/lib/in-turns.js';
import { temporaryDirectory } from '../support/files.js';
import { ManualClock } from '../support/manual-clock.js';
import { silent } from '../support/silent.js';
import { until } from '../support/wait.js';

/** An export whose database answers as `schema` does, with its health and its live line. */
function exporting(t: ExecutionContext, schema: () => Promise<Schema>) {
  const clock = new ManualClock();
  const health = new Health(clock, silent);
  const summary = new Summary();
  const seen = { looks: 0 };
  const stop = new AbortController();
  const site = {
    name: 'default',
    host: 'db.example',
    port: 3306,
    socket: undefined,
    database: 'openemr',
    user: 'openemr-audit-export',
    passwordFile: undefined,
    tls: undefined,
  };
  const config = {
    directory: temporaryDirectory(t),
    sites: [site],
    startAt: { kind: 'beginning' as const },
    disclosures: false,
    pollMs: 60_000,
    settleMs: 30_000,
    examineMs: 60_000,
    keepMs: 86_400_000,
    maxBytes: 1 << 30,
    rotateBytes: 1 << 26,
  };
  const database = {
    schema: () => {
      seen.looks += 1;
      return schema();
    },
    close: async () => undefined,
  } as unknown as Database;
  const running = runExport(
    config,
    {
      connect: () => database,
      clock,
      report: silent,
      onLook: (name, table, trouble) => summary.note(`${name} ${table}`, trouble),
      turned: (name, table, withinMs) => health.turned(`${name} ${table}`, withinMs),
    },
    { once: false, signal: stop.signal },
  );
  t.teardown(async () => {
    stop.abort();
    await Promise.race([running, new Promise(setImmediate)]);
  });
  return { clock, health, summary, seen };
}

test('waiting for a database that is away is healthy, however long, and the live line says so', async (t) => {
  const { clock, health, summary, seen } = exporting(t, async () => {
    throw new AgentError('database-unreachable', 'nothing listens at db.example:3306');
  });
  await until(() => clock.sleepers > 0, { what: 'the first look' });
  for (let passedMs = 0; passedMs < 3_600_000; passedMs += TURN_MS) {
    await clock.advance(TURN_MS);
    t.deepEqual(health.stuck, []);
  }
  t.true(seen.looks > 20);
  t.is(
    summary.line(1_234),
    'WAITING: default log: nothing listens at db.example:3306; 1 table followed, 1,234 rows written since the start',
  );
});

test('a look that never ends is found out, whatever it hangs in', async (t) => {
  const { clock, health, seen } = exporting(t, () => new Promise(() => undefined));
  await until(() => seen.looks === 1, { what: 'the look' });
  await clock.advance(10 * 60_000);
  t.deepEqual(health.stuck, []);
  await clock.advance(TURN_MS);
  t.deepEqual(health.stuck, ['default log']);
});

test('an export that gets on is OK', (t) => {
  const summary = new Summary();
  summary.note('default log', { code: 'database-unreachable', message: 'away', hint: undefined });
  summary.note('default log', undefined);
  summary.note('default extended_log', undefined);
  t.is(summary.line(0), 'OK: 2 tables followed, 0 rows written since the start');
});
