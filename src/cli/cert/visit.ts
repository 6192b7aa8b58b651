/** Asks a real collector: `cert verify --host`, and `cert renew --host` before it installs anything. */
import type { X509Certificate } from 'node:crypto';
import { InvalidArgumentError } from 'commander';
import type { Target } from '../../link/peer.js';
import { bearsName, type PathFault } from '../../link/verify-peer.js';
import type { Finding } from '../../pki/findings.js';
import { type ProbeResult, probe, type Shown } from '../../pki/handshake.js';
import { type CertificateFacts, certificateFacts } from '../../pki/inspect.js';
import { pathFault } from '../../pki/x509/path.js';
import { refusalOf } from '../../pki/x509/words.js';
import { type CollectorRules, judged } from './collector-rules.js';

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
  if (failure !== undefined) return [...theirs, worded(failure.code, failure.reason)];
  const isRefused = theirs.some(({ verdict }) => verdict === 'bad');
  return leaf === undefined || isRefused ? theirs : [...theirs, accepted()];
}

function worded(code: string, reason: string): Finding {
  const refusal = refusalOf(code, reason);
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
