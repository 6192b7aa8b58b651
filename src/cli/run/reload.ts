/**
 * SIGHUP: the configuration and the certificate files are read again, all or
 * nothing. What is wrong is said and changes nothing; what only a restart can
 * change is named and left as it is.
 */
import { isDeepStrictEqual } from 'node:util';
import type { Config } from '../../config/config.js';
import { loadConfig } from '../../config/load.js';
import { systemClock } from '../../lib/clock.js';
import { AgentError, reasonOf } from '../../lib/errors.js';
import type { Report } from '../../model/report.js';
import { loadCredentials } from '../../pki/files/credentials.js';

/** What is taken up at the start alone. */
const FIXED: Readonly<Record<string, (config: Config) => unknown>> = {
  journal: ({ journal }) => journal,
  status: ({ status }) => status,
  'log.format': ({ log }) => log.format,
};

/** `undefined`: go on as before. */
export async function readAgain(present: Config, env: NodeJS.ProcessEnv, report: Report): Promise<Config | undefined> {
  try {
    const config = await loadConfig(present.file, env);
    await loadCredentials(config.tls, {
      nowMs: systemClock.nowMs(),
      credentialsDirectory: env.CREDENTIALS_DIRECTORY,
    });
    for (const [part, of] of Object.entries(FIXED)) {
      if (isDeepStrictEqual(of(config), of(present))) continue;
      report.warning('A change needs a restart; until then this part is as before', {
        part,
        remedy: 'systemctl restart openemr-audit-forwarder',
      });
    }
    const log = { ...config.log, format: present.log.format };
    return { ...config, journal: present.journal, status: present.status, log };
  } catch (error) {
    report.error('The configuration cannot be used; nothing is changed', {
      reason: reasonOf(error),
      remedy: error instanceof AgentError ? error.hint : undefined,
    });
    return undefined;
  }
}
