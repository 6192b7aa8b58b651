/** Names the agent's own files and directories, which must never be followed as logs, whatever leads to them. Pure. */
import type { Config } from './config.js';

export function ownPaths({ file, tls, journal }: Pick<Config, 'file' | 'tls' | 'journal'>): string[] {
  const { ca, cert, key, p12, passphraseFile, crl } = tls;
  return [file, journal.directory, ca, cert, key, p12, passphraseFile, crl].flatMap((path) => path ?? []);
}
