/** `cert verify --host --config` judges a collector as the agent does: the same answer from both, whatever is configured. */
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:tls';
import test from 'ava';
import { stringify } from 'yaml';
import { runProgram } from '../../../src/cli/program.js';
import { loadConfig } from '../../../src/config/load.js';
import { connect } from '../../../src/link/connect.js';
import { capturedIo } from '../../support/captured-io.js';
import { makeStage } from '../../support/cert-stage.js';
import { makeTestPki, type TestPki } from '../../support/certificates.js';
import { LINKING } from '../../support/linking.js';

let pki: TestPki;
test.before(async () => {
  pki = await makeTestPki();
});
test.after.always(() => pki.remove());

type Case = readonly [
  variant: Parameters<TestPki['leaf']>[0],
  tls: Readonly<Record<string, unknown>>,
  taken: boolean,
  said: RegExp,
];

const NOTHING = `sha-256:${Array.from({ length: 32 }, () => '00').join(':')}`;

const CASES: readonly Case[] = [
  ['good', {}, true, /the certificate is for localhost/],
  ['wrong-usage', {}, false, /refused by this side: .*not meant for servers/],
  ['wrong-usage', { purpose: 'any' }, true, /not meant for servers; tls\.purpose: any accepts it/],
  ['other-authority', { purpose: 'any' }, false, /refused by this side/],
  ['common-name-only', {}, false, /is not for localhost; it is for no name at all/],
  ['common-name-only', { commonName: true }, true, /the certificate is for localhost/],
  ['wrong-name', { serverName: 'elsewhere.example' }, true, /the certificate is for elsewhere\.example/],
  ['wrong-name', { verify: 'chain' }, true, /its name is not checked/],
  ['expired', { verify: 'chain' }, false, /has expired/],
  ['expired', { verify: 'insecure' }, true, /has expired; tls\.verify: insecure accepts it/],
  ['good', { verify: 'fingerprint', fingerprints: [NOTHING] }, false, /none of the fingerprints/],
  ['good', { minVersion: 'TLSv1.3', serverVersion: 'TLSv1.2' }, false, /TLS/],
];

for (const [variant, { serverVersion = 'TLSv1.3', ...tls }, taken, said] of CASES) {
  const rules = JSON.stringify({ ...tls, fingerprints: undefined });
  test(`a collector whose certificate is ${variant} is ${taken ? 'taken' : 'refused'} by both with ${rules} (${serverVersion})`, async (t) => {
    const stage = await makeStage();
    t.teardown(stage.remove);
    const { cert, key } = await pki.leaf(variant);
    const server = createServer({ cert, key, ca: pki.ca, requestCert: true, maxVersion: serverVersion as 'TLSv1.2' });
    server.on('tlsClientError', () => undefined);
    server.on('secureConnection', (socket) => socket.on('error', () => undefined).resume());
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    t.teardown(() => server.close());
    const { port } = server.address() as AddressInfo;
    const file = stage.path('config.yaml');
    const configuration = {
      sources: [{ name: 'main', paths: [stage.path('a.log')] }],
      collectors: [{ host: 'localhost', port }],
      tls: { ca: pki.caFile, cert: pki.agentCert, key: pki.agentKey, ...tls },
    };
    await writeFile(file, stringify(configuration));

    const io = capturedIo();
    await runProgram(['cert', 'verify', '--config', file, '--host', `localhost:${port}`], io);
    const policy = (await loadConfig(file, {})).tls;
    const material = { ca: pki.ca, cert: pki.agent.cert, key: pki.agent.key, crl: undefined };
    const target = { host: 'localhost', address: '127.0.0.1', port };
    const agent = await connect(target, material, policy, LINKING, new AbortController().signal).then(
      (link) => {
        link.destroy();
        return true;
      },
      () => false,
    );

    t.regex(io.out(), said);
    t.deepEqual({ agent, visited: io.status() === 0 }, { agent: taken, visited: taken }, io.out());
  });
}
