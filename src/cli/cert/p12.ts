/** `cert p12`: puts key and chain into one PKCS#12 file, with algorithms that today's programs accept. */
import { join } from 'node:path';
import { Command } from 'commander';
import { AgentError } from '../../lib/errors.js';
import { installFiles, MODE } from '../../pki/files/store.js';
import { certificateFacts } from '../../pki/inspect.js';
import { writePkcs12 } from '../../pki/pkcs12/file.js';
import { buildChain, leafOf } from '../../pki/x509/chain.js';
import type { Io } from '../io.js';
import { readCertificates, readKey } from './files.js';
import { forceOption, ownerOf, ownerOption } from './options.js';
import { print, say } from './output.js';
import { newPassphrase, oldPassphrase } from './passphrase.js';

interface P12Options {
  readonly dir: string;
  readonly cert?: string;
  readonly key?: string;
  readonly ca?: string;
  readonly out?: string;
  readonly name?: string;
  readonly keyPassphraseFile?: string;
  readonly passphraseFile?: string;
  readonly owner?: string;
  readonly force: boolean;
}

export function p12Command(io: Io): Command {
  return new Command('p12')
    .description('put key and certificates into one PKCS#12 file (AES-256, SHA-256)')
    .option('--dir <dir>', 'directory of these files and of the new one', '.')
    .option('--cert <file>', 'the certificate, with its chain if it has one (default: openemrcert.pem there)')
    .option('--key <file>', 'its key (default: openemr.key there)')
    .option('--ca <file>', 'CA certificate to include')
    .option('--out <file>', 'the PKCS#12 file (default: openemr.p12 there)')
    .option('--name <text>', 'name that other programs list it under (default: its subject)')
    .option('--key-passphrase-file <file>', 'file with the passphrase of the key, if it is encrypted')
    .option('--passphrase-file <file>', 'file with the passphrase of the new file')
    .addOption(ownerOption())
    .addOption(forceOption())
    .action((options: P12Options) => make(io, options));
}

async function make(io: Io, options: P12Options): Promise<void> {
  const certPath = options.cert ?? join(options.dir, 'openemrcert.pem');
  const keyPath = options.key ?? join(options.dir, 'openemr.key');
  const out = options.out ?? join(options.dir, 'openemr.p12');
  const certificates = await readCertificates(certPath);
  const key = await readKey(keyPath, oldPassphrase(io, options.keyPassphraseFile, `the key (${keyPath})`));
  const leaf = leafOf(certificates, [key])!;
  if (!leaf.checkPrivateKey(key)) {
    throw new AgentError('certificate-key-match', `the key ${keyPath} does not belong to the certificate ${certPath}`, {
      hint: 'give the certificate and the key that were made together',
    });
  }
  const authorities = options.ca === undefined ? [] : await readCertificates(options.ca);
  const chain = buildChain(leaf, certificates, authorities).certificates;
  const name = options.name ?? certificateFacts(leaf, Date.now()).subject;
  const owner = await ownerOf(options.owner);
  const passphrase = await newPassphrase(io, options.passphraseFile, out);
  const content = await writePkcs12({ key, chain, name }, passphrase);
  await installFiles([{ path: out, content, mode: MODE.key }], { force: options.force, owner });
  print(io, `${out}  ${chain.length} ${chain.length === 1 ? 'certificate' : 'certificates'} and the key`);
  say(io, 'In the configuration, set tls.p12 to it, and tls.passphraseFile to a file with its passphrase.');
}
