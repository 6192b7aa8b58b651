import { createSecureContext } from 'node:tls';
import test from 'ava';
import fc from 'fast-check';
import forge from 'node-forge';
import { AgentError } from '../../../src/lib/errors.js';
import { DerError } from '../../../src/pki/asn1/read.js';
import { samePublicKey, writeKey } from '../../../src/pki/files/keys.js';
import { pemOf } from '../../../src/pki/inspect.js';
import { isPkcs12, readPkcs12, writePkcs12 } from '../../../src/pki/pkcs12/file.js';
import { berOf } from '../../support/ber.js';
import { makeTestPki } from '../../support/certificates.js';

const PASSPHRASE = 'grüne Wiese 7';

/** With a passphrase, so that it is never just locked. */
async function open(der: Buffer, passphrase: string) {
  return (await readPkcs12(der, async () => passphrase))!;
}

for (const key of ['p-256', 'rsa-2048'] as const) {
  test(`a ${key} key and its chain come out as they went in, and OpenSSL opens the file`, async (t) => {
    const pki = await makeTestPki({ key });
    t.teardown(pki.remove);
    const chain = [pki.agent.certificate, pki.authority.certificate];

    const der = await writePkcs12({ key: pki.agent.privateKey, chain, name: 'openemr' }, PASSPHRASE);

    const read = await open(der, PASSPHRASE);
    t.deepEqual(
      read.certificates.map(({ raw }) => raw),
      chain.map(({ raw }) => raw),
    );
    t.true(samePublicKey(read.keys[0]!, pki.agent.privateKey));
    t.notThrows(() => createSecureContext({ pfx: der, passphrase: PASSPHRASE }));
    t.true(isPkcs12(der));
    t.false(isPkcs12(pki.agent.certificate.raw));
  });
}

test('the wrong passphrase is said to be the wrong one', async (t) => {
  const pki = await makeTestPki();
  t.teardown(pki.remove);
  const der = await writePkcs12({ key: pki.agent.privateKey, chain: [pki.agent.certificate], name: 'x' }, PASSPHRASE);

  await t.throwsAsync(open(der, 'another'), { code: 'passphrase-wrong' });
});

test('a file of 3DES is refused with the command that makes it readable', async (t) => {
  const pki = await makeTestPki({ key: 'rsa-2048' });
  t.teardown(pki.remove);
  const key = forge.pki.privateKeyFromPem(writeKey(pki.agent.privateKey));
  const certificate = forge.pki.certificateFromPem(pemOf(pki.agent.certificate));
  const asn1 = forge.pkcs12.toPkcs12Asn1(key, [certificate], 'old', { algorithm: '3des' });
  const der = Buffer.from(forge.asn1.toDer(asn1).getBytes(), 'latin1');

  const error = await t.throwsAsync<AgentError>(open(der, 'old'), { code: 'p12-legacy' });
  t.true(error?.hint?.includes('openssl pkcs12 -legacy'));
});

test('damage is refused in words, or changes nothing that counts', async (t) => {
  const pki = await makeTestPki();
  t.teardown(pki.remove);
  const der = await writePkcs12({ key: pki.agent.privateKey, chain: [pki.agent.certificate], name: 'x' }, 'pass');
  await fc.assert(
    fc.asyncProperty(fc.nat(der.length - 1), async (at) => {
      const changed = Buffer.from(der);
      changed[at]! ^= 0x55;
      try {
        const { keys, certificates } = await open(changed, 'pass');
        t.true(samePublicKey(keys[0]!, pki.agent.privateKey));
        t.deepEqual(certificates[0]?.raw, pki.agent.certificate.raw);
      } catch (error) {
        t.true(error instanceof AgentError || error instanceof DerError, `octet ${at}: ${String(error)}`);
      }
    }),
    { numRuns: 30 },
  );
});

test('a file in BER, as older tools stream it, is read, and OpenSSL reads it, too', async (t) => {
  const pki = await makeTestPki();
  t.teardown(pki.remove);
  const { privateKey, certificate } = pki.agent;
  const chain = [certificate, pki.authority.certificate];
  const ber = berOf(await writePkcs12({ key: privateKey, chain, name: 'x' }, PASSPHRASE));

  t.notThrows(() => createSecureContext({ pfx: ber, passphrase: PASSPHRASE }));
  t.true(isPkcs12(ber));
  const read = await open(ber, PASSPHRASE);
  t.deepEqual(
    read.certificates.map(({ raw }) => raw),
    chain.map(({ raw }) => raw),
  );
  t.true(samePublicKey(read.keys[0]!, privateKey));
  await t.throwsAsync(open(ber, 'another'), { code: 'passphrase-wrong' });
});
