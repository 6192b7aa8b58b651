/** One site as the configuration completes it when only its name is given, for tests of the export. */
import type { SiteOptions } from '../../src/export/options.js';

export const DEFAULT_SITE: SiteOptions = {
  name: 'default',
  host: 'localhost',
  port: 3306,
  socket: undefined,
  database: 'openemr',
  user: 'openemr-audit-export',
  passwordFile: undefined,
  tls: undefined,
};

export const SITE_TLS = { ca: '/ca.pem', cert: undefined, key: undefined, verify: 'name' } as const;
