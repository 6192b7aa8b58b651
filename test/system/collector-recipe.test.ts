/** The configuration that `cert init --collector` writes, in a real rsyslog: this agent is let in, another one of the same CA is not. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import test from 'ava';
import { stringify } from 'yaml';
import { makeStage } from '../support/cert-stage.js';
import { Daemon } from '../support/daemon.js';
import { freePort, isListening } from '../support/free-port.js';
import { runProgram } from '../support/program.js';
import { until } from '../support/wait.js';

const MAIN = fileURLToPath(new URL('../../src/main.js', import.meta.url));

test('rsyslog with the configuration of cert init lets this agent in, and another of the same CA not, which check explains', async (t) => {
  const stage = await makeStage();
  t.teardown(stage.remove);
  const { directory, path } = stage;
  await stage.cert(['init', directory, '--key-type', 'rsa-2048', '--collector', 'rsyslog']);
  const [port, store] = [await freePort(), path('store')];
  const written = await readFile(path('rsyslog-audit.conf'), 'utf8');
  const here = written
    .replaceAll('/etc/rsyslog.d/tls', directory)
    .replace('/var/spool/rsyslog', directory)
    .replace('/var/log/audit-repository', store)
    .replace('port="6514"', `address="127.0.0.1" port="${port}"`);
  await writeFile(path('here.conf'), here);
  const rsyslog = await Daemon.start({
    command: 'rsyslogd',
    args: ['-n', '-f', path('here.conf'), '-i', path('pid')],
    outputFile: path('out'),
    ready: () => isListening(port),
  });
  t.teardown(() => rsyslog.stop());

  const send = ['send', 'let in', '--host', 'localhost', '--port', String(port)];
  const files = (cert: string, key: string) => ['--ca', path('cacert.pem'), '--cert', path(cert), '--key', path(key)];
  const sent = await runProgram(process.execPath, [MAIN, ...send, ...files('openemrcert.pem', 'openemr.key')]);
  t.is(sent.status, 0, sent.output);
  await until(async () => (await readFile(store, 'utf8').catch(() => '')).includes('let in'), { what: 'the message' });

  const signed = ['--ca', path('cacert.pem'), '--ca-key', path('cakey.pem'), '--key-type', 'p-256'];
  const out = ['--out', path('other.pem'), '--key-out', path('other.key')];
  await stage.cert(['issue', '--subject', '/CN=other.example', '--dns', 'other.example', ...signed, ...out]);
  const config = join(directory, 'config.yaml');
  await writeFile(
    config,
    stringify({
      sources: [{ name: 'main', paths: [path('audit.log')], format: 'text' }],
      collectors: [{ host: 'localhost', port }],
      tls: { ca: path('cacert.pem'), cert: path('other.pem'), key: path('other.key') },
      journal: { directory: path('journal') },
    }),
  );
  const checked = await runProgram(process.execPath, [MAIN, 'check', '--config', config]);
  t.regex(
    checked.output,
    /our certificate has the names other\.example: rsyslog’s permittedPeer must have one of them/,
  );
});
