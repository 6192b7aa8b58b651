import test from 'ava';
import { certificateStates, certificatesInUse } from '../../../src/agent/certificates/expiry.js';
import type { Peer } from '../../../src/link/peer.js';
import { loadCredentials } from '../../../src/pki/files/credentials.js';
import { makeTestPki, type TestPki } from '../../support/certificates.js';

const DAY_MS = 86_400_000;
/** Whole seconds, as certificates have them. */
const NOW_MS = Math.floor(Date.now() / 1000) * 1000;

let pki: TestPki;
test.before(async () => {
  pki = await makeTestPki({ nowMs: NOW_MS });
});
test.after.always(() => pki.remove());

const PEER: Peer = {
  host: 'hie.example.org',
  address: '192.0.2.7',
  port: 6514,
  protocol: 'TLSv1.3',
  cipher: 'TLS_AES_256_GCM_SHA384',
  subject: 'CN=hie.example.org',
  issuer: 'CN=Issuing',
  isForServers: true,
  fingerprint: 'sha-256:01',
  validToMs: NOW_MS + 90 * DAY_MS,
  authorities: [{ subject: 'CN=Issuing', fingerprint: 'sha-256:02', validToMs: NOW_MS + 20 * DAY_MS }],
};

async function loaded() {
  const { crlFile: crl } = await pki.revoke([], 5);
  const own = {
    ca: pki.caFile,
    cert: pki.agentCert,
    key: pki.agentKey,
    crl,
    p12: undefined,
    passphraseFile: undefined,
  };
  return loadCredentials(own, { nowMs: NOW_MS });
}

test('days left are counted to now, for both sides, for what ends first in the chain, and for the revocation list', async (t) => {
  const credentials = await loaded();
  const states = certificateStates(credentials, PEER, NOW_MS);
  t.like(states.certificate, { subject: 'CN=openemr@localhost,C=US', daysLeft: 397, chainDaysLeft: 397 });
  t.like(states.collectorCertificate, { subject: 'CN=hie.example.org', daysLeft: 90, chainDaysLeft: 20 });
  t.is(states.revocationList?.daysLeft, 4);

  const later = certificateStates(credentials, PEER, NOW_MS + 100 * DAY_MS);
  t.deepEqual(
    [later.certificate?.daysLeft, later.collectorCertificate?.daysLeft, later.revocationList?.daysLeft],
    [297, -10, -96],
  );
});

test('an agent without certificates, list and collector has none to speak of', (t) => {
  const none = { certificate: undefined, collectorCertificate: undefined, revocationList: undefined };
  t.deepEqual(certificateStates(undefined, undefined, NOW_MS), none);
});

test('both chains and the revocation list are watched, each by what tells it from the one before', async (t) => {
  const credentials = { present: await loaded(), reload: async () => undefined };
  const watched = await certificatesInUse({ credentials, forward: { state: { lastPeer: PEER } } });
  t.deepEqual(
    watched.map(({ whose }) => whose),
    [
      'ours',
      'our authority CN=CertificateAuthority,C=US',
      'tls.crl',
      'hie.example.org:6514',
      'hie.example.org:6514, its authority CN=Issuing',
    ],
  );
  t.is(watched[0]?.fingerprint, pki.agent.fingerprint);
  t.is(new Set(watched.map(({ fingerprint }) => fingerprint)).size, watched.length);
});
