/**
 * Connects to a real collector and judges it by the agent's own rules: those of the
 * configuration when it is given, else the defaults. For `cert verify --host`, and for
 * `cert renew --host` before it installs anything.
 */

import type { X509Certificate } from 'node:crypto';
import { InvalidArgumentError } from 'commander';
import { offerOf, type TlsPolicy } from '../../link/connect.js';
import type { Target } from '../../link/peer.js';
import { LinkError, place } from '../../link/refusal.js';
import { bearsName, goesByChain, type PathFault, verifyChain, verifyPeer } from '../../link/verify-peer.js';
import type { Finding } from '../../pki/findings.js';
import { type ProbeResult, probe, type Shown } from '../../pki/handshake.js';
import { type CertificateFacts, certificateFacts } from '../../pki/inspect.js';
import { pathFault } from '../../pki/x509/path.js';
import { refusalOf } from '../../pki/x509/words.js';

export interface Visit {
  readonly protocol: string | undefined;
  readonly cipher: string | undefined;
  readonly address: string;
  /** Leaf first. */
  readonly chain: readonly CertificateFacts[];
  readonly findings: readonly Finding[];
  /** The same for a person. */
  readonly lines: readonly string[];
}

const TIMEOUT_MS = 15_000;

export async function visit(
  { host, port }: { readonly host: string; readonly port: number },
  rules: CollectorRules,
  shown: Shown,
  nowMs: number,
  signal: AbortSignal,
): Promise<Visit> {
  const { serverName, offer } = rules;
  const result = await probe({ host, port, serverName, offer, timeoutMs: TIMEOUT_MS }, shown, signal);
  const chain = result.chain.map((each) => certificateFacts(each, nowMs));
  const { protocol, cipher, address } = result;
  const trust = { ca: shown.ca, crl: shown.crl };
  return {
    protocol,
    cipher,
    address,
    chain,
    findings: findingsOf(result, { host, port, address }, rules, (shownChain) => pathFault(shownChain, trust, nowMs)),
    lines: linesOf(result, chain),
  };
}

/** Reads `hie.example.org:6514`, `[2001:db8::10]:6514`; the port is 6514 when left out. */
export function endpoint(text: string): { host: string; port: number } {
  const [, bracketed, plain, port] = /^(?:\[([^\]]+)\]|([^:]+))(?::(\d{1,5}))?$/.exec(text) ?? [];
  const host = bracketed ?? plain;
  const number = Number(port ?? 6514);
  if (host !== undefined && number > 0 && number < 65_536) return { host, port: number };
  throw new InvalidArgumentError('HOST:PORT is expected, such as hie.example.org:6514 or [2001:db8::10]:6514.');
}

export function nameFinding(leaf: X509Certificate, name: string): Finding {
  const finding = { check: 'name', at: 'cert' } as const;
  if (bearsName(leaf.subjectAltName, name))
    return { ...finding, verdict: 'good', message: `the certificate is for ${name}` };
  return {
    ...finding,
    verdict: 'bad',
    message: `the certificate is not for ${name}; it is for ${leaf.subjectAltName ?? 'no name at all (no subject alternative name)'}`,
    hint: 'connect by a name in the certificate (tls.serverName), or ask for a certificate with the right one',
  };
}

function findingsOf(result: ProbeResult, target: Target, rules: CollectorRules, fault: PathFault): Finding[] {
  const { chain, verifyCode, failure } = result;
  const [leaf, ...authorities] = chain;
  const theirs = leaf === undefined ? [] : judged({ target, chain: [leaf, ...authorities], verifyCode }, rules, fault);
  if (failure !== undefined) return [...theirs, worded(failure.code, failure.reason, target)];
  const isRefused = theirs.some(({ verdict }) => verdict === 'bad');
  return leaf === undefined || isRefused ? theirs : [...theirs, accepted()];
}

function worded(code: string, reason: string, target: Target): Finding {
  const refusal = refusalOf(code, reason, `${target.host}:${target.port}`);
  const side = { us: 'refused by this side: ', collector: 'refused by the collector: ', network: '' }[refusal.side];
  const message = `${side}${refusal.message}`;
  return { check: 'connection', verdict: 'bad', at: 'cert', message, hint: refusal.hint };
}

function accepted(): Finding {
  return {
    check: 'connection',
    verdict: 'good',
    at: 'cert',
    message: 'both sides accepted each other, and the connection held',
  };
}

function linesOf({ address, protocol, cipher }: ProbeResult, chain: readonly CertificateFacts[]): string[] {
  if (protocol === undefined) return [];
  return [
    `  address  ${address}`,
    `  TLS      ${protocol}, ${cipher}`,
    ...chain.map(
      ({ subject, issuer, notAfter, daysLeft }, depth) =>
        `  depth ${depth}  ${subject}, signed by ${issuer}, until ${notAfter.slice(0, 10)} (${daysLeft} days)`,
    ),
    ...chain.slice(0, 1).map(({ sha256 }) => `  shows    ${sha256}`),
  ];
}

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
function judged(presented: Presented, rules: CollectorRules, pathFault: PathFault): Finding[] {
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
    const message = `${refusalOf(verifyCode, '').message}; tls.verify: ${rules.verify} accepts it all the same`;
    return [{ ...finding, verdict: 'warning', message }];
  }
  try {
    if (!verifyChain(verifyCode, chain, target, rules, pathFault)) return [];
    const message = 'the collector’s certificate is not meant for servers; tls.purpose: any accepts it all the same';
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
      return [{ ...finding, verdict: 'good', message: 'its name is not checked (tls.verify: chain)' }];
    case 'insecure':
      return [
        { ...finding, verdict: 'warning', message: 'the collector is not verified at all (tls.verify: insecure)' },
      ];
    default:
      return rules.verify satisfies never;
  }
}

function refused(error: unknown, finding: Pick<Finding, 'check' | 'at'>, target: Target): Finding {
  if (!(error instanceof LinkError)) throw error;
  const reason = error.message.slice(`${place(target)}: `.length);
  return { ...finding, verdict: 'bad', message: `refused by this side: ${reason}`, hint: error.hint ?? '' };
}
