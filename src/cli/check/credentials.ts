/** Are the certificate files such that a connection can be made with them? */
import { daysUntil } from '../../agent/certificate-state.js';
import type { TlsConfig } from '../../config/config.js';
import { AgentError } from '../../lib/errors.js';
import { type Credentials, loadCredentials } from '../../pki/credentials.js';
import { bad, type Finding, good, warning } from './finding.js';

export async function checkCredentials(
  tls: TlsConfig,
  env: NodeJS.ProcessEnv,
): Promise<{ findings: Finding[]; credentials: Credentials | undefined }> {
  try {
    const nowMs = Date.now();
    const options = { nowMs, credentialsDirectory: env.CREDENTIALS_DIRECTORY };
    const credentials = await loadCredentials(tls, options);
    const findings = [...ownFindings(credentials, nowMs), ...credentials.warnings.map((text) => warning(text))];
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
    findings.push(
      good(
        `certificate ${own.subject}, signed by ${own.issuer}, until ${own.notAfter.slice(0, 10)} (${own.daysLeft} days left)`,
      ),
    );
  }
  // That it has ended is among the warnings.
  if (crlEndsMs !== undefined && crlEndsMs > nowMs) {
    const until = new Date(crlEndsMs).toISOString().slice(0, 10);
    findings.push(good(`revocation list (tls.crl) until ${until} (${daysUntil(crlEndsMs, nowMs)} days left)`));
  }
  return findings;
}
