/** Says why a test collector cannot start, its certificates or its address, and what to do next. */
import { AgentError, reasonOf, systemCode } from '../lib/errors.js';

/** What Node and OpenSSL object to in certificate, key and revocation list. */
export function unusable(cause: unknown): AgentError {
  const code = systemCode(cause);
  if (code === 'ERR_OSSL_X509_KEY_VALUES_MISMATCH') {
    return new AgentError('key-mismatch', 'the key does not belong to the certificate', {
      hint: 'give the key that belongs to the certificate, or make a new pair',
      cause,
    });
  }
  return new AgentError(
    'certificates-unusable',
    `certificate, key or revocation list is not usable: ${reasonOf(cause)}`,
    {
      hint: 'see what they hold: openemr-audit-forwarder cert show FILE',
      cause,
    },
  );
}

/** What the kernel objects to in the address. */
export function cannotListen(cause: unknown, host: string, port: number): AgentError {
  const [why, hint] = REMEDIES[systemCode(cause)] ?? [reasonOf(cause), 'choose another host or port'];
  const detail = { hint: hint.replaceAll('PORT', String(port)), cause };
  return new AgentError('cannot-listen', `cannot listen on ${host} port ${port}: ${why}`, detail);
}

const REMEDIES: Readonly<Record<string, readonly [why: string, hint: string]>> = {
  EADDRINUSE: [
    'another program listens there',
    'find it with: ss -ltnp "sport = :PORT"; stop it, or choose another port',
  ],
  EACCES: ['ports below 1024 are for root', 'choose a port above 1023; 6514 is the one for syslog over TLS'],
  EADDRNOTAVAIL: ['this host has no such address', 'choose one that `ip address` shows, or 0.0.0.0 for all'],
  ENOTFOUND: ['the name cannot be resolved', 'choose an address that `ip address` shows, or 0.0.0.0 for all'],
};
