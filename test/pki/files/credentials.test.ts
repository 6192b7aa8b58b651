import { generateKeyPairSync } from 'node:crypto';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createSecureContext } from 'node:tls';
import test, { type ExecutionContext } from 'ava';
import type { AgentError } from '../../../src/lib/errors.js';
import { type CredentialFiles, loadCredentials } from '../../../src/pki/files/credentials.js';
import { writeKey } from '../../../src/pki/files/keys.js';
import { writePem } from '../../../src/pki/files/pem.js';
import { pemOf } from '../../../src/pki/inspect.js';
import { writePkcs12 } from '../../../src/pki/pkcs12/file.js';
import { randomSerial, validity } from '../../../src/pki/x509/authority.js';
import { signCertificate } from '../../../src/pki/x509/certificate.js';
import {
  alternativeNames,
  basicConstraints,
  extendedKeyUsage,
  subjectAltName,
} from '../../../src/pki/x509/extensions.js';
import { nameToAsn1, parseName } from '../../../src/pki/x509/name.js';
import { createRequest } from '../../../src/pki/x509/request.js';
import { makeLongChain, makeTestPki, type TestPki } from '../../support/certificates.js';

const nowMs = Date.now();
const DAY_MS = 86_400_000;

async function stage(t: ExecutionContext) {
  const pki = await makeTestPki();
  t.teardown(pki.remove);
  return { pki, file: (name: string, content: string | Buffer) => write(pki, name, content) };
}

async function write({ directory }: TestPki, name: string, content: string | Buffer): Promise<string> {
  const path = join(directory, name);
  await writeFile(path, content, { mode: 0o600 });
  return path;
}

function load(files: Partial<CredentialFiles>, atMs = nowMs) {
  const none = {
    ca: undefined,
    cert: undefined,
    key: undefined,
    p12: undefined,
    passphraseFile: undefined,
    crl: undefined,
  };
  return loadCredentials({ ...none, ...files }, { nowMs: atMs });
}

test('certificate, key and authority in three files are ready for TLS', async (t) => {
  const { pki } = await stage(t);

  const loaded = await load({ ca: pki.caFile, cert: pki.agentCert, key: pki.agentKey });

  const { ca, cert, key, own, warnings } = loaded;
  t.notThrows(() => createSecureContext({ ca: [...ca], cert, key }));
  t.is(own?.subject, 'CN=openemr@localhost,C=US');
  t.deepEqual(warnings, []);
});

test('certificate and key in one file, in either order and with a chain around, need no tls.key', async (t) => {
  const { pki, file } = await stage(t);
  const orders = [pki.agent.cert + pki.agent.key, pki.agent.key + pki.ca + pki.agent.cert];
  for (const [at, content] of orders.entries()) {
    const cert = await file(`combined-${at}.pem`, content);
    for (const key of [undefined, cert]) {
      const loaded = await load({ ca: pki.caFile, cert, key });
      t.is(loaded.cert, pki.agent.cert, 'the leaf comes first, the root is not sent');
      t.is(loaded.key, pki.agent.key);
    }
  }
});

test('an encrypted key and a PKCS#12 file are opened with tls.passphraseFile', async (t) => {
  const { pki, file } = await stage(t);
  const passphraseFile = await file('passphrase', 'open sesame\n');
  const key = await file('locked.key', writeKey(pki.agent.privateKey, 'open sesame'));
  const p12 = await file(
    'agent.p12',
    await writePkcs12({ key: pki.agent.privateKey, chain: [pki.agent.certificate], name: 'x' }, 'open sesame'),
  );

  t.is((await load({ cert: pki.agentCert, key, passphraseFile })).key, pki.agent.key);
  t.is((await load({ p12, passphraseFile })).cert, pki.agent.cert);
  await t.throwsAsync(load({ cert: pki.agentCert, key }), { code: 'passphrase-missing' });
  await t.throwsAsync(load({ p12, passphraseFile: await file('other', 'wrong') }), { code: 'passphrase-wrong' });
});

test("the passphrase comes from systemd's credential when no file is named", async (t) => {
  const { pki, file } = await stage(t);
  const key = await file('locked.key', writeKey(pki.agent.privateKey, 'open sesame'));
  const credentialsDirectory = await mkdtemp(join(tmpdir(), 'credentials-'));
  t.teardown(() => rm(credentialsDirectory, { recursive: true }));
  await writeFile(join(credentialsDirectory, 'tls-passphrase'), 'open sesame');

  const files = { ca: undefined, cert: pki.agentCert, key, p12: undefined, passphraseFile: undefined, crl: undefined };
  t.is((await loadCredentials(files, { nowMs, credentialsDirectory })).key, pki.agent.key);
});

test('nothing of our own is needed to connect to a collector that asks for nothing', async (t) => {
  const { pki } = await stage(t);
  const loaded = await load({ ca: pki.caFile });
  t.is(loaded.own, undefined);
  t.is(loaded.cert, undefined);
  t.is(loaded.ca.length, 1);
});

/** Each fault: what the files are, the code, and what the sentences must hold. */
interface Fault {
  readonly title: string;
  readonly code: string;
  readonly says: RegExp;
  files(
    pki: TestPki,
    file: (name: string, content: string | Buffer) => Promise<string>,
  ): Promise<Partial<CredentialFiles>>;
}

const faults: readonly Fault[] = [
  {
    title: 'a key of another certificate',
    code: 'certificate-key-match',
    says: /^tls\.key .*collector\.key: the key does not belong/,
    files: async (pki) => ({ cert: pki.agentCert, key: pki.collectorKey }),
  },
  {
    title: 'an expired certificate',
    code: 'certificate-dates',
    says: /^tls\.cert .*expired-agent\.pem: the certificate expired on \d{4}-\d\d-\d\d/,
    files: async (pki) => pair(await pki.leaf('expired', 'agent')),
  },
  {
    title: 'a certificate of the future',
    code: 'certificate-dates',
    says: /is not valid before/,
    files: async (pki) => pair(await pki.leaf('not-yet-valid', 'agent')),
  },
  {
    title: 'a certificate for servers',
    code: 'certificate-usage',
    says: /not meant for TLS clients: its extended key usage is serverAuth/,
    files: async (pki) => pair(await pki.leaf('wrong-usage', 'agent')),
  },
  {
    title: 'a request instead of a certificate',
    code: 'cert-is-request',
    says: /^tls\.cert .*certificate request, not a certificate/,
    files: async (pki, file) => {
      const request = createRequest({
        subject: parseName('/CN=x'),
        names: alternativeNames({ dns: ['x.example'] }),
        purposes: { client: true, server: false },
        pair: { privateKey: pki.agent.privateKey, publicKey: pki.agent.certificate.publicKey },
      });
      return { cert: await file('x.csr', writePem('CERTIFICATE REQUEST', request)), key: pki.agentKey };
    },
  },
  {
    title: 'a revoked certificate of our own',
    code: 'certificate-revoked',
    says: /^tls\.cert .*was revoked by CN=CertificateAuthority,C=US on/,
    files: async (pki) => ({
      ca: pki.caFile,
      cert: pki.agentCert,
      key: pki.agentKey,
      crl: (await pki.revoke([pki.agent.certificate])).crlFile,
    }),
  },
  {
    title: 'an RSA key of 1024 bits',
    code: 'certificate-strength',
    says: /1024 bits; at least 2048/,
    files: async (pki, file) => {
      const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 1024 });
      const certificate = signCertificate(
        {
          serial: randomSerial(),
          issuer: nameToAsn1(parseName('/C=US/CN=CertificateAuthority')),
          subject: nameToAsn1(parseName('/C=US/CN=weak')),
          ...validity(nowMs, 30),
          publicKey,
          extensions: [
            basicConstraints(false),
            extendedKeyUsage({ client: true, server: false }),
            subjectAltName(alternativeNames({ dns: ['weak.example'] })),
          ],
        },
        pki.authority.key,
      );
      return { cert: await file('weak.pem', pemOf(certificate) + writeKey(privateKey)) };
    },
  },
  {
    title: 'a certificate without its key',
    code: 'key-empty',
    says: /^tls\.key .*agent\.pem: holds no private key/,
    files: async (pki) => ({ cert: pki.agentCert }),
  },
  {
    title: 'an authority file without a certificate',
    code: 'ca-empty',
    says: /^tls\.ca .*agent\.key: holds no certificate/,
    files: async (pki) => ({ ca: pki.agentKey }),
  },
  {
    title: 'a file that does not exist',
    code: 'key-missing',
    says: /^tls\.key \/nowhere\/openemr\.key: the private key does not exist/,
    files: async (pki) => ({ cert: pki.agentCert, key: '/nowhere/openemr.key' }),
  },
  {
    title: 'a directory',
    code: 'cert-unreadable',
    says: /^tls\.cert .*: is a directory/,
    files: async (pki) => ({ cert: pki.directory }),
  },
  {
    title: 'a file of something else',
    code: 'not-a-certificate',
    says: /^tls\.cert .*notes\.txt: this is no certificate/,
    files: async (_pki, file) => ({ cert: await file('notes.txt', 'remember the milk') }),
  },
  {
    title: 'a revocation list that is none',
    code: 'crl-empty',
    says: /^tls\.crl .*cacert\.pem: holds no revocation list/,
    files: async (pki) => ({ crl: pki.caFile }),
  },
];

for (const { title, code, says, files } of faults) {
  test(`${title} is refused by key, file, reason and remedy`, async (t) => {
    const { pki, file } = await stage(t);
    const error = await t.throwsAsync<AgentError>(load(await files(pki, file)), { code });
    t.regex(error?.message ?? '', says);
    t.truthy(error?.hint);
  });
}

function pair({ certFile, keyFile }: { certFile: string; keyFile: string }) {
  return { cert: certFile, key: keyFile };
}

test('what may be put right while the agent runs is a warning', async (t) => {
  const { pki } = await stage(t);
  const own = { cert: pki.agentCert, key: pki.agentKey };
  await chmod(pki.agentKey, 0o644);
  const open = await load(own);
  await chmod(pki.agentKey, 0o600);
  const { crlFile } = await pki.revoke([], -3);
  const ended = await load({ ...own, ca: pki.caFile, crl: crlFile });
  const other = await makeTestPki();
  t.teardown(other.remove);
  const unlisted = await load({ ...own, ca: other.caFile, crl: crlFile });
  const late = await load({ ca: pki.caFile }, nowMs + 4000 * DAY_MS);
  const bare = await load(pair(await pki.leaf('common-name-only', 'agent')));

  t.regex(open.warnings.join(), /^tls\.key .*every user of this host can read the private key; run: chmod 0600/);
  t.regex(
    ended.warnings.join(),
    /^tls\.crl .*the revocation list of .* expired on .*, so every certificate that it signed is refused/,
  );
  t.true(ended.crlEndsMs! < Date.now());
  t.regex(unlisted.warnings.join(), /^tls\.crl .*(no revocation list of|is not signed by it)/);
  t.regex(late.warnings.join(), /^tls\.ca .*the authority CN=CertificateAuthority,C=US expired/);
  t.regex(bare.warnings.join(), /^tls\.cert .*no subject alternative name/);
});

test('a chain goes out with its intermediates in order, whatever order they lie in, and without the root', async (t) => {
  const { pki, file } = await stage(t);
  const { root, intermediate, leaf } = await makeLongChain();
  const [rootPem, intermediatePem, leafPem] = [root, intermediate, leaf].map(({ certificate }) => pemOf(certificate));
  const cert = await file('chain.pem', `${pki.ca}${rootPem}${intermediatePem}${leafPem}`);
  const key = await file('chain.key', writeKey(leaf.key));

  t.is((await load({ cert, key })).cert, `${leafPem}${intermediatePem}`);
});
