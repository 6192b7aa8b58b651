/** `send` as the recipe's create_tls_conn: with and without authority, certificate and configuration, and every failure in words. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { stringify } from 'yaml';
import { runProgram } from '../../src/cli/program.js';
import { AgentError } from '../../src/lib/errors.js';
import { capturedIo } from '../support/captured-io.js';
import { makeTestPki, type TestPki } from '../support/certificates.js';
import { collecting } from '../support/collecting.js';
import { temporaryDirectory } from '../support/files.js';
import { freePort } from '../support/free-port.js';
import type { HostileCollector } from '../support/hostile-collector.js';
import { ALERT } from '../support/tls-alert.js';

let pki: TestPki;
test.before(async () => {
  pki = await makeTestPki();
});
test.after.always(() => pki.remove());

async function send(args: string[], stdin?: string) {
  const io = capturedIo(stdin === undefined ? {} : { stdin });
  try {
    await runProgram(['send', ...args], io);
  } catch (error) {
    // As main prints it.
    if (!(error instanceof AgentError)) throw error;
    return { out: io.out(), err: `${error.message}\nhint: ${error.hint}\n`, status: 1 };
  }
  return { out: io.out(), err: io.err(), status: io.status() };
}

const to = ({ port }: HostileCollector) => ['--host', 'localhost', '--port', String(port)];
const own = () => ['--cert', pki.agentCert, '--key', pki.agentKey];

test('a message arrives as RFC 5424 in a frame, and the acknowledgement is reported', async (t) => {
  const collector = await collecting(t, pki);
  const { out, err, status } = await send([...to(collector), '--ca', pki.caFile, ...own(), 'hello, this is a message']);
  t.is(status, 0, err);
  t.is(out, `sent 1 to localhost:${collector.port}, acknowledged (close-notify)\n`);
  t.is(err, '');
  t.is(collector.messages.length, 1);
  t.regex(
    String(collector.messages[0]),
    /^<85>1 \S+Z \S+ openemr-audit-forwarder \d+ SEND - hello, this is a message$/,
  );
});

test('without a message each line of standard input is sent, with a byte order mark if it is not ASCII', async (t) => {
  const collector = await collecting(t, pki);
  const { out } = await send([...to(collector), '--ca', pki.caFile, ...own()], 'one\ntwo\ngrün\n');
  t.regex(out, /^sent 3 to /);
  t.deepEqual(
    collector.messages.map((message) => String(message).replace(/^.* SEND - /, '')),
    ['one', 'two', '\ufeffgrün'],
  );
});

test('certificate and key can be in one file, and the collectors come from the configuration', async (t) => {
  const collector = await collecting(t, pki);
  const directory = temporaryDirectory(t);
  const combined = join(directory, 'openemrcertkey.pem');
  await writeFile(combined, pki.agent.cert + pki.agent.key, { mode: 0o600 });
  t.is((await send([...to(collector), '--ca', pki.caFile, '--cert', combined, 'x'])).status, 0);

  const config = join(directory, 'config.yaml');
  await writeFile(
    config,
    stringify({
      sources: [{ name: 'main', paths: ['/nowhere/*.log'] }],
      collectors: [{ host: 'localhost', port: collector.port }],
      tls: { ca: pki.caFile, cert: combined },
    }),
  );
  t.is((await send(['--config', config, 'y'])).status, 0);
  t.is(collector.messages.length, 2);
});

test('without --ca the collector is not verified, and send says so', async (t) => {
  const collector = await collecting(t, pki, {}, { identities: [await pki.leaf('self-signed')] });
  const { status, err } = await send([...to(collector), ...own(), 'x']);
  t.is(status, 0);
  t.is(err, `localhost:${collector.port} was not verified: there is no --ca\n`);
});

test('--verify chain accepts any certificate of the CA', async (t) => {
  const collector = await collecting(t, pki, {}, { identities: [await pki.leaf('wrong-name')] });
  const trusted = [...to(collector), '--ca', pki.caFile, ...own()];
  t.is((await send([...trusted, '--verify', 'chain', 'x'])).status, 0);
  const refused = await send([...trusted, 'x']);
  t.is(refused.status, 1);
  t.regex(
    refused.err,
    /not for localhost; it is for DNS:elsewhere\.example\nhint: connect by a name in the certificate/,
  );
});

type Failure = [what: string, prepare: (t: ExecutionContext) => Promise<string[]>, words: RegExp];

const failures: Failure[] = [
  [
    'nobody listens',
    async () => ['--host', 'localhost', '--port', String(await freePort()), '--ca', pki.caFile, ...own()],
    /localhost:\d+ \(\S+\): nothing listens on that port\nhint: start the collector/,
  ],
  [
    'the authority is another one',
    async (t) => {
      const other = await pki.leaf('other-authority');
      return [...to(await collecting(t, pki, {}, { identities: [other] })), '--ca', pki.caFile, ...own()];
    },
    /signed by a CA that is not in tls\.ca.*\nhint: /,
  ],
  [
    'the collector refuses our certificate after the handshake of TLS 1.3',
    async (t) => {
      const refuse = { level: 'fatal', description: ALERT.unknownCa } as const;
      return [...to(await collecting(t, pki, { tls: 'TLSv1.3', handshake: { refuse } })), '--ca', pki.caFile, ...own()];
    },
    /does not know the CA that signed our certificate \(tls\.cert\)\nhint: /,
  ],
  [
    'the file of the certificate is not there',
    async (t) => [...to(await collecting(t, pki)), '--ca', pki.caFile, '--cert', '/nowhere/cert.pem'],
    /\/nowhere\/cert\.pem: the certificate does not exist\nhint: /,
  ],
];
for (const [what, prepare, words] of failures) {
  test(`when ${what}, it is said in words, with what to do, and the exit status is 1`, async (t) => {
    const { status, err, out } = await send([...(await prepare(t)), 'x']);
    t.is(status, 1);
    t.regex(err, words);
    t.is(out, '');
  });
}
