/** What `check` says of certificates: ours from the files, the collector's from a real handshake. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { stringify } from 'yaml';
import { runProgram } from '../../../src/cli/program.js';
import { writeKey } from '../../../src/pki/files/keys.js';
import { pemOf } from '../../../src/pki/inspect.js';
import { capturedIo } from '../../support/captured-io.js';
import { makeTestPki, type PemPair, type TestPki } from '../../support/certificates.js';
import { collecting } from '../../support/collecting.js';
import { type Craft, craft } from '../../support/crafted.js';
import { temporaryDirectory } from '../../support/files.js';
import { ALERT } from '../../support/tls-alert.js';

let pki: TestPki;
test.before(async () => {
  pki = await makeTestPki();
});
test.after.always(() => pki.remove());

async function check(t: ExecutionContext, port: number, tls: object = {}, ...args: string[]) {
  const directory = temporaryDirectory(t);
  const file = join(directory, 'config.yaml');
  await writeFile(
    file,
    stringify({
      sources: [{ name: 'main', paths: [join(directory, '*.log')], format: 'text' }],
      collectors: [{ host: 'localhost', port }],
      tls: { ca: pki.caFile, cert: pki.agentCert, key: pki.agentKey, ...tls },
      journal: { directory: join(directory, 'journal'), keepFree: '0%' },
    }),
  );
  const io = capturedIo();
  await runProgram(['check', '--config', file, ...args], io);
  return { out: io.out(), status: io.status() };
}

/** In a file of its own: tests run side by side. */
async function listed(t: ExecutionContext, ...given: Parameters<TestPki['revoke']>): Promise<string> {
  const path = join(temporaryDirectory(t), 'crl.pem');
  await writeFile(path, (await pki.revoke(...given)).crl);
  return path;
}

/** For the collector, or for us when `purposes` says so. */
async function made(options: Partial<Craft>): Promise<Pick<PemPair, 'cert' | 'key'>> {
  const { certificate, key } = await craft({
    name: 'made',
    issuer: pki.authority,
    authority: false,
    keyUsage: ['digitalSignature'],
    purposes: ['server'],
    dns: ['localhost'],
    ...options,
  });
  return { cert: pemOf(certificate), key: writeKey(key) };
}

test('both certificates are shown with their days left, and how the connection is protected', async (t) => {
  const crl = await listed(t, [], 20);
  const { port } = await collecting(t, pki, { tls: 'TLSv1.3' });
  const { out, status } = await check(t, port, { crl });
  t.is(status, 0, out);
  t.regex(
    out,
    /^ok {7}certificate CN=openemr@localhost,C=US, signed by CN=CertificateAuthority,C=US, until \S+ \(39\d days left\)$/m,
  );
  t.regex(out, /^ok {7}revocation list \(tls\.crl\) until \S+ \(19 days left\)$/m);
  t.regex(out, /^ok {7}collector localhost:\d+ \(127\.0\.0\.1\): TLSv1\.3, TLS_AES_256_GCM_SHA384$/m);
  t.true(out.includes(pki.collector.fingerprint));
});

test('few days left are a warning, for ours, for theirs and for the revocation list', async (t) => {
  const directory = temporaryDirectory(t);
  const own = await made({ purposes: ['client'], until: 12.5 });
  const files = { cert: join(directory, 'cert.pem'), key: join(directory, 'key.pem') };
  await writeFile(files.cert, own.cert);
  await writeFile(files.key, own.key, { mode: 0o600 });
  const crl = await listed(t, [], 1);
  const { port } = await collecting(t, pki, {}, { identities: [await made({ until: 1.5 })] });
  const { out, status } = await check(t, port, { ...files, crl });
  t.is(status, 0, out);
  t.regex(
    out,
    /^warning {2}certificate CN=made.* \(12 days left\)\n +hint: renew it: openemr-audit-forwarder cert renew/m,
  );
  t.regex(out, /^warning {4}its certificate: CN=made.*,C=US.* \(1 day left\)\n +hint: tell the collector’s operator/m);
  t.regex(
    out,
    /^warning {2}revocation list \(tls\.crl\) until \S+ \(0 days left\); then every collector is refused\n +hint: /m,
  );
});

test('a revocation list that has ended is a failure, said once, with what to do', async (t) => {
  const crl = await listed(t, [], -1);
  const { out, status } = await check(t, 1, { crl }, '--offline');
  t.is(status, 1);
  t.regex(
    out,
    /^FAILED {3}revocation list \(tls\.crl\) expired on \S+: every collector is refused\n +hint: .*cert revoke$/m,
  );
  t.is(out.match(/expired on/g)?.length, 1);
});

test('a revoked collector is refused', async (t) => {
  const crl = await listed(t, [pki.collector.certificate]);
  const { port } = await collecting(t, pki);
  const { out, status } = await check(t, port, { crl });
  t.is(status, 1);
  t.regex(
    out,
    /^FAILED {3}localhost:\d+ \(127\.0\.0\.1\): the collector’s certificate was revoked \(tls\.crl\)\n +hint: /m,
  );
});

test('a collector that is not meant for servers is refused, or taken with a warning where that is asked for', async (t) => {
  const { port } = await collecting(t, pki, {}, { identities: [await made({ purposes: ['client'] })] });
  const refused = await check(t, port);
  t.is(refused.status, 1);
  t.regex(refused.out, /not meant for servers .*\n +hint: .*tls\.purpose: any/);
  const taken = await check(t, port, { purpose: 'any' });
  t.is(taken.status, 0, taken.out);
  t.regex(taken.out, /^warning {4}its certificate is not for servers \(extended key usage\); accepted because of/m);
});

for (const tls of ['TLSv1.2', 'TLSv1.3'] as const) {
  test(`a collector that refuses our certificate over ${tls} says why`, async (t) => {
    const refuse = { level: 'fatal', description: ALERT.certificateExpired } as const;
    const { port } = await collecting(t, pki, { tls, handshake: { refuse } });
    const { out, status } = await check(t, port);
    t.is(status, 1);
    t.regex(
      out,
      /^FAILED {3}localhost:\d+ .*the collector says that our certificate \(tls\.cert\) has expired\n +hint: renew it/m,
    );
  });
}

test('what OpenSSL would refuse is named by file and key before any handshake', async (t) => {
  const { certFile: cert, keyFile: key } = await pki.leaf('expired', 'agent');
  const { out, status } = await check(t, 1, { cert, key });
  t.is(status, 1);
  t.regex(out, /^FAILED {3}tls\.cert .+expired-agent\.pem: the certificate expired on /m);
  t.false(out.includes('collector localhost'), 'no handshake');
});

test('tls.verify insecure is a warning', async (t) => {
  const { out } = await check(t, 1, { verify: 'insecure' }, '--offline');
  t.regex(out, /^warning {2}tls\.verify is insecure: .*\n +hint: set tls\.verify to name/m);
});
