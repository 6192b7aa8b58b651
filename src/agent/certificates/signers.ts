/**
 * Finds what seals are signed with: the certificate and key of `seal`, or those that the
 * agent shows to collectors, as they are renewed. A key that cannot sign seals is a
 * problem, and stops nothing.
 */
import type { Config } from '../../config/config.js';
import type { Context } from '../../lib/context.js';
import { AgentError, reasonOf } from '../../lib/errors.js';
import { readWhole } from '../../lib/files.js';
import type { Credentials } from '../../pki/files/credentials.js';
import { type Signer, signerOf } from '../../seal/sealer.js';

/** Gives what to sign with now; `undefined` when seals are off. Throws an AgentError when the files of `seal` cannot be used. */
export async function signers(
  { sign, cert, key }: Config['seal'],
  present: () => Credentials | undefined,
  { files, problems }: Pick<Context, 'files' | 'problems'>,
): Promise<(() => Signer | undefined) | undefined> {
  if (sign === 'off') return undefined;
  if (cert !== undefined && key !== undefined) {
    const signer = signerFrom(await textOf('seal.cert', cert, files), await textOf('seal.key', key, files), key);
    return () => signer;
  }
  let known: { readonly of: Credentials; readonly signer: Signer | undefined } | undefined;
  return () => {
    const of = present();
    if (of === undefined || of.cert === undefined || of.key === undefined) return undefined;
    if (known?.of !== of) {
      known = { of, signer: signerOf(of.cert, of.key) };
      if (known.signer !== undefined) problems.clear('seal-key');
      else {
        problems.raise({
          key: 'seal-key',
          message: 'Messages are not sealed: the key of tls cannot sign seals',
          remedy: 'use an ECDSA or RSA key, name another one with seal.cert and seal.key, or set seal.sign: off',
          over: 'Messages are sealed again',
        });
      }
    }
    return known.signer;
  };
}

async function textOf(key: string, path: string, files: Context['files']): Promise<string> {
  let bytes: Buffer | undefined;
  try {
    bytes = await readWhole(path, files);
  } catch (cause) {
    throw new AgentError('seal-files', `${key}: cannot read ${path}: ${reasonOf(cause)}`, {
      cause,
      hint: 'make it readable for the user that the agent runs as',
    });
  }
  if (bytes !== undefined) return bytes.toString('latin1');
  throw new AgentError('seal-files', `${key}: there is no file ${path}`, {
    hint: 'name the file, or leave the key out',
  });
}

function signerFrom(cert: string, key: string, path: string): Signer {
  const hint = 'seals need an ECDSA or RSA key without a passphrase, and its certificate, both in PEM';
  let signer: Signer | undefined;
  try {
    signer = signerOf(cert, key);
  } catch (cause) {
    throw new AgentError('seal-files', `seal.key: ${path} cannot be used: ${reasonOf(cause)}`, { cause, hint });
  }
  if (signer === undefined) throw new AgentError('seal-files', `seal.key: ${path} cannot sign seals`, { hint });
  return signer;
}
