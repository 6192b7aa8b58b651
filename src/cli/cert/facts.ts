/** Facts of certificates and the like as aligned lines for a person. Pure. */
import type { ContentFacts } from '../../pki/inspect.js';

type Row = readonly [label: string, value: string];

/** Lines without a newline at the end. */
export function describe(facts: ContentFacts): string {
  const rows = rowsOf(facts).filter(([, value]) => value !== '');
  const width = Math.max(...rows.map(([label]) => label.length));
  return rows.map(([label, value]) => `  ${label.padEnd(width)}  ${value}`).join('\n');
}

function rowsOf(facts: ContentFacts): Row[] {
  switch (facts.kind) {
    case 'certificate':
      return [
        ['certificate', facts.subjectOneLine],
        ['subject', facts.subject],
        ['issuer', facts.selfSigned ? 'itself (self-signed)' : `${facts.issuer}  (${facts.issuerOneLine})`],
        ['names', facts.subjectAltName.join(', ') || 'none (no subject alternative name)'],
        ['use', usesOf(facts)],
        ['key', facts.key],
        ['signature', facts.signature],
        ['version', String(facts.version)],
        ['serial', facts.serial],
        ['valid from', facts.notBefore],
        ['valid until', `${facts.notAfter}  (${daysText(facts.daysLeft)})`],
        ['fingerprint', facts.sha256],
        ['', facts.sha1],
        ...facts.weaknesses.map((weakness): Row => ['weak', weakness]),
      ];
    case 'request':
      return [
        ['request', facts.subjectOneLine],
        ['subject', facts.subject],
        ['names', facts.subjectAltName.join(', ') || 'none'],
        ['use', usesOf(facts)],
        ['key', facts.key],
        ['signature', `${facts.signature}, ${facts.signatureValid ? 'made with that key' : 'NOT MADE WITH THAT KEY'}`],
      ];
    case 'key':
      return [
        ['private key', facts.key],
        ['public key', facts.publicKey],
      ];
    case 'public-key':
      return [['public key', `${facts.key}  ${facts.publicKey}`]];
    case 'revocation-list':
      return [
        ['revocation list', facts.issuerOneLine],
        ['number', facts.number === undefined ? '' : String(facts.number)],
        ['signature', facts.signature],
        ['made', facts.thisUpdate],
        ['ends', facts.nextUpdate === undefined ? 'never' : `${facts.nextUpdate}  (${daysText(facts.daysLeft ?? 0)})`],
        ['revoked', facts.revoked.length === 0 ? 'none' : String(facts.revoked.length)],
        ...facts.revoked.map(({ serial, at, reason }): Row => ['', `${serial}  ${at}  ${reason}`]),
      ];
    case 'locked':
      return [['encrypted', `${facts.what}; give --passphrase-file, or run in a terminal`]];
    default:
      return facts satisfies never;
  }
}

function usesOf(facts: {
  authority: boolean;
  keyUsage: readonly string[];
  extendedKeyUsage: readonly string[];
}): string {
  const purposes = facts.extendedKeyUsage.length === 0 ? [] : [facts.extendedKeyUsage.join(', ')];
  return [...(facts.authority ? ['authority'] : []), ...purposes, facts.keyUsage.join(', ')].filter(Boolean).join('; ');
}

function daysText(days: number): string {
  if (days < 0) return `expired, ${-days} ${days === -1 ? 'day' : 'days'} ago`;
  return days === 1 ? '1 day left' : `${days} days left`;
}
