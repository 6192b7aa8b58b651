/** Everything that `cert` makes is taken by OpenSSL (strict), by GnuTLS and by PHP. */
import { readFile, writeFile } from 'node:fs/promises';
import test, { type ExecutionContext } from 'ava';
import { makeStage, type Stage } from '../support/cert-stage.js';
import { runProgram } from '../support/program.js';

const KINDS = ['rsa-2048', 'rsa-3072', 'rsa-4096', 'p-256', 'p-384'] as const;

/** An authority, a collector, an agent, a request, a revocation list and a PKCS#12 file, by our commands. */
async function makeAll(t: ExecutionContext, kind: (typeof KINDS)[number]): Promise<Stage> {
  const stage = await makeStage();
  t.teardown(stage.remove);
  const { path, cert } = stage;
  await writeFile(path('pass'), 'correct horse');
  await cert(['init', stage.directory, '--key-type', kind, '--dns', 'hie.example.org', '--ip', '2001:db8::10']);
  const request = ['--subject', '/C=US/O=My Clinic, Inc./CN=emr.clinic.example', '--email', 'emr@clinic.example'];
  await cert(['request', ...request, '--key-type', kind, '--out', path('emr.csr'), '--key-out', path('emr.key')]);
  const signing = ['--ca', path('cacert.pem'), '--ca-key', path('cakey.pem')];
  await cert(['sign', path('emr.csr'), ...signing, '--yes', '--out', path('emr.pem')]);
  await cert(['revoke', path('hiecert.pem'), ...signing, '--crl', path('crl.pem'), '--reason', 'keyCompromise']);
  const pair = ['--cert', path('openemrcert.pem'), '--key', path('openemr.key'), '--ca', path('cacert.pem')];
  await cert(['p12', ...pair, '--out', path('openemr.p12'), '--passphrase-file', path('pass')]);
  return stage;
}

/** Runs openssl in the stage's directory and expects its yes. */
async function openssl(t: ExecutionContext, { directory }: Stage, ...args: string[]): Promise<string> {
  const { status, output } = await runProgram('openssl', args, { cwd: directory });
  t.is(status, 0, `openssl ${args.join(' ')}\n${output}`);
  return output;
}

for (const kind of KINDS) {
  test(`openssl takes what is made with ${kind} keys: certificates strictly, requests, keys, lists, PKCS#12`, async (t) => {
    const stage = await makeAll(t, kind);
    const strict = ['verify', '-x509_strict', '-check_ss_sig', '-auth_level', '2', '-CAfile', 'cacert.pem'];

    await openssl(t, stage, ...strict, 'cacert.pem');
    await openssl(t, stage, ...strict, '-purpose', 'sslclient', 'openemrcert.pem', 'emr.pem');
    const server = [...strict, '-purpose', 'sslserver'];
    await openssl(t, stage, ...server, '-verify_hostname', 'hie.example.org', 'hiecert.pem');
    await openssl(t, stage, ...server, '-verify_ip', '2001:db8::10', 'hiecert.pem');
    const wrong = await runProgram('openssl', [...server, 'openemrcert.pem'], { cwd: stage.directory });
    t.not(wrong.status, 0, "a client's certificate is none for a server");

    const request = await openssl(t, stage, 'req', '-in', 'emr.csr', '-verify', '-noout', '-text');
    t.regex(request, /verify OK/);
    t.regex(request, /DNS:emr\.clinic\.example|email:emr@clinic\.example/);
    t.regex(request, /TLS Web Client Authentication/);
    await openssl(t, stage, 'pkey', '-in', 'openemr.key', '-check', '-noout');
    t.regex(
      await openssl(t, stage, 'crl', '-in', 'crl.pem', '-verify', '-CAfile', 'cacert.pem', '-noout'),
      /verify OK/,
    );
    const checked = ['verify', '-crl_check', '-CRLfile', 'crl.pem', '-CAfile', 'cacert.pem'];
    await openssl(t, stage, ...checked, 'openemrcert.pem');
    const revoked = await runProgram('openssl', [...checked, 'hiecert.pem'], { cwd: stage.directory });
    t.regex(revoked.output, /certificate revoked/);
    const p12 = await openssl(t, stage, 'pkcs12', '-in', 'openemr.p12', '-passin', 'file:pass', '-info', '-noenc');
    t.regex(p12, /AES-256-CBC/);
    t.regex(p12, /MAC: sha256/);
    t.is(p12.match(/BEGIN CERTIFICATE/g)?.length, 2);
  });
}

for (const kind of ['rsa-3072', 'p-256', 'p-384'] as const) {
  test(`GnuTLS takes certificates, requests, lists and PKCS#12 files of ${kind} keys`, async (t) => {
    const stage = await makeAll(t, kind);
    const certtool = async (...args: string[]) => {
      const { status, output } = await runProgram('certtool', args, { cwd: stage.directory });
      t.is(status, 0, `certtool ${args.join(' ')}\n${output}`);
      return output;
    };

    for (const leaf of ['hiecert.pem', 'openemrcert.pem', 'emr.pem']) {
      t.regex(
        await certtool('--verify', '--load-ca-certificate', 'cacert.pem', '--infile', leaf),
        /Verified\. The certificate is trusted/,
      );
    }
    t.regex(await certtool('--crq-info', '--infile', 'emr.csr'), /Self signature: verified/);
    t.regex(await certtool('--verify-crl', '--load-ca-certificate', 'cacert.pem', '--infile', 'crl.pem'), /Verified/);
    const p12 = await certtool('--p12-info', '--inder', '--infile', 'openemr.p12', '--password', 'correct horse');
    t.regex(p12, /Elements: 2/);
  });
}

test('PHP reads certificate, key and PKCS#12 file, and finds that they belong together', async (t) => {
  const stage = await makeAll(t, 'p-256');
  const script = `
    $cert = openssl_x509_read(file_get_contents('openemrcertkey.pem'));
    $key = openssl_pkey_get_private(file_get_contents('openemrcertkey.pem'));
    openssl_pkcs12_read(file_get_contents('openemr.p12'), $p12, 'correct horse');
    echo json_encode([
      'subject' => openssl_x509_parse($cert)['subject'],
      'match' => openssl_x509_check_private_key($cert, $key),
      'purpose' => openssl_x509_checkpurpose($cert, X509_PURPOSE_SSL_CLIENT, [realpath('cacert.pem')]),
      'p12' => openssl_x509_check_private_key($p12['cert'], $p12['pkey']),
    ]);`;

  const { stdout, output } = await runProgram('php', ['-n', '-r', script], {
    cwd: stage.directory,
  });

  t.deepEqual(
    JSON.parse(stdout),
    { subject: { C: 'US', CN: 'openemr@localhost' }, match: true, purpose: true, p12: true },
    output,
  );
});

test('files of openssl are taken by us: requests, encrypted keys, PKCS#7, PKCS#12 of today and of old', async (t) => {
  const stage = await makeAll(t, 'p-256');
  const { path, cert } = stage;
  const subject = ['-subj', '/C=US/O=Clinic/CN=emr.example', '-addext', 'subjectAltName=DNS:emr.example'];
  await openssl(
    t,
    stage,
    'req',
    '-new',
    '-newkey',
    'rsa:2048',
    '-noenc',
    '-keyout',
    'their.key',
    '-out',
    'their.csr',
    ...subject,
  );
  await openssl(
    t,
    stage,
    'rsa',
    '-in',
    'their.key',
    '-aes256',
    '-traditional',
    '-passout',
    'file:pass',
    '-out',
    'old-style.key',
  );
  const signing = ['--ca', path('cacert.pem'), '--ca-key', path('cakey.pem'), '--yes'];
  await cert(['sign', path('their.csr'), ...signing, '--out', path('their.pem')]);
  await openssl(
    t,
    stage,
    'crl2pkcs7',
    '-nocrl',
    '-certfile',
    'their.pem',
    '-certfile',
    'cacert.pem',
    '-outform',
    'DER',
    '-out',
    'their.p7b',
  );
  // With -stream it tells lengths at the end, as BER allows.
  const signed = ['cms', '-sign', '-stream', '-binary', '-nodetach', '-in', 'their.csr', '-outform', 'DER'];
  const signer = ['-signer', 'their.pem', '-inkey', 'their.key', '-certfile', 'cacert.pem'];
  await openssl(t, stage, ...signed, ...signer, '-out', 'streamed.p7b');
  const p12 = ['pkcs12', '-export', '-in', 'their.pem', '-inkey', 'their.key', '-passout', 'file:pass'];
  await openssl(t, stage, ...p12, '-out', 'today.p12');
  await openssl(t, stage, ...p12, '-legacy', '-out', 'legacy.p12');

  const pass = ['--passphrase-file', path('pass'), '--json'];
  const kinds = async (name: string) => {
    const [{ contents }] = JSON.parse((await cert(['show', path(name), ...pass])).stdout);
    return contents.map(({ kind }: { kind: string }) => kind);
  };
  t.deepEqual(await kinds('their.csr'), ['request']);
  t.deepEqual(await kinds('old-style.key'), ['key']);
  t.deepEqual(await kinds('their.p7b'), ['certificate', 'certificate']);
  t.deepEqual((await readFile(path('streamed.p7b'))).subarray(0, 2), Buffer.of(0x30, 0x80));
  t.deepEqual(await kinds('streamed.p7b'), ['certificate', 'certificate']);
  t.deepEqual(await kinds('today.p12'), ['certificate', 'key']);
  await t.throwsAsync(cert(['show', path('legacy.p12'), ...pass]), { code: 'p12-legacy' });

  // The remedy that the error names.
  await openssl(
    t,
    stage,
    'pkcs12',
    '-legacy',
    '-in',
    'legacy.p12',
    '-noenc',
    '-passin',
    'file:pass',
    '-out',
    'plain.pem',
  );
  const files = ['--cert', path('plain.pem'), '--key', path('plain.pem'), '--passphrase-file', path('pass')];
  await cert(['p12', ...files, '--out', path('new.p12')]);
  t.deepEqual(await kinds('new.p12'), ['certificate', 'key']);
});

test('what openssl refuses at security level 2 is named before any handshake', async (t) => {
  const stage = await makeAll(t, 'rsa-2048');
  const { path, cert } = stage;
  const weak = async (name: string, bits: number, ...digest: string[]) => {
    const request = ['req', '-new', '-noenc', '-newkey', `rsa:${bits}`, '-subj', '/C=US/CN=old.example'];
    await openssl(t, stage, ...request, '-keyout', `${name}.key`, '-out', `${name}.csr`);
    const sign = [
      'x509',
      '-req',
      '-in',
      `${name}.csr`,
      '-CA',
      'cacert.pem',
      '-CAkey',
      'cakey.pem',
      '-set_serial',
      '10',
    ];
    await openssl(t, stage, ...sign, '-days', '30', ...digest, '-out', `${name}.pem`);
    const files = ['--ca', path('cacert.pem'), '--cert', path(`${name}.pem`), '--key', path(`${name}.key`)];
    return cert(['verify', ...files]);
  };

  const small = await weak('small', 1024);
  t.is(small.exitStatus, 1);
  t.regex(small.stdout, /BAD.*its RSA key has 1024 bits/);
  t.regex(small.stdout, /ERR_SSL_EE_KEY_TOO_SMALL/);
  const sha1 = await weak('sha1', 2048, '-sha1');
  t.is(sha1.exitStatus, 1);
  t.regex(sha1.stdout, /BAD.*signed with SHA1/);
  const md5 = await weak('md5', 2048, '-md5');
  t.regex(md5.stdout, /BAD.*signed with MD5/);
  const version1 = await weak('version1', 2048);
  t.is(version1.exitStatus, 0, version1.stdout);
  t.regex(version1.stdout, /warning .*version 1/);
  t.true((await readFile(path('version1.pem'))).length > 0);
});
