import test from 'ava';
import fc from 'fast-check';
import { AgentError } from '../../../src/lib/errors.js';
import { listsIn, readBundle } from '../../../src/pki/files/bundle.js';
import { writePem } from '../../../src/pki/files/pem.js';
import { listOf, revokedBy } from '../../../src/pki/x509/chain.js';
import { createRevocationList, readRevocationList } from '../../../src/pki/x509/revocation.js';
import { makeTestPki } from '../../support/certificates.js';

const nowMs = Math.floor(Date.now() / 1000) * 1000;
const DAY_MS = 86_400_000;

test('a list names what was revoked, when and why, and is signed by its authority only', async (t) => {
  const pki = await makeTestPki();
  t.teardown(pki.remove);
  const other = await makeTestPki();
  t.teardown(other.remove);
  const at = new Date(nowMs - DAY_MS);
  const revoked = [
    { serial: pki.collector.certificate.serialNumber, at, reason: 'keyCompromise' },
    { serial: '0A', at, reason: undefined },
  ];

  const list = readRevocationList(
    createRevocationList({ authority: pki.authority, revoked, number: 7, nowMs, days: 30 }),
  );

  t.deepEqual(list.revoked, revoked);
  t.is(list.number, 7);
  t.deepEqual(list.thisUpdate, new Date(nowMs));
  t.deepEqual(list.nextUpdate, new Date(nowMs + 30 * DAY_MS));
  t.true(list.signedBy(pki.authority.certificate.publicKey));
  t.false(list.signedBy(other.authority.certificate.publicKey));
});

test('an empty list is a list', async (t) => {
  const pki = await makeTestPki({ key: 'rsa-2048' });
  t.teardown(pki.remove);

  const list = readRevocationList(
    createRevocationList({ authority: pki.authority, revoked: [], number: 1, nowMs, days: 1 }),
  );

  t.deepEqual(list.revoked, []);
  t.true(list.signedBy(pki.authority.certificate.publicKey));
});

test('the newest list of the issuer counts; forged, missing and ended ones are told apart', async (t) => {
  const pki = await makeTestPki();
  t.teardown(pki.remove);
  const { authority } = pki;
  const { certificate } = authority;
  const make = (number: number, serials: string[], madeMs: number) =>
    readRevocationList(
      createRevocationList({
        authority,
        revoked: serials.map((serial) => ({ serial, at: new Date(nowMs) })),
        number,
        nowMs: madeMs,
        days: 30,
      }),
    );
  const serial = pki.agent.certificate.serialNumber;
  const older = make(1, [], nowMs - 2 * DAY_MS);
  const newer = make(2, [serial], nowMs - DAY_MS);
  const ended = make(3, [serial], nowMs - 31 * DAY_MS);
  const impostor = await makeTestPki();
  t.teardown(impostor.remove);

  const found = listOf(certificate, [newer, older], nowMs);
  t.is(found.state, 'current');
  t.is(revokedBy(pki.agent.certificate, found)?.serial, serial);
  t.is(revokedBy(pki.collector.certificate, found), undefined);
  t.is(listOf(certificate, [ended], nowMs).state, 'list-expired');
  t.is(revokedBy(pki.agent.certificate, listOf(certificate, [ended], nowMs))?.serial, serial);
  t.is(listOf(certificate, [], nowMs).state, 'no-list');
  t.is(listOf(impostor.authority.certificate, [newer], nowMs).state, 'list-forged');
});

test('damaged lists are refused in words', async (t) => {
  const pki = await makeTestPki();
  t.teardown(pki.remove);
  const der = createRevocationList({
    authority: pki.authority,
    revoked: [{ serial: '0A', at: new Date(nowMs), reason: 'superseded' }],
    number: 1,
    nowMs,
    days: 1,
  });
  await fc.assert(
    fc.asyncProperty(fc.nat(der.length - 1), fc.integer({ min: 1, max: 255 }), async (at, change) => {
      const changed = Buffer.from(der);
      changed[at]! ^= change;
      try {
        const [found] = listsIn(await readBundle(Buffer.from(writePem('X509 CRL', changed))));
        t.false(found?.signedBy(pki.authority.certificate.publicKey), `octet ${at}`);
      } catch (error) {
        t.regex(
          `${error instanceof AgentError && error.code} ${error}`,
          /^crl-invalid .*line 1: the revocation list is damaged/,
        );
      }
    }),
  );
});
