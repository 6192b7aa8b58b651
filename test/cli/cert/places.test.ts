import { readFile, writeFile } from 'node:fs/promises';
import test, { type ExecutionContext } from 'ava';
import { certCommand } from '../../../src/cli/cert/cert.js';
import { runProgram } from '../../../src/cli/program.js';
import { capturedIo } from '../../support/captured-io.js';
import { makeTestPki } from '../../support/certificates.js';

/** The whole program, so that `--config` is there; certificates as the configuration names them. */
async function configured(t: ExecutionContext, tls: (pki: Awaited<ReturnType<typeof makeTestPki>>) => string) {
  const pki = await makeTestPki();
  t.teardown(pki.remove);
  const config = `${pki.directory}/config.yaml`;
  const text = `sources: [{ name: main, paths: ["/var/log/x.log"] }]\ncollectors: [{ host: hie.example.org }]\ntls:\n${tls(pki)}`;
  await writeFile(config, text);
  const run = async (...args: string[]) => {
    const io = capturedIo();
    await runProgram(['cert', ...args, '--config', config], io, [certCommand]);
    return io;
  };
  return { pki, run };
}

test('with --config the files of the configuration are verified and renewed', async (t) => {
  const { pki, run } = await configured(
    t,
    ({ caFile, agentCert, agentKey }) => `  ca: ${caFile}\n  cert: ${agentCert}\n  key: ${agentKey}\n`,
  );

  const verified = await run('verify');
  t.is(verified.status(), 0, verified.out() + verified.err());
  t.true(verified.out().includes('CN=openemr@localhost,C=US'));
  await run('renew', '--ca-key', pki.caKeyFile);

  t.not(await readFile(pki.agentCert, 'utf8'), pki.agent.cert);
  t.is((await run('verify')).status(), 0);
});

test('a PKCS#12 file of the configuration is not overwritten by PEM', async (t) => {
  const { pki, run } = await configured(
    t,
    ({ caFile, directory }) => `  ca: ${caFile}\n  p12: ${directory}/agent.p12\n`,
  );

  await t.throwsAsync(run('import', pki.agentCert), { code: 'p12-in-place' });
});
