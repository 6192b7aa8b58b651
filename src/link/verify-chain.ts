/**
 * Is the collector's chain one that we trust? OpenSSL has judged it in the
 * handshake, and its word stands. `purpose: any` (IHE ITI-19 section 3.19.6.1.3:
 * no attribute of a certificate shall be demanded) overrules it in one case:
 * when the only fault of the whole chain is that the collector's certificate is
 * meant for another purpose than servers.
 */
import type { X509Certificate } from 'node:crypto';
import { LinkError } from './refusal.js';
import type { Target } from './target.js';
import type { VerifyOptions } from './verify-peer.js';

/** As `openssl s_server -verify 10` of the recipe of 2010; OpenSSL's own limit is 100. */
const MOST_INTERMEDIATES = 10;

export interface ChainPolicy {
  readonly purpose: 'server' | 'any';
}

/** Only then is the chain judged; otherwise the certificate alone, or nothing, is what counts. */
export function goesByChain({ verify }: Pick<VerifyOptions, 'verify'>): boolean {
  return verify === 'name' || verify === 'chain';
}

/** What is wrong with a chain, the extended key usage of its first certificate apart: `undefined` when nothing is. */
export type PathFault = (chain: readonly X509Certificate[]) => string | undefined;

/** `code` is OpenSSL's, `undefined` when it found no fault. Throws a LinkError; `true` when the certificate's purpose was passed over. */
export function verifyChain(
  code: string | undefined,
  chain: readonly X509Certificate[],
  target: Target,
  { purpose }: ChainPolicy,
  pathFault: PathFault,
): boolean {
  const passedOver = code === 'INVALID_PURPOSE' && purpose === 'any';
  if (passedOver) {
    const fault = pathFault(chain);
    if (fault !== undefined) throw LinkError.notOnlyPurpose(target, fault);
  } else if (code !== undefined) {
    throw LinkError.unverified(code, pathFault(chain), target);
  }
  // Its own certificate and the root apart.
  if (chain.length - 2 > MOST_INTERMEDIATES) throw LinkError.chainTooLong(target, chain.length - 2, MOST_INTERMEDIATES);
  return passedOver;
}
