import test from 'ava';
import fc from 'fast-check';
import { AgentError } from '../../../src/lib/errors.js';
import { readBundle } from '../../../src/pki/files/bundle.js';
import { type KeyChoice, makeKeyPair, samePublicKey } from '../../../src/pki/files/keys.js';
import { writePem } from '../../../src/pki/files/pem.js';
import { requestFacts } from '../../../src/pki/inspect.js';
import { alternativeNames } from '../../../src/pki/x509/extensions.js';
import { parseName } from '../../../src/pki/x509/name.js';
import { createRequest, readRequest } from '../../../src/pki/x509/request.js';

async function make(choice: KeyChoice = 'p-256') {
  const pair = await makeKeyPair(choice);
  const names = alternativeNames({ dns: ['emr.clinic.example'], ip: ['2001:db8::10'] });
  const subject = parseName('/C=US/O=Clinic/CN=emr.clinic.example');
  const der = createRequest({ subject, names, purposes: { client: true, server: true }, pair });
  return { pair, der };
}

for (const choice of ['rsa-2048', 'p-256', 'p-384'] as const) {
  test(`a request with a key ${choice} says what is asked for and proves that the key is held`, async (t) => {
    const { pair, der } = await make(choice);

    const request = readRequest(der);
    t.true(request.isGenuine);
    t.true(samePublicKey(request.publicKey, pair.privateKey));
    t.like(requestFacts(request), {
      subject: 'CN=emr.clinic.example,O=Clinic,C=US',
      subjectAltName: ['DNS:emr.clinic.example', 'IP:2001:db8::10'],
      extendedKeyUsage: ['serverAuth', 'clientAuth'],
      signatureValid: true,
    });
  });
}

test('a request changed on its way is no longer genuine, or no request; it never crashes the reader', async (t) => {
  const { der } = await make();
  await fc.assert(
    fc.asyncProperty(fc.nat(der.length - 1), fc.integer({ min: 1, max: 255 }), async (at, change) => {
      const changed = Buffer.from(der);
      changed[at]! ^= change;
      try {
        const [found] = await readBundle(Buffer.from(writePem('CERTIFICATE REQUEST', changed)));
        t.true(found?.kind === 'request' && !found.request.isGenuine, `octet ${at}`);
      } catch (error) {
        t.regex(
          `${error instanceof AgentError && error.code} ${error}`,
          /^request-invalid .*line 1: the certificate request is/,
        );
      }
    }),
  );
});
