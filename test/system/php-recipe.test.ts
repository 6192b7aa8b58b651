/**
 * The PHP client of the recipe of 2010 ("SSL connections for HIE
 * implementation"), and what OpenEMR's own ATNA sender puts on the wire, run by
 * the real php against `listen`. Needs php-cli.
 */
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import anyTest, { type ExecutionContext, type TestFn } from 'ava';
import { listenCommand } from '../../src/cli/listen/listen.js';
import { runProgram } from '../../src/cli/program.js';
import { capturedIo } from '../support/captured-io.js';
import { makeTestPki, type TestPki } from '../support/certificates.js';
import { until } from '../support/wait.js';

type Context = { pki: TestPki; directory: string };

const run = promisify(execFile);
const test = anyTest as TestFn<Context>;
test.before(async (t) => {
  const pki = await makeTestPki();
  t.context = { pki, directory: await mkdtemp(join(tmpdir(), 'php-')) };
  // "We must combine the files because the PHP functions require it."
  await writeFile(join(t.context.directory, 'openemrcertkey.pem'), pki.agent.cert + pki.agent.key, { mode: 0o600 });
  await writeFile(join(t.context.directory, 'client.php'), CLIENT);
});
test.after.always(async ({ context }) => {
  await context.pki?.remove();
  await rm(context.directory, { recursive: true, force: true });
});

/** The recipe's own steps: context options, 60 s, connect, write, close. Prints what went wrong as PHP says it. */
const CLIENT = `<?php
[, $port, $certificate, $authority, $text, $times] = $argv;
$options = [];
if ($authority !== '') $options += ['cafile' => $authority, 'verify_peer' => true, 'verify_depth' => 10];
else $options += ['verify_peer' => false, 'verify_peer_name' => false];
if ($certificate !== '') $options['local_cert'] = $certificate;
$context = stream_context_create(['ssl' => $options]);
set_error_handler(fn ($number, $message) => fwrite(STDERR, "$message\\n"));
for ($time = 1; $time <= $times; $time++) {
    $connection = stream_socket_client("tls://localhost:$port", $code, $reason, 60, STREAM_CLIENT_CONNECT, $context);
    if ($connection === false) exit(1);
    fwrite($connection, str_replace('TIME', $time, stripcslashes($text)));
    fclose($connection);
}
`;

async function listen(t: ExecutionContext<Context>, ...args: string[]) {
  const { pki } = t.context;
  const io = capturedIo();
  const files = ['--ca', pki.caFile, '--cert', pki.collectorCert, '--key', pki.collectorKey];
  const done = runProgram(['listen', '--port', '0', ...files, ...args], io, [listenCommand]);
  t.teardown(() => {
    io.interrupt();
    return done;
  });
  const port = await until(() => /port (\d+)/.exec(io.err())?.[1], { what: 'listen to say its port' });
  return { io, port };
}

/** PHP closes without waiting for an answer, so that the kernel may reset what the collector still says. */
const ENDED = /\[1\] (ended|hung up without waiting for our answer .*); 1 message,/;

async function php(
  t: ExecutionContext<Context>,
  port: string,
  text: string,
  certificate: string,
  authority: string,
  times = 1,
) {
  const client = join(t.context.directory, 'client.php');
  await run('php', [client, port, certificate, authority, text, String(times)]);
}

test('the recipe’s message arrives over mutual TLS, and the client is shown as s_server showed it', async (t) => {
  const { io, port } = await listen(t);

  const certificate = join(t.context.directory, 'openemrcertkey.pem');
  await php(t, port, 'hello, this is a message\\n', certificate, t.context.pki.caFile);
  await until(() => ENDED.test(io.err()), { what: 'the end of the connection' });

  t.is(io.out(), 'hello, this is a message\n');
  t.regex(io.err(), /depth 1: CN=CertificateAuthority,C=US … ok\n.*depth 0: CN=openemr@localhost,C=US … ok/);
});

test('what OpenEMR’s ATNA sender writes is one message, whatever lines it has', async (t) => {
  const { io, port } = await listen(t);
  const header = '<13>2026-11-20T07:58:01-05:00 emr.clinic.example\\n';
  const xml = '<?xml version="1.0" encoding="ASCII"?>\\n <AuditMessage>\\n </AuditMessage>';

  await php(t, port, header + xml, join(t.context.directory, 'openemrcertkey.pem'), t.context.pki.caFile);
  await until(() => ENDED.test(io.err()), { what: 'the end of the connection' });

  t.is(io.out(), `${(header + xml).replaceAll('\\n', '#012')}\n`);
  t.regex(io.err(), /as OpenEMR’s own ATNA sender does/);
});

test('every message of a sender that closes over our session tickets is stored', async (t) => {
  const output = join(t.context.directory, 'received.log');
  const { io, port } = await listen(t, '--output', output);
  const times = Array.from({ length: 100 }, (_, index) => index + 1);
  const xml = '<13>2026-11-20T07:58:01-05:00 emr\\n<?xml version="1.0"?>\\n <AuditMessage>TIME</AuditMessage>';

  await php(t, port, xml, join(t.context.directory, 'openemrcertkey.pem'), t.context.pki.caFile, times.length);
  await until(() => io.err().match(/; \d messages?,/g)?.length === times.length, { what: 'the ends of all' });

  const stored = await readFile(output, 'utf8');
  t.deepEqual(
    [...stored.matchAll(/<AuditMessage>(\d+)</g)].map(([, time]) => Number(time)),
    times,
  );
});

test('without a certificate it is refused, unless certificates are only asked for', async (t) => {
  const strict = await listen(t);
  const lenient = await listen(t, '--verify', 'request');

  for (const { port } of [strict, lenient]) await php(t, port, 'hello\\n', '', t.context.pki.caFile).catch(() => {});
  await until(() => strict.io.err().includes('refused'), { what: 'the refusal' });
  await until(() => ENDED.test(lenient.io.err()), { what: 'the end of the connection' });

  t.regex(strict.io.err(), /refused: no client certificate/);
  t.is(strict.io.out(), '');
  t.is(lenient.io.out(), 'hello\n');
});

test('with another authority it does not trust us, and both sides say so', async (t) => {
  const { io, port } = await listen(t);
  const other = await makeTestPki();
  t.teardown(() => other.remove());

  const failure = await t.throwsAsync(
    php(t, port, 'hello\\n', join(t.context.directory, 'openemrcertkey.pem'), other.caFile),
  );
  await until(() => io.err().includes('refused'), { what: 'the refusal' });

  t.regex(failure?.message ?? '', /certificate verify failed|Failed to enable crypto/);
  t.regex(io.err(), /refused: the client does not accept our certificate/);
});
