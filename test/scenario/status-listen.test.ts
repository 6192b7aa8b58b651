import { once } from 'node:events';
import { appendFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { parse, stringify } from 'yaml';
import { runProgram } from '../../src/cli/program.js';
import { capturedIo } from '../support/captured-io.js';
import { makeTestPki, type TestPki } from '../support/certificates.js';
import { collecting } from '../support/collecting.js';
import { temporaryDirectory } from '../support/files.js';
import { freePort } from '../support/free-port.js';
import { thisPackage } from '../support/package.js';
import { until } from '../support/wait.js';

let pki: TestPki;
test.before(async () => {
  pki = await makeTestPki();
});
test.after.always(() => pki.remove());

/** An agent with this `status.listen` and collector port; `ask` asks it over HTTP. */
async function agentWith(t: ExecutionContext, port: number, collectorPort: number) {
  const directory = temporaryDirectory(t);
  const log = join(directory, 'log', 'main.log');
  const file = join(directory, 'config.yaml');
  await mkdir(join(directory, 'log'));
  await writeFile(log, 'from before\n');
  const configuration = {
    sources: [{ name: 'main', paths: [log], format: 'text' }],
    collectors: [{ host: 'localhost', port: collectorPort }],
    tls: { ca: pki.caFile, cert: pki.agentCert, key: pki.agentKey },
    journal: { directory: join(directory, 'journal') },
    delivery: { epochInterval: '1s' },
    status: { listen: `127.0.0.1:${port}` },
  };
  await writeFile(file, stringify(configuration));
  const io = capturedIo();
  const ended = runProgram(['run', '--config', file], io);
  t.teardown(async () => {
    io.interrupt();
    await ended;
  });
  const ask = async (path: string) => {
    const response = await fetch(`http://127.0.0.1:${port}${path}`);
    return { status: response.status, type: response.headers.get('content-type'), body: await response.text() };
  };
  const up = () => until(() => ask('/healthz').catch(() => undefined), { what: 'the port' });
  return { io, ended, ask, up, log, file };
}

interface Rules {
  readonly groups: readonly { readonly rules: readonly { readonly alert: string; readonly expr: string }[] }[];
}

async function metricsInRules(): Promise<string[]> {
  const text = await readFile(new URL('docs/observability/alerts.yaml', thisPackage), 'utf8');
  const rules = (parse(text) as Rules).groups.flatMap((group) => group.rules);
  return [...new Set(rules.flatMap(({ expr }) => expr.match(/\b(openemr_audit_forwarder|process|nodejs)_\w+/g) ?? []))];
}

test('an agent that is well shows the same over HTTP as status does, and all that the alert rules ask for', async (t) => {
  const collector = await collecting(t, pki);
  const { ask, up, log, file } = await agentWith(t, await freePort(), collector.port);
  await up();
  await appendFile(log, 'Jane Planted was here\n');
  const acknowledged = async () => (JSON.parse((await ask('/status.json')).body).delivery.acknowledged as number) >= 3;
  await until(acknowledged, { what: 'an acknowledgement' });

  const health = await ask('/healthz');
  t.is(health.status, 200);
  t.regex(health.body, /^OK: connected to localhost:/);
  t.like(await ask('/livez'), { status: 200, body: 'both loops turn\n' });
  const page = await ask('/');
  t.is(page.type, 'text/html; charset=utf-8');
  t.regex(page.body, /<h1>OK: connected to localhost:/);
  const shown = JSON.parse((await ask('/status.json')).body);
  const sameKeys = async () => {
    const status = capturedIo();
    await runProgram(['status', '--json', '--config', file], status);
    return String(Object.keys(JSON.parse(status.out()))) === String(Object.keys(shown));
  };
  t.true(await until(sameKeys, { what: 'the state on disk to have them all' }));
  const metrics = await ask('/metrics');
  t.regex(metrics.type ?? '', /^text\/plain; version=0\.0\.4/);
  const measured = new Set(metrics.body.match(/^\w+/gm));
  const wanted = await metricsInRules();
  t.true(wanted.length >= 10, wanted.join(' '));
  t.deepEqual(
    wanted.filter((name) => !measured.has(name)),
    [],
  );
  for (const { body } of [health, page, metrics, await ask('/status.json')]) t.false(body.includes('Planted'));
});

test('while the collector is down the agent is WAITING, which is no reason to restart it', async (t) => {
  const { ask, up } = await agentWith(t, await freePort(), await freePort());
  await up();
  await until(async () => (await ask('/healthz')).body.startsWith('WAITING'), { what: 'a first attempt to fail' });
  t.is((await ask('/healthz')).status, 200);
});

test('a port that is taken is told once, and the agent forwards all the same', async (t) => {
  const collector = await collecting(t, pki);
  const squatter = createServer().listen(0, '127.0.0.1');
  await once(squatter, 'listening');
  t.teardown(() => squatter.close());
  const { port } = squatter.address() as { port: number };
  const { io } = await agentWith(t, port, collector.port);
  await until(() => collector.messages.some((message) => String(message).endsWith('from before')), {
    what: 'the line',
  });
  // The page comes after the first lines.
  await until(() => io.out().includes('The status page is not available'), { what: 'the warning' });
  t.regex(
    io.out(),
    /warning status: The status page is not available over HTTP; forwarding goes on .*another program listens there.*its own status\.listen/,
  );
});
