/**
 * Prints what the `cert` commands have to say: results on standard output, everything else
 * on standard error; facts of certificates and the like as aligned lines.
 */

import type { X509Certificate } from 'node:crypto';
import { AgentError } from '../../lib/errors.js';
import { type ContentFacts, certificateFacts } from '../../pki/inspect.js';
import type { Io } from '../io.js';

export function say(io: Io, ...lines: string[]): void {
  io.stderr.write(lines.map((line) => `${line}\n`).join(''));
}

export function print(io: Io, text: string): void {
  io.stdout.write(text.endsWith('\n') ? text : `${text}\n`);
}

export function printJson(io: Io, value: unknown): void {
  print(io, JSON.stringify(value, undefined, 2));
}

const BRAILLE = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'];

/**
 * Says what takes a moment, on a terminal with a sign that it is going on.
 * Returns what `work` does; at Ctrl-C it throws an AgentError at once, before anything is written.
 */
export async function working<T>(io: Io, what: string, work: () => Promise<T>): Promise<T> {
  let turn = 0;
  const draw = () => void (io.isTerminal && io.stderr.write(`\r${BRAILLE[turn++ % BRAILLE.length]} ${what}`));
  draw();
  const timer = setInterval(draw, 100);
  try {
    return await Promise.race([work(), interruption(io.signal)]);
  } finally {
    clearInterval(timer);
    if (io.isTerminal) io.stderr.write('\r\u001b[K');
  }
}

function interruption(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    const stop = () => reject(new AgentError('interrupted', 'interrupted; nothing was written'));
    if (signal.aborted) stop();
    signal.addEventListener('abort', stop, { once: true });
  });
}

/** `2027-12-25 (397 days)`. */
export function untilText(notAfter: Date, nowMs: number): string {
  return `${notAfter.toISOString().slice(0, 10)} (${Math.round((notAfter.getTime() - nowMs) / 86_400_000)} days)`;
}

/** The result of making a certificate. */
export function tellMade(
  io: Io,
  options: { readonly json: boolean },
  file: string,
  certificate: X509Certificate,
  nowMs: number,
): void {
  const facts = certificateFacts(certificate, nowMs);
  if (options.json) printJson(io, { file, ...facts });
  else print(io, `${file}\n${describe(facts)}`);
}

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
