import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { Stage } from '../support/agent.js';
import { makeTestPki, type PemPair, type TestPki } from '../support/certificates.js';
import { collecting } from '../support/collecting.js';
import { temporaryDirectory } from '../support/files.js';
import { until } from '../support/wait.js';

let pki: TestPki;
test.before(async () => {
  pki = await makeTestPki();
});
test.after.always(() => pki.remove());

test('the collector is told of a configuration and a certificate that were changed while the agent stood still', async (t) => {
  const collector = await collecting(t, pki);
  const directory = temporaryDirectory(t);
  const [agentCert, agentKey] = [join(directory, 'cert.pem'), join(directory, 'key.pem')];
  const install = ({ certFile, keyFile }: PemPair) => {
    copyFileSync(certFile, agentCert);
    copyFileSync(keyFile, agentKey);
  };
  const message = { appName: 'openemr' };
  const place = { host: 'localhost', port: collector.port };
  const stage = new Stage(t, { pki: { ...pki, agentCert, agentKey }, collectors: [place], message });
  const toldByARun = async () => {
    const before = collector.messages.length;
    const agent = await stage.start();
    await until(() => agent.caughtUp, { what: 'the start to be acknowledged' });
    await agent.stop();
    const told = collector.messages.slice(before).map(String);
    const kinds = told.flatMap((each) => /\[agent@32473 kind="([\w-]+)"/.exec(each)?.[1] ?? []);
    return kinds.filter((kind) => kind !== 'seal' && kind !== 'seal-certificate');
  };

  install(pki.agent);
  t.deepEqual(await toldByARun(), ['start', 'stop'], 'nobody knows what was before');
  t.deepEqual(await toldByARun(), ['start', 'stop'], 'nothing has changed');
  message.appName = 'emr';
  t.deepEqual(await toldByARun(), ['start', 'configuration', 'stop']);
  install(await pki.leaf('wildcard', 'agent'));
  t.deepEqual(await toldByARun(), ['start', 'certificate', 'stop']);
});
