/** What people bring as `tls.*`: it is read as OpenSSL reads it, or refused by key, file, place and remedy. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import type { AgentError } from '../../../src/lib/errors.js';
import { type CredentialFiles, loadCredentials } from '../../../src/pki/files/credentials.js';
import { writeKey } from '../../../src/pki/files/keys.js';
import { writePem } from '../../../src/pki/files/pem.js';
import { pemOf } from '../../../src/pki/inspect.js';
import { writePkcs12 } from '../../../src/pki/pkcs12/file.js';
import { makeTestPki } from '../../support/certificates.js';
import { craft, nameConstraints } from '../../support/crafted.js';

async function stage(t: ExecutionContext) {
  const pki = await makeTestPki();
  const directory = await mkdtemp(join(tmpdir(), 'brought-'));
  t.teardown(pki.remove);
  t.teardown(() => rm(directory, { recursive: true }));
  const file = async (name: string, content: string | Buffer) => {
    await writeFile(join(directory, name), content, { mode: 0o600 });
    return join(directory, name);
  };
  return { pki, file };
}

function load(files: Partial<CredentialFiles>) {
  const none = { ca: undefined, cert: undefined, key: undefined, p12: undefined };
  return loadCredentials({ ...none, passphraseFile: undefined, crl: undefined, ...files }, { nowMs: Date.now() });
}

async function refusal(t: ExecutionContext, files: Partial<CredentialFiles>, code: string) {
  const error = await t.throwsAsync<AgentError>(load(files), { code });
  t.truthy(error?.hint);
  return error?.message ?? '';
}

test('an authority file whose second certificate is cut off or damaged is refused with the line of it', async (t) => {
  const { pki, file } = await stage(t);
  const lines = pki.ca.split('\n').length;
  const cut = await file('cut.pem', pki.ca + pki.agent.cert.slice(0, 200));
  t.regex(
    await refusal(t, { ca: cut }, 'pem-cut-short'),
    new RegExp(`^tls\\.ca .*/cut\\.pem, line ${lines}: .*END line`),
  );
  const short = writePem('CERTIFICATE', pki.agent.certificate.raw.subarray(0, 300));
  const damaged = await file('damaged.pem', pki.ca + short);
  t.regex(
    await refusal(t, { ca: damaged }, 'certificate-damaged'),
    new RegExp(`^tls\\.ca .*/damaged\\.pem, line ${lines}: the certificate is damaged .*value cut short$`),
  );
});

test('a damaged binary file is refused with the byte where the damage is', async (t) => {
  const { pki, file } = await stage(t);
  const { raw } = pki.authority.certificate;
  t.regex(
    await refusal(t, { ca: await file('cut.der', raw.subarray(0, 200)) }, 'file-damaged'),
    /cut\.der, byte 4: .*short/,
  );
  const changed = Buffer.from(raw);
  changed[5] = 0xff;
  t.regex(await refusal(t, { ca: await file('odd.der', changed) }, 'file-damaged'), /odd\.der, byte \d+: /);
});

test('a damaged PKCS#7 bundle is refused with its file and what helps', async (t) => {
  const { file } = await stage(t);
  const cert = await file('x.p7b', `-----BEGIN PKCS7-----\nMAMGAQ==\n-----END PKCS7-----\n`);
  t.regex(
    await refusal(t, { cert }, 'pkcs7-damaged'),
    /^tls\.cert .*x\.p7b, line 1: the PKCS#7 bundle is damaged .*cut short/,
  );
});

test('a PKCS#12 file and a key with an empty passphrase are opened without tls.passphraseFile, and with an empty file', async (t) => {
  const { pki, file } = await stage(t);
  const content = { key: pki.agent.privateKey, chain: [pki.agent.certificate], name: 'x' };
  const p12 = await file('empty.p12', await writePkcs12(content, ''));
  const key = await file('empty.key', writeKey(pki.agent.privateKey, ''));
  for (const passphraseFile of [undefined, await file('nothing', '')]) {
    t.is((await load({ p12, passphraseFile })).cert, pki.agent.cert);
    t.is((await load({ cert: pki.agentCert, key, passphraseFile })).key, pki.agent.key);
  }
  const locked = await file('locked.p12', await writePkcs12(content, 'secret'));
  await refusal(t, { p12: locked }, 'passphrase-missing');
  const blank = await file('blank', 'secret \r\n');
  const error = await t.throwsAsync<AgentError>(load({ p12: locked, passphraseFile: blank }), {
    code: 'passphrase-wrong',
  });
  t.regex(error?.hint ?? '', /begins or ends with a blank/);
});

test('a certificate outside of what its authority may sign is refused with the name and the constraint', async (t) => {
  const { file } = await stage(t);
  const root = await craft({ name: 'Root', authority: true, extensions: [nameConstraints('clinic.example')] });
  const leaf = await craft({ name: 'x', issuer: root, dns: ['emr.other.example'], purposes: ['client'] });
  const cert = await file('own.pem', pemOf(leaf.certificate) + writeKey(leaf.key));
  t.regex(
    await refusal(t, { cert, ca: await file('ca.pem', pemOf(root.certificate)) }, 'certificate-constraints'),
    /its name DNS:emr\.other\.example is outside of what its authority CN=Root,C=US may sign \(permitted subtree violation: only DNS:clinic\.example\)/,
  );
});

test('more intermediate authorities than a collector takes are counted, and the limit is named', async (t) => {
  const { file } = await stage(t);
  let issuer = await craft({ name: 'Root', authority: true });
  const root = pemOf(issuer.certificate);
  let between = '';
  for (let number = 1; number <= 11; number += 1) {
    issuer = await craft({ name: `Between ${number}`, issuer, authority: true });
    between += pemOf(issuer.certificate);
  }
  const leaf = await craft({ name: 'x', issuer, dns: ['emr.clinic.example'], purposes: ['client'] });
  const cert = await file('own.pem', pemOf(leaf.certificate) + between + writeKey(leaf.key));
  const { warnings, authorities } = await load({ cert, ca: await file('ca.pem', root) });
  t.is(authorities.length, 12);
  t.regex(warnings.join(), /has 11 intermediate CAs; .* allow 10 at most/);
});
