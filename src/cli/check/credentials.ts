/** Checks the certificate files of `tls`: whether they can be used, how long they last, and whether the agent can read them. */
import type { Stats } from 'node:fs';
import { stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { daysUntil } from '../../agent/certificates/expiry.js';
import type { Config, TlsConfig } from '../../config/config.js';
import { AgentError } from '../../lib/errors.js';
import { type Credentials, loadCredentials } from '../../pki/files/credentials.js';
import { plural } from '../voice.js';
import { bad, type CheckResult, good, warning } from './result.js';

const FEW_DAYS = 30;
const NEXT_LIST = 'install the CA’s new list; if it is your own CA: openemr-audit-forwarder cert revoke';

export async function checkCredentials(
  tls: TlsConfig,
  env: NodeJS.ProcessEnv,
): Promise<{ results: CheckResult[]; credentials: Credentials | undefined }> {
  try {
    const nowMs = Date.now();
    const options = { nowMs, credentialsDirectory: env.CREDENTIALS_DIRECTORY };
    const credentials = await loadCredentials(tls, options);
    // An expired list is reported below.
    const warnings = credentials.warnings.filter((text) => !/^tls\.crl .* expired on /.test(text));
    const results = [...ownResults(credentials, nowMs), ...warnings.map((text) => warning(text))];
    if (tls.verify === 'insecure') {
      results.push(
        warning(
          'tls.verify is insecure: the audit trail is sent to any server that answers at that address',
          'set tls.verify to name, or to fingerprint with tls.fingerprints',
        ),
      );
    }
    return { results, credentials };
  } catch (error) {
    if (!(error instanceof AgentError)) throw error;
    return { results: [bad(error.message, error.hint)], credentials: undefined };
  }
}

function ownResults({ own, crlEndsMs }: Credentials, nowMs: number): CheckResult[] {
  const results: CheckResult[] = [];
  if (own === undefined) {
    results.push(
      warning(
        'tls.cert is not set: a collector that requires a client certificate, as IHE ATNA does, will refuse the connection',
        'request one: openemr-audit-forwarder cert request --help',
      ),
    );
  } else {
    const signed = `certificate ${own.subject}, signed by ${own.issuer}, until ${own.notAfter.slice(0, 10)}`;
    results.push(
      lasting(signed, Date.parse(own.notAfter), nowMs, 'renew it: openemr-audit-forwarder cert renew --help'),
    );
  }
  if (crlEndsMs !== undefined) results.push(listResult(crlEndsMs, nowMs));
  return results;
}

/** A result that ends with the days left, and is a warning when they are few. */
export function lasting(text: string, endsMs: number, nowMs: number, hint: string): CheckResult {
  const days = daysUntil(endsMs, nowMs);
  const left = `${text} (${plural(days, 'day')} left)`;
  return days > FEW_DAYS ? good(left) : warning(left, hint);
}

/** Lists last days or weeks and are replaced in time: only the last day is worth a warning. */
function listResult(endsMs: number, nowMs: number): CheckResult {
  const day = new Date(endsMs).toISOString().slice(0, 10);
  const days = daysUntil(endsMs, nowMs);
  if (days < 0) return bad(`revocation list (tls.crl) expired on ${day}: every collector is refused`, NEXT_LIST);
  const text = `revocation list (tls.crl) until ${day} (${plural(days, 'day')} left)`;
  return days > 1 ? good(text) : warning(`${text}; then every collector is refused`, NEXT_LIST);
}

/*
 * `check` is mostly run by root, who can read everything. The agent's group is
 * the one that root lets into the directory of the configuration, as the
 * packages set it up.
 */

type Ownership = Pick<Stats, 'uid' | 'gid' | 'mode'>;

const FILES = ['ca', 'cert', 'key', 'p12', 'passphraseFile', 'crl'] as const;

/** Says nothing where the directory does not tell which group is the agent's. */
export async function checkReadable({ file, tls }: Config): Promise<CheckResult[]> {
  if (process.getuid?.() !== 0) return [];
  const directory = dirname(file);
  const home = await stat(directory);
  const results: CheckResult[] = [];
  for (const name of FILES) {
    const path = tls[name];
    // A name without a slash is a credential that systemd hands to the unit.
    if (path === undefined || !path.startsWith('/')) continue;
    const found = await stat(path).catch(() => undefined);
    if (found !== undefined && isClosedTo(home, found)) {
      const way = `chgrp --reference=${directory} ${path} && chmod 0640 ${path}`;
      results.push(bad(`tls.${name} ${path}: root can read it, the agent cannot`, `run as root: ${way}`));
    }
  }
  return results;
}

/** A file that root does not own is assumed to be the agent's own. */
export function isClosedTo(home: Ownership, file: Ownership): boolean {
  const namesGroup = home.uid === 0 && home.gid !== 0 && (home.mode & 0o017) === 0o010;
  if (!namesGroup || file.uid !== 0) return false;
  const byGroup = file.gid === home.gid && (file.mode & 0o040) !== 0;
  return !byGroup && (file.mode & 0o004) === 0;
}
