/** Our certificate as its files have it now, and that of the collector which we are connected to. */
import type { Watched } from './certificate-watch.js';
import type { CredentialFiles } from './credential-files.js';
import type { DeliveryState } from './delivery-state.js';

export interface InUse {
  readonly credentials: CredentialFiles;
  readonly forward: { readonly state: DeliveryState };
}

export async function certificatesInUse({ credentials, forward }: InUse): Promise<readonly Watched[]> {
  await credentials.reload();
  const { present } = credentials;
  const { link } = forward.state;
  const inUse: Watched[] = [];
  if (present?.own !== undefined) {
    const { sha256, notAfter } = present.own;
    const remedy = 'renew it: openemr-audit-forwarder cert renew --help';
    inUse.push({ whose: 'ours', fingerprint: sha256, validToMs: Date.parse(notAfter), remedy });
  }
  if (link.name === 'connected') {
    const { host, port, fingerprint, validToMs } = link.peer;
    inUse.push({ whose: `${host}:${port}`, fingerprint, validToMs, remedy: 'tell the collector’s operator' });
  }
  return inUse;
}
