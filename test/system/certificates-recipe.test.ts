/**
 * The recipe of 2010 step by step, by our commands, with `openssl s_server` and
 * PHP as the other side, as before. The table in docs/certificates.md names
 * these tests.
 */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { makeStage, type Stage } from '../support/cert-stage.js';
import { Daemon } from '../support/daemon.js';
import { freePort, isListening } from '../support/free-port.js';
import { runProgram } from '../support/program.js';
import { until } from '../support/wait.js';

/** The shape of the recipe's function, in today's PHP: the same arguments, context options and calls. */
const CREATE_TLS_CONN = `
function create_tls_conn($host, $port, $localcert, $cafile) {
    $ssl = [];
    if ((string) $cafile !== '') {
        $ssl += ['cafile' => $cafile, 'verify_peer' => true, 'verify_depth' => 10];
    }
    if ((string) $localcert !== '') {
        $ssl['local_cert'] = $localcert;
    }
    $context = stream_context_create(['tls' => $ssl, 'ssl' => $ssl]);
    return @stream_socket_client("tls://$host:$port", $errno, $error, 60, STREAM_CLIENT_CONNECT, $context);
}
[, $host, $port, $localcert, $cafile] = $argv;
$conn = create_tls_conn($host, (int) $port, $localcert, $cafile);
if ($conn === false) {
    echo "create_tls_conn failed\\n";
    exit(1);
}
fwrite($conn, "hello, this is a message\\n");
fclose($conn);
echo "sent\\n";
`;

interface Server {
  readonly port: number;
  said(): Promise<string>;
}

/** The recipe's `openssl s_server` command line in today's spelling: without `-tls1`, which nobody takes any more. */
async function sServer(t: ExecutionContext, stage: Stage, ...more: string[]): Promise<Server> {
  const port = await freePort();
  const directory = await mkdtemp(join(tmpdir(), 'recipe-'));
  const { path } = stage;
  const files = ['-CAfile', path('cacert.pem'), '-key', path('hie.key'), '-cert', path('hiecert.pem')];
  const output = join(directory, 'output');
  const daemon = await Daemon.start({
    command: 'openssl',
    args: ['s_server', '-verify', '10', ...files, '-accept', `127.0.0.1:${port}`, ...more],
    outputFile: output,
    ready: () => isListening(port),
  });
  t.teardown(async () => {
    await daemon.stop();
    await rm(directory, { recursive: true, force: true });
  });
  return { port, said: async () => `${await readFile(output, 'utf8')}${await readFile(`${output}.err`, 'utf8')}` };
}

function php(port: number, localcert: string, cafile: string) {
  return runProgram('php', ['-n', '-r', CREATE_TLS_CONN, '--', '127.0.0.1', String(port), localcert, cafile]);
}

async function initialised(t: ExecutionContext, ...args: string[]): Promise<Stage> {
  const stage = await makeStage();
  t.teardown(stage.remove);
  await stage.cert(['init', stage.directory, ...args]);
  return stage;
}

test('cert init: the seven files, and PHP talks with them to the recipe’s s_server', async (t) => {
  const stage = await initialised(t);
  const server = await sServer(t, stage);

  const sent = await php(server.port, stage.path('openemrcertkey.pem'), stage.path('cacert.pem'));

  t.is(sent.stdout, 'sent\n', sent.output);
  const said = await until(
    async () => {
      const text = await server.said();
      return text.includes('hello, this is a message') && text;
    },
    { what: 'the message to arrive' },
  );
  t.regex(said, /depth=1 C = US, CN = CertificateAuthority\s+verify return:1/);
  t.regex(said, /depth=0 C = US, CN = openemr@localhost\s+verify return:1/);
  t.regex(said, /CIPHER is (TLS_|ECDHE-)/);
  t.notRegex(said, /verify error/);
});

test('cert ca, cert issue: the recipe’s commands one by one, with its subjects and serial numbers', async (t) => {
  const stage = await makeStage();
  t.teardown(stage.remove);
  const { path, cert } = stage;
  await cert([
    'ca',
    '--subject',
    '/C=US/CN=CertificateAuthority',
    '--out',
    path('cacert.pem'),
    '--key-out',
    path('cakey.pem'),
  ]);
  const issue = ['issue', '--ca', path('cacert.pem'), '--ca-key', path('cakey.pem'), '--days', '365'];
  const collector = ['--subject', '/C=US/CN=hie@machine.com', '--serial', '10', '--server', '--ip', '127.0.0.1'];
  await cert([...issue, ...collector, '--out', path('hiecert.pem'), '--key-out', path('hie.key')]);
  const agent = ['--subject', '/C=US/CN=openemr@localhost', '--serial', '11', '--client'];
  const files = ['--out', path('openemrcert.pem'), '--key-out', path('openemr.key')];
  await cert([...issue, ...agent, ...files, '--combined', path('openemrcertkey.pem')]);
  const server = await sServer(t, stage);

  const sent = await php(server.port, path('openemrcertkey.pem'), path('cacert.pem'));

  t.is(sent.stdout, 'sent\n', sent.output);
  const serial = await runProgram('openssl', ['x509', '-in', path('openemrcert.pem'), '-noout', '-serial', '-subject']);
  t.regex(serial.stdout, /serial=0B/);
  t.regex(serial.stdout, /C = US, CN = openemr@localhost/);
});

test('create_tls_conn: with or without a certificate, as the server asks; and to nobody whom the authority did not sign', async (t) => {
  const stage = await initialised(t, '--key-type', 'p-256');
  const lenient = await sServer(t, stage);
  const strict = await sServer(t, stage, '-Verify', '10', '-verify_return_error', '-tls1_2');

  const anonymous = await php(lenient.port, '', stage.path('cacert.pem'));
  const refused = await php(strict.port, '', stage.path('cacert.pem'));
  const stranger = await initialised(t, '--key-type', 'p-256');
  const untrusted = await php(lenient.port, stage.path('openemrcertkey.pem'), stranger.path('cacert.pem'));
  const unknown = await php(strict.port, stranger.path('openemrcertkey.pem'), stage.path('cacert.pem'));

  t.is(anonymous.stdout, 'sent\n', anonymous.output);
  for (const failed of [refused, untrusted, unknown]) t.is(failed.stdout, 'create_tls_conn failed\n');
});

test('cert verify --host: what s_server shows, seen from the other side', async (t) => {
  const stage = await initialised(t, '--key-type', 'p-256');
  const server = await sServer(t, stage, '-Verify', '10', '-verify_return_error');
  const stranger = await initialised(t, '--key-type', 'p-256');
  const host = ['--host', `localhost:${server.port}`];

  const good = await stage.cert(['verify', '--dir', stage.directory, ...host]);
  const files = ['--cert', stranger.path('openemrcert.pem'), '--key', stranger.path('openemr.key')];
  const refused = await stage.cert(['verify', '--ca', stage.path('cacert.pem'), ...files, ...host]);
  const nobody = await stage.cert([
    'verify',
    '--dir',
    stranger.path('absent'),
    '--ca',
    stage.path('cacert.pem'),
    ...host,
  ]);
  const distrusted = await stage.cert(['verify', '--dir', stranger.directory, ...host]);

  t.is(good.exitStatus, 0, good.stdout);
  t.regex(good.stdout, /TLSv1\.3/);
  t.regex(good.stdout, /depth 0 {2}CN=hie@machine\.com,C=US, signed by CN=CertificateAuthority,C=US/);
  t.regex(refused.stdout, /BAD +refused by the collector: /);
  t.regex(nobody.stdout, /asks for a client certificate and got none/);
  t.regex(distrusted.stdout, /BAD +refused by this side: /);
  for (const failed of [refused, nobody, distrusted]) t.is(failed.exitStatus, 1, failed.stdout);
});

test('the files of the recipe, made by its openssl commands with 3072 bits, still work', async (t) => {
  const stage = await makeStage();
  t.teardown(stage.remove);
  const { path } = stage;
  const script = `
    openssl req -new -x509 -noenc -subj /C=US/CN=CertificateAuthority -newkey rsa:3072 -keyout cakey.pem -out cacert.pem
    for name in hie openemr; do
      [ $name = hie ] && subject=/C=US/CN=hie@machine.com || subject=/C=US/CN=openemr@localhost
      openssl req -new -noenc -subj $subject -newkey rsa:3072 -keyout $name.key -out $name.req
      openssl x509 -days 365 -CA cacert.pem -CAkey cakey.pem -set_serial 10 -req -in $name.req -out \${name}cert.pem
    done
    cat openemrcert.pem openemr.key > openemrcertkey.pem`;
  const made = await runProgram('sh', ['-e', '-c', script], { cwd: stage.directory });
  t.is(made.status, 0, made.output);

  const combined = ['--cert', path('openemrcertkey.pem'), '--ca', path('cacert.pem')];
  const { stdout, exitStatus } = await stage.cert(['verify', ...combined]);

  t.is(exitStatus, 0, stdout);
  t.regex(stdout, /warning .*no subject alternative name/);
  const renewed = stage.cert(['renew', '--dir', stage.directory, '--ca-key', path('cakey.pem')]);
  await t.throwsAsync(renewed, { code: 'no-name', message: /no subject alternative name/ });
});
