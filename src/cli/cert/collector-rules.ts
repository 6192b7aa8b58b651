/**
 * By what rules a collector is judged: those of the configuration when it is
 * given, else those that the agent has where nothing is configured. The rules
 * themselves are the agent's own, so that both come to the same answer.
 */
import type { X509Certificate } from 'node:crypto';
import { offerOf, type TlsPolicy } from '../../link/connect.js';
import type { Target } from '../../link/peer.js';
import { LinkError, place } from '../../link/refusal.js';
import { goesByChain, type PathFault, verifyChain, verifyPeer } from '../../link/verify-peer.js';
import type { Finding } from '../../pki/findings.js';
import { refusalOf } from '../../pki/x509/words.js';

export type CollectorRules = Omit<TlsPolicy, 'minVersion' | 'ciphers'> & {
  readonly offer: ReturnType<typeof offerOf> | undefined;
};

/** `name`: of the command line, which goes before `tls.serverName`. */
export function rulesOf(policy: TlsPolicy | undefined, name: string | undefined): CollectorRules {
  if (policy === undefined) {
    return {
      verify: 'name',
      fingerprints: [],
      serverName: name,
      commonName: false,
      purpose: 'server',
      offer: undefined,
    };
  }
  const { verify, fingerprints, serverName, commonName, purpose } = policy;
  return { verify, fingerprints, serverName: name ?? serverName, commonName, purpose, offer: offerOf(policy) };
}

/** What was seen of the other end, leaf first, with OpenSSL's word on its chain. */
export interface Presented {
  readonly target: Target;
  readonly chain: readonly [X509Certificate, ...X509Certificate[]];
  readonly verifyCode: string | undefined;
}

/** Of the chain, and of the certificate itself: what would make the agent refuse it, or be taken. */
export function judged(presented: Presented, rules: CollectorRules, pathFault: PathFault): Finding[] {
  return [...chainFindings(presented, rules, pathFault), ...peerFindings(presented, rules)];
}

function chainFindings(
  { target, chain, verifyCode }: Presented,
  rules: CollectorRules,
  pathFault: PathFault,
): Finding[] {
  const finding = { check: 'their-chain', at: 'ca' } as const;
  if (!goesByChain(rules)) {
    if (verifyCode === undefined) return [];
    const message = `${refusalOf(verifyCode, '').message}; with tls.verify: ${rules.verify} it is taken all the same`;
    return [{ ...finding, verdict: 'warning', message }];
  }
  try {
    if (!verifyChain(verifyCode, chain, target, rules, pathFault)) return [];
    const message =
      'the collector’s certificate is not meant for servers; with tls.purpose: any it is taken all the same';
    return [{ ...finding, verdict: 'warning', message }];
  } catch (error) {
    return [refused(error, finding, target)];
  }
}

function peerFindings({ target, chain: [own] }: Presented, rules: CollectorRules): Finding[] {
  const finding = { check: 'name', at: 'cert' } as const;
  try {
    verifyPeer(own, target, rules);
  } catch (error) {
    return [refused(error, finding, target)];
  }
  switch (rules.verify) {
    case 'name':
      return [{ ...finding, verdict: 'good', message: `the certificate is for ${rules.serverName ?? target.host}` }];
    case 'fingerprint':
      return [{ ...finding, verdict: 'good', message: 'its fingerprint is in tls.fingerprints' }];
    case 'chain':
      return [{ ...finding, verdict: 'good', message: 'its name does not count (tls.verify: chain)' }];
    case 'insecure':
      return [{ ...finding, verdict: 'warning', message: 'anybody is taken for the collector (tls.verify: insecure)' }];
    default:
      return rules.verify satisfies never;
  }
}

function refused(error: unknown, finding: Pick<Finding, 'check' | 'at'>, target: Target): Finding {
  if (!(error instanceof LinkError)) throw error;
  const reason = error.message.slice(`${place(target)}: `.length);
  return { ...finding, verdict: 'bad', message: `refused by this side: ${reason}`, hint: error.hint ?? '' };
}
