/**
 * Judges whether a connection with a certificate would work. Each question is answered
 * by a finding, with reason and remedy, before a handshake fails without either.
 * What is refused here is what OpenSSL 3 refuses at security level 2; what RFC
 * 9325 only advises against is a warning.
 */
import type { KeyObject, X509Certificate } from 'node:crypto';
import { weaknessOf } from './files/keys.js';
import { type CertificateFacts, certificateFacts } from './inspect.js';
import { brokenHash } from './x509/algorithms.js';
import { type Chain, intermediatesIn, type ListState, listOf, MOST_INTERMEDIATES, revokedBy } from './x509/chain.js';
import { constraintFault } from './x509/constraints.js';
import type { RevocationList } from './x509/revocation.js';

export interface Finding {
  /** For programs: `key-match`, `dates` … */
  readonly check: string;
  readonly verdict: 'good' | 'warning' | 'bad';
  /** Which of the files is at fault. */
  readonly at: 'cert' | 'key' | 'ca' | 'crl';
  readonly message: string;
  readonly hint?: string;
}

export interface Subject {
  readonly chain: Chain;
  readonly key: KeyObject | undefined;
  readonly purpose: 'client' | 'server';
  readonly revocationLists: readonly RevocationList[];
  readonly nowMs: number;
}

/** IHE ITI-19 recommends two years at most. */
const LONG_DAYS = 731;

export function examine(subject: Subject): Finding[] {
  const { chain, key, purpose, nowMs } = subject;
  const [leaf] = chain.certificates;
  const facts = certificateFacts(leaf, nowMs);
  return [
    ...(key === undefined ? [] : [keyMatch(leaf, key, facts)]),
    ...chain.certificates.flatMap((each, depth) => [
      dates(certificateFacts(each, nowMs), depth, nowMs),
      strength(each, certificateFacts(each, nowMs), depth),
    ]),
    usage(facts, purpose),
    names(facts, purpose),
    ...chainFindings(chain, purpose),
    ...oddities(facts),
    ...revocations(subject),
  ];
}

function keyMatch(leaf: X509Certificate, key: KeyObject, { subject }: CertificateFacts): Finding {
  if (leaf.checkPrivateKey(key)) return good('key-match', 'key', 'the key belongs to the certificate');
  return {
    check: 'key-match',
    verdict: 'bad',
    at: 'key',
    message: `the key does not belong to the certificate of ${subject}`,
    hint: 'use the key that the certificate request was made with',
  };
}

function dates({ subject, notBefore, notAfter, daysLeft }: CertificateFacts, depth: number, nowMs: number): Finding {
  const at = depth === 0 ? 'cert' : 'ca';
  const whose = depth === 0 ? 'the certificate' : `the certificate of the CA ${subject}`;
  if (Date.parse(notBefore) > nowMs) {
    return {
      check: 'dates',
      verdict: 'bad',
      at,
      message: `${whose} is not valid before ${notBefore}`,
      hint: 'check the clock of this host (timedatectl), or wait until then',
    };
  }
  if (daysLeft < 0) {
    return {
      check: 'dates',
      verdict: 'bad',
      at,
      message: `${whose} expired on ${notAfter.slice(0, 10)}, ${-daysLeft} ${-daysLeft === 1 ? 'day' : 'days'} ago`,
      hint:
        depth === 0 ? 'get a new one: openemr-audit-forwarder cert renew' : 'get the current certificate from the CA',
    };
  }
  return good(
    'dates',
    at,
    `${whose} is valid until ${notAfter.slice(0, 10)}, ${daysLeft} days, from ${notBefore.slice(0, 10)}`,
  );
}

function strength(certificate: X509Certificate, facts: CertificateFacts, depth: number): Finding {
  const at = depth === 0 ? 'cert' : 'ca';
  const hash = facts.selfSigned ? undefined : brokenHash(facts.signature);
  const weakness = weaknessOf(certificate.publicKey) ?? (hash && `it is signed with ${hash}`);
  if (weakness === undefined) return good('strength', at, `${facts.subject}: ${facts.key}, ${facts.signature}`);
  return {
    check: 'strength',
    verdict: 'bad',
    at,
    message: `OpenSSL 3 refuses the certificate of ${facts.subject}: ${weakness}`,
    hint: 'get a new one with RSA 2048 or more, or P-256, and SHA-256',
  };
}

function usage({ extendedKeyUsage, keyUsage, authority }: CertificateFacts, purpose: 'client' | 'server'): Finding {
  const wanted = `${purpose}Auth`;
  const fits = extendedKeyUsage.length === 0 || extendedKeyUsage.includes(wanted) || extendedKeyUsage.includes('any');
  const signs = keyUsage.length === 0 || keyUsage.includes('digitalSignature');
  const bad = { check: 'usage', verdict: 'bad', at: 'cert' } as const;
  if (!fits) {
    return {
      ...bad,
      message: `the certificate is not meant for TLS ${purpose}s: its extended key usage is ${extendedKeyUsage.join(', ')}`,
      hint: `ask for one with ${wanted}`,
    };
  }
  if (!signs) {
    return {
      ...bad,
      message: `the certificate does not allow its key to sign, which a TLS handshake needs: its key usage is ${keyUsage.join(', ')}`,
      hint: 'ask for one with the key usage digitalSignature',
    };
  }
  if (authority) {
    return {
      ...bad,
      verdict: 'warning',
      message: 'this is the certificate of a CA, and strict peers refuse it',
    };
  }
  return good(
    'usage',
    'cert',
    extendedKeyUsage.length === 0 ? `for any use, TLS ${purpose} too` : `for TLS ${purpose}s`,
  );
}

function names({ subjectAltName, subject }: CertificateFacts, purpose: 'client' | 'server'): Finding {
  if (subjectAltName.length > 0) return good('names', 'cert', subjectAltName.join(', '));
  return {
    check: 'names',
    verdict: purpose === 'server' ? 'bad' : 'warning',
    at: 'cert',
    message: `the certificate of ${subject} has no subject alternative name; the common name is no longer used (RFC 9525)`,
    hint: 'ask for one with the host name in its subject alternative name',
  };
}

/** What is wrong with the chain as a whole. */
function chainFindings({ certificates }: Chain, purpose: 'client' | 'server'): Finding[] {
  const outside = constraintFault(certificates);
  const between = intermediatesIn(certificates);
  return [
    ...(outside === undefined
      ? []
      : [
          {
            check: 'constraints',
            verdict: 'bad',
            at: 'cert',
            message: `the certificate cannot be verified: ${outside}`,
            hint: 'get a certificate with a name that this CA may sign, or one from another CA',
          } as const,
        ]),
    ...(between <= MOST_INTERMEDIATES
      ? []
      : [
          {
            check: 'chain-length',
            verdict: purpose === 'server' ? 'bad' : 'warning',
            at: 'cert',
            message: `the certificate chain has ${between} intermediate CAs; this program, and many others, allow ${MOST_INTERMEDIATES} at most`,
            hint: 'ask for a certificate from a CA nearer to the root',
          } as const,
        ]),
  ];
}

function oddities({ version, notBefore, notAfter }: CertificateFacts): Finding[] {
  const days = Math.round((Date.parse(notAfter) - Date.parse(notBefore)) / 86_400_000);
  const warn = (check: string, message: string, hint: string): Finding => ({
    check,
    verdict: 'warning',
    at: 'cert',
    message,
    hint,
  });
  return [
    ...(version < 3
      ? [
          warn(
            'version',
            `the certificate has version ${version}, which has neither names nor usages`,
            'get one of version 3',
          ),
        ]
      : []),
    ...(days > LONG_DAYS
      ? [
          warn(
            'validity',
            `the certificate is valid for ${days} days; IHE recommends two years at most`,
            'ask for a shorter one next time',
          ),
        ]
      : []),
  ];
}

function revocations({ chain, revocationLists, nowMs }: Subject): Finding[] {
  if (revocationLists.length === 0) return [];
  return chain.certificates.slice(0, -1).flatMap((certificate, depth) => {
    const issuer = chain.certificates[depth + 1]!;
    const { subject, issuer: authority } = certificateFacts(certificate, nowMs);
    const found = listOf(issuer, revocationLists, nowMs);
    const entry = revokedBy(certificate, found);
    const revoked: Finding = entry
      ? {
          check: 'revoked',
          verdict: 'bad',
          at: depth === 0 ? 'cert' : 'ca',
          message: `${subject} was revoked by ${authority} on ${entry.at.toISOString().slice(0, 10)} (${entry.reason ?? 'unspecified'})`,
          hint: 'get a new certificate from the CA',
        }
      : good('revoked', 'crl', `${subject} is not on the revocation list`);
    return [...('list' in found ? [revoked] : []), listFinding(found, authority)];
  });
}

/** Whether there is a list of this authority that peers can use. */
export function listFinding(found: ListState, authority: string): Finding {
  const bad = { check: 'revocation-list', verdict: 'bad', at: 'crl' } as const;
  switch (found.state) {
    case 'current':
      return good('revocation-list', 'crl', `the revocation list of ${authority} is current`);
    case 'no-list':
      return {
        ...bad,
        message: `there is no revocation list of ${authority}, so every certificate that it signed is refused`,
        hint: 'add its list to the file; each CA of the chain needs one',
      };
    case 'list-forged':
      return {
        ...bad,
        message: `the revocation list of ${authority} is not signed by it, so every certificate that it signed is refused`,
        hint: 'get the list again from the CA',
      };
    case 'list-expired':
      return {
        ...bad,
        message: `the revocation list of ${authority} expired on ${found.since.toISOString().slice(0, 10)}, so every certificate that it signed is refused`,
        hint: 'get the new list from the CA, or for your own CA run: openemr-audit-forwarder cert revoke',
      };
    default:
      return found satisfies never;
  }
}

function good(check: string, at: Finding['at'], message: string): Finding {
  return { check, verdict: 'good', at, message };
}
