import type { X509Certificate } from 'node:crypto';
import test from 'ava';
import { readPem } from '../../src/pki/files/pem.js';
import { examine } from '../../src/pki/findings.js';
import { createLeaf } from '../../src/pki/x509/authority.js';
import { buildChain } from '../../src/pki/x509/chain.js';
import { alternativeNames } from '../../src/pki/x509/extensions.js';
import { parseName } from '../../src/pki/x509/name.js';
import { readRevocationList } from '../../src/pki/x509/revocation.js';
import { makeTestPki, type TestPki } from '../support/certificates.js';

const nowMs = Date.now();

function judge(pki: TestPki, certificate: X509Certificate, purpose: 'client' | 'server', crl?: string) {
  const chain = buildChain(certificate, [], [pki.authority.certificate]);
  const revocationLists = crl === undefined ? [] : readPem(crl).map(({ der }) => readRevocationList(der));
  const findings = examine({ chain, key: undefined, purpose, revocationLists, nowMs });
  return findings
    .filter(({ verdict }) => verdict !== 'good')
    .map(({ check, verdict, at }) => `${verdict} ${check} ${at}`);
}

test('what every side should have has no fault', async (t) => {
  const pki = await makeTestPki();
  t.teardown(pki.remove);
  t.deepEqual(judge(pki, pki.agent.certificate, 'client'), []);
  t.deepEqual(judge(pki, pki.collector.certificate, 'server'), []);
});

const cases = [
  ['expired', 'server', ['bad dates cert']],
  ['not-yet-valid', 'server', ['bad dates cert']],
  ['wrong-usage', 'server', ['bad usage cert']],
  ['common-name-only', 'server', ['bad names cert']],
  ['common-name-only', 'client', ['warning names cert']],
] as const;

for (const [variant, purpose, expected] of cases) {
  test(`${variant} for a ${purpose}: ${expected.join()}`, async (t) => {
    const pki = await makeTestPki();
    t.teardown(pki.remove);
    const { certificate } = await pki.leaf(variant, purpose === 'server' ? 'collector' : 'agent');
    t.deepEqual(judge(pki, certificate, purpose), [...expected]);
  });
}

test('revocation is told from lists that are missing or have ended', async (t) => {
  const pki = await makeTestPki();
  t.teardown(pki.remove);
  const other = await makeTestPki({ subject: '/CN=x' });
  t.teardown(other.remove);
  const { certificate } = pki.collector;

  t.deepEqual(judge(pki, certificate, 'server', (await pki.revoke([certificate])).crl), ['bad revoked cert']);
  t.deepEqual(judge(pki, certificate, 'server', (await pki.revoke([])).crl), []);
  t.deepEqual(judge(pki, certificate, 'server', (await pki.revoke([], -1)).crl), ['bad revocation-list crl']);
  t.deepEqual(judge(pki, certificate, 'server', (await other.revoke([])).crl), ['bad revocation-list crl']);
});

test('more than two years of validity is a warning, as IHE recommends', async (t) => {
  const pki = await makeTestPki();
  t.teardown(pki.remove);
  const { certificate } = await createLeaf({
    authority: pki.authority,
    subject: parseName('/CN=x'),
    names: alternativeNames({ dns: ['x.example'] }),
    purposes: { client: true, server: false },
    days: 900,
    nowMs,
    key: 'p-256',
  });
  t.deepEqual(judge(pki, certificate, 'client'), ['warning validity cert']);
});
