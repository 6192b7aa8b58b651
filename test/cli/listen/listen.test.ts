import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import anyTest, { type ExecutionContext, type TestFn } from 'ava';
import { listenCommand } from '../../../src/cli/listen/listen.js';
import { runProgram } from '../../../src/cli/program.js';
import { UsageError } from '../../../src/cli/usage-error.js';
import { type CapturedIo, capturedIo } from '../../support/captured-io.js';
import { makeTestPki, type TestPki } from '../../support/certificates.js';
import { until, within } from '../../support/wait.js';
import { WireClient } from '../../support/wire-client.js';

type Context = { pki: TestPki; directory: string };

const test = anyTest as TestFn<Context>;
test.before(async (t) => {
  t.context = { pki: await makeTestPki(), directory: await mkdtemp(join(tmpdir(), 'listen-')) };
});
test.after.always(async ({ context }) => {
  await context.pki?.remove();
  await rm(context.directory, { recursive: true, force: true });
});

interface Listening {
  readonly io: CapturedIo;
  readonly port: number;
  readonly done: Promise<void>;
}

function run({ pki }: Context, args: readonly string[], io = capturedIo()) {
  const files = ['--ca', pki.caFile, '--cert', pki.collectorCert, '--key', pki.collectorKey];
  return { io, done: runProgram(['listen', '--port', '0', ...files, ...args], io, [listenCommand]) };
}

/** Runs it until it listens; it is ended with the test. */
async function listen(t: ExecutionContext<Context>, ...args: string[]): Promise<Listening> {
  const { io, done } = run(t.context, args);
  let failed: unknown;
  done.catch((error: unknown) => {
    failed = error;
  });
  t.teardown(() => {
    io.interrupt();
    return done;
  });
  const port = await until(
    () => {
      if (failed !== undefined) throw failed;
      return /listening on 127\.0\.0\.1 port (\d+)|"port":(\d+)/
        .exec(io.err() + io.out())
        ?.slice(1)
        .find(Boolean);
    },
    { what: 'listen to say where it listens' },
  );
  return { io, done, port: Number(port) };
}

function connect(t: ExecutionContext<Context>, port: number, withCertificate = true): WireClient {
  const { ca, agent } = t.context.pki;
  const client = new WireClient({ port, ca, ...(withCertificate ? { cert: agent.cert, key: agent.key } : {}) });
  t.teardown(() => client.destroy());
  return client;
}

/** Sends and is answered. */
async function deliver(t: ExecutionContext<Context>, port: number, bytes: string | Buffer): Promise<readonly string[]> {
  const client = connect(t, port);
  await client.write(bytes);
  client.sayCloseNotify();
  return client.ending();
}

async function interrupted({ io, done }: Listening): Promise<void> {
  io.interrupt();
  await within(done, { what: 'listen to end' });
}

test('prints each message on standard output and who connected on standard error', async (t) => {
  const listening = await listen(t);

  t.deepEqual(await deliver(t, listening.port, '5 hello3 a\nb'), ['close_notify', 'FIN']);
  await interrupted(listening);

  t.is(listening.io.out(), 'hello\na#012b\n');
  const said = listening.io.err();
  t.regex(said, /^\[1\] 127\.0\.0\.1:\d+ connected: TLSv1\.3, TLS_AES_256_GCM_SHA384$/m);
  t.regex(said, /^\[1\] depth 1: CN=CertificateAuthority,C=US … ok$/m);
  t.regex(said, /^\[1\] depth 0: CN=openemr@localhost,C=US … ok$/m);
  t.regex(said, /issued by CN=CertificateAuthority,C=US, valid from \d{4}-\d\d-\d\d to \d{4}-\d\d-\d\d$/m);
  t.true(said.includes(t.context.pki.agent.fingerprint));
  t.regex(said, /^\[1\] verify result: ok$/m);
  t.regex(said, /^\[1\] sends octet-counted frames \(RFC 5425\)$/m);
  t.regex(said, /^\[1\] ended; 2 messages, 12 B$/m);
  t.regex(said, /^2 messages, 8 B, from 1 connection; 0 refused$/m);
  t.is(listening.io.status(), 0);
});

test('says in which way a client frames its messages', async (t) => {
  const listening = await listen(t);
  const header = '<13>2026-11-20T07:58:01-05:00 emr.clinic.example';

  await deliver(t, listening.port, 'hello, this is a message\n');
  await deliver(t, listening.port, `${header}\n<?xml version="1.0"?>\n <AuditMessage/>`);
  await interrupted(listening);

  t.is(listening.io.out(), `hello, this is a message\n${header}#012<?xml version="1.0"?>#012 <AuditMessage/>\n`);
  t.regex(listening.io.err(), /^\[1\] sends lines, without RFC 5425 frames$/m);
  t.regex(listening.io.err(), /^\[2\] sends a header and XML without any frame, as OpenEMR’s own/m);
});

test('refuses who shows no certificate or a bad one, with its chain, and counts them', async (t) => {
  const listening = await listen(t);
  const bad = await t.context.pki.leaf('other-authority', 'agent');

  await connect(t, listening.port, false).ending();
  const { ca } = t.context.pki;
  const client = new WireClient({ port: listening.port, ca, cert: bad.cert, key: bad.key });
  await client.ending();
  client.destroy();
  await until(() => listening.io.err().includes('not in the CA file'), { what: 'the second refusal' });
  await interrupted(listening);

  const said = listening.io.err();
  t.regex(said, /^\[1\] 127\.0\.0\.1:\d+ refused: no client certificate$/m);
  t.regex(said, /^\[2\] 127\.0\.0\.1:\d+ refused: signed by a CA that is not in the CA file \(UNABLE_TO/m);
  t.regex(said, /^\[2\] depth 0: CN=openemr@localhost,C=US … signed by a CA that is not in the CA file$/m);
  t.true(said.includes(`authorities are read from ${t.context.pki.caFile}`));
  t.regex(said, /^0 messages, 0 B, from 0 connections; 2 refused$/m);
});

test('keeps a message a line, and adds to what is there', async (t) => {
  const output = join(t.context.directory, 'lines');
  await writeFile(output, 'before\n');
  const listening = await listen(t, '--output', output, '--quiet');

  await deliver(t, listening.port, Buffer.concat([Buffer.from('9 a\tb\r\nc\0é'), Buffer.from('5 hello')]));
  t.is(await readFile(output, 'latin1'), Buffer.from('before\na\tb#015#012c#000é\nhello\n').toString('latin1'));
  await interrupted(listening);

  t.is(listening.io.out(), '');
});

test('keeps frames byte for byte, whatever is in them', async (t) => {
  const output = join(t.context.directory, 'raw');
  const listening = await listen(t, '--output', output, '--raw');
  const octets = Buffer.from(Array.from({ length: 256 }, (_, octet) => octet));

  await deliver(t, listening.port, Buffer.concat([Buffer.from('256 '), octets, Buffer.from('5 hello')]));

  t.deepEqual(await readFile(output), Buffer.concat([Buffer.from('256 '), octets, Buffer.from('5 hello')]));
});

test('has on the disk what it answers for', async (t) => {
  const output = join(t.context.directory, 'answered');
  const listening = await listen(t, '--output', output, '--raw', '--quiet');
  const stream = `1000 ${'x'.repeat(1000)}`.repeat(5000);

  const signs = await deliver(t, listening.port, stream);

  t.deepEqual(signs, ['close_notify', 'FIN']);
  t.is((await readFile(output)).length, stream.length);
});

test('gives no answer when it cannot keep a message, says why, and goes on', async (t) => {
  const listening = await listen(t, '--output', '/dev/full', '--quiet');

  const signs = await deliver(t, listening.port, '5 hello');
  await deliver(t, listening.port, '5 world');
  await interrupted(listening);

  t.false(signs.includes('close_notify'));
  t.regex(listening.io.err(), /^\[1\] closed by us without an answer: cannot write messages to \/dev\/full: .*ENOSPC/m);
  t.regex(listening.io.err(), /^\[2\] closed by us without an answer/m);
});

test('speaks JSON, an object a line, and base64 for what is no text', async (t) => {
  const listening = await listen(t, '--json');

  await deliver(t, listening.port, Buffer.concat([Buffer.from('5 hello2 '), Buffer.from([0xff, 0xfe])]));
  await interrupted(listening);

  const objects = listening.io
    .out()
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
  t.deepEqual(
    objects.map(({ what }) => what),
    ['listening', 'connected', 'framing', 'message', 'message', 'ended', 'summary'],
  );
  t.like(objects[1], { number: 1, protocol: 'TLSv1.3', verdict: { name: 'verified' } });
  t.like(objects[3], { number: 1, text: 'hello' });
  t.like(objects[4], { number: 1, base64: '//4=' });
  t.like(objects[5], { ending: { name: 'closed' }, messages: 2, bytes: 11, framing: 'octet-counted' });
  t.is(listening.io.err(), '');
});

test('ends by itself after --count messages, and the client is answered', async (t) => {
  const listening = await listen(t, '--count', '2');

  t.deepEqual(await deliver(t, listening.port, '5 hello5 world'), ['close_notify', 'FIN']);
  await within(listening.done, { what: 'listen to end' });

  t.is(listening.io.status(), 0);
});

test('interrupted before --count messages, it says so by its exit status', async (t) => {
  const listening = await listen(t, '--count', '2');

  await deliver(t, listening.port, '5 hello');
  await interrupted(listening);

  t.is(listening.io.status(), 1);
});

test('takes anybody with --verify request and asks nobody with --verify none', async (t) => {
  for (const [how, words] of [
    ['request', /verify result: it showed no certificate; taken all the same/],
    ['none', /no certificate was asked for/],
  ] as const) {
    const listening = await listen(t, '--verify', how);
    const client = connect(t, listening.port, false);
    await client.write('5 hello');
    client.sayCloseNotify();
    await client.ending();
    await interrupted(listening);

    t.is(listening.io.out(), 'hello\n');
    t.regex(listening.io.err(), words);
  }
});

const wrong: [title: string, args: string[], message: RegExp, hint: RegExp][] = [
  ['a missing authority', ['--ca', '/nowhere/cacert.pem'], /certificate of the authority \/nowhere/, /cert init \.$/],
  ['a missing certificate', ['--cert', '/nowhere/hie.pem'], /the certificate \/nowhere.*no such file/, /--cert/],
  ['a missing key', ['--key', '/nowhere/hie.key'], /the key \/nowhere/, /--key/],
  ['a directory for a key', ['--key', '/'], /cannot read the key \/: EISDIR/, /name another by --key/],
  ['--raw without --output', ['--raw'], /--raw/, /--output FILE/],
  ['a port that is none', ['--port', '70000'], /65535/, /--help/],
  ['a count that is none', ['--count', '0'], /whole number/, /--help/],
];

for (const [title, args, message, hint] of wrong) {
  test(`refuses ${title} as wrong usage, and says what to do`, async (t) => {
    const { done } = run(t.context, args);

    const error = await t.throwsAsync(done, { instanceOf: UsageError });

    t.regex(error?.message ?? '', message);
    t.regex(error?.hint ?? '', hint);
  });
}

test('says which key does not belong to which certificate', async (t) => {
  const { agentKey, collectorCert } = t.context.pki;
  const { done } = run(t.context, ['--key', agentKey]);

  const error = await t.throwsAsync(done, { instanceOf: UsageError });

  t.is(error?.message, `the key does not belong to the certificate (${collectorCert}, ${agentKey})`);
});

test('takes its files in any form, and names the place of what is damaged in one', async (t) => {
  const { directory, pki } = t.context;
  const [der, cut] = [join(directory, 'ca.der'), join(directory, 'cut.pem')];
  await writeFile(der, pki.authority.certificate.raw);
  const listening = await listen(t, '--ca', der);
  await deliver(t, listening.port, '5 hello');
  await interrupted(listening);
  t.is(listening.io.out(), 'hello\n');

  await writeFile(cut, `${pki.ca}${pki.ca.slice(0, 100)}`);
  const { done } = run(t.context, ['--ca', cut]);
  const error = await t.throwsAsync(done, { instanceOf: UsageError });
  t.regex(error?.message ?? '', /cut\.pem, line \d+: this BEGIN line has no END line/);
  t.regex(error?.hint ?? '', /copy it again.*or name another by --ca/);
});

test('says that the port is taken', async (t) => {
  const { port } = await listen(t);

  const { done } = run(t.context, ['--port', String(port)]);

  await t.throwsAsync(done, { code: 'cannot-listen', message: /another program listens there/ });
});

test('says that the output cannot be written', async (t) => {
  const { done } = run(t.context, ['--output', '/nowhere/at/all']);

  await t.throwsAsync(done, { code: 'output-unwritable', message: /cannot write messages to \/nowhere\/at\/all/ });
});
