/** What links are made with in tests: the product's own defaults, for a collector on a curve P-256. */
import { systemClock } from '../../src/lib/clock.js';
import { systemNetwork } from '../../src/lib/network.js';
import type { TlsPolicy } from '../../src/link/connect.js';
import type { LinkContext } from '../../src/link/link.js';

export const POLICY: TlsPolicy = {
  verify: 'name',
  fingerprints: [],
  purpose: 'server',
  commonName: false,
  minVersion: 'TLSv1.2',
  ciphers: 'ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384',
};

export const LINKING: LinkContext = { clock: systemClock, network: systemNetwork };
