/** Of `status`: how long the certificates and the revocation list still last. */
import type { CertificateState } from '../../agent/certificates/expiry.js';
import type { AgentState } from '../../agent/state.js';
import { countText } from '../voice.js';

export function certificateLines({ certificate, collectorCertificate, revocationList }: AgentState): string[] {
  const lines = [
    certificate === undefined ? 'certificate: none that can be used' : `certificate: ${lasts(certificate)}`,
  ];
  if (collectorCertificate !== undefined) lines.push(`collector’s certificate: ${lasts(collectorCertificate)}`);
  if (revocationList !== undefined) {
    lines.push(`revocation list (tls.crl): until ${untilText(revocationList.ends, revocationList.daysLeft)}`);
  }
  return lines;
}

function lasts({ subject, notAfter, daysLeft, chainDaysLeft }: CertificateState): string {
  const chain = chainDaysLeft < daysLeft ? `; an authority of its chain ${daysText(chainDaysLeft)}` : '';
  return `${subject}, until ${untilText(notAfter, daysLeft)}${chain}`;
}

function daysText(days: number): string {
  return days < 0 ? 'has EXPIRED' : `has ${countText(days)} days left`;
}

/** `2027-01-31 (69 days left)`. */
function untilText(ends: string, daysLeft: number): string {
  return `${ends.slice(0, 10)} (${daysLeft < 0 ? 'EXPIRED' : `${countText(daysLeft)} days left`})`;
}
