/** Are the certificate files such that a connection can be made with them? */
import { daysUntil } from '../../agent/certificates/expiry.js';
import type { TlsConfig } from '../../config/config.js';
import { AgentError } from '../../lib/errors.js';
import { type Credentials, loadCredentials } from '../../pki/files/credentials.js';
import { plural } from '../voice.js';
import { bad, type Finding, good, warning } from './finding.js';

const FEW_DAYS = 30;
const NEXT_LIST = 'put the authority’s next list there; of our own authority: openemr-audit-forwarder cert revoke';

export async function checkCredentials(
  tls: TlsConfig,
  env: NodeJS.ProcessEnv,
): Promise<{ findings: Finding[]; credentials: Credentials | undefined }> {
  try {
    const nowMs = Date.now();
    const options = { nowMs, credentialsDirectory: env.CREDENTIALS_DIRECTORY };
    const credentials = await loadCredentials(tls, options);
    // That the list has ended is a finding of its own.
    const warnings = credentials.warnings.filter((text) => !/^tls\.crl .* ended on /.test(text));
    const findings = [...ownFindings(credentials, nowMs), ...warnings.map((text) => warning(text))];
    if (tls.verify === 'insecure') {
      findings.push(
        warning(
          'tls.verify is insecure: anybody who answers under that address is sent the audit trail',
          'set tls.verify to name, or to fingerprint with tls.fingerprints',
        ),
      );
    }
    return { findings, credentials };
  } catch (error) {
    if (!(error instanceof AgentError)) throw error;
    return { findings: [bad(error.message, error.hint)], credentials: undefined };
  }
}

function ownFindings({ own, crlEndsMs }: Credentials, nowMs: number): Finding[] {
  const findings: Finding[] = [];
  if (own === undefined) {
    findings.push(
      warning(
        'no certificate of our own (tls.cert): a collector that asks for one, as IHE ATNA demands, will refuse us',
        'make one: openemr-audit-forwarder cert request --help',
      ),
    );
  } else {
    const signed = `certificate ${own.subject}, signed by ${own.issuer}, until ${own.notAfter.slice(0, 10)}`;
    findings.push(
      lasting(signed, Date.parse(own.notAfter), nowMs, 'renew it: openemr-audit-forwarder cert renew --help'),
    );
  }
  if (crlEndsMs !== undefined) findings.push(listFinding(crlEndsMs, nowMs));
  return findings;
}

/** A finding that ends with the days left, and is a warning when they are few. */
export function lasting(text: string, endsMs: number, nowMs: number, hint: string): Finding {
  const days = daysUntil(endsMs, nowMs);
  const left = `${text} (${plural(days, 'day')} left)`;
  return days > FEW_DAYS ? good(left) : warning(left, hint);
}

/** Lists last for days or weeks, and are made anew before: only the last day is worth a warning. */
function listFinding(endsMs: number, nowMs: number): Finding {
  const day = new Date(endsMs).toISOString().slice(0, 10);
  const days = daysUntil(endsMs, nowMs);
  if (days < 0) return bad(`revocation list (tls.crl) ended on ${day}: every collector is refused`, NEXT_LIST);
  const text = `revocation list (tls.crl) until ${day} (${plural(days, 'day')} left)`;
  return days > 1 ? good(text) : warning(`${text}; then every collector is refused`, NEXT_LIST);
}
