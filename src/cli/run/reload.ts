/**
 * SIGHUP: the configuration and the certificate files are read again, all or
 * nothing. What is wrong is said and changes nothing; what only a restart can
 * change is named and left as it is.
 */
import type { Config } from '../../config/config.js';
import { loadConfig } from '../../config/load.js';
import { withoutRestart } from '../../config/restart.js';
import { systemClock } from '../../lib/clock.js';
import { AgentError, reasonOf } from '../../lib/errors.js';
import type { Report } from '../../model/report.js';
import { loadCredentials } from '../../pki/files/credentials.js';

/** `undefined`: go on as before. */
export async function readAgain(present: Config, env: NodeJS.ProcessEnv, report: Report): Promise<Config | undefined> {
  try {
    const wanted = await loadConfig(present.file, env);
    await loadCredentials(wanted.tls, {
      nowMs: systemClock.nowMs(),
      credentialsDirectory: env.CREDENTIALS_DIRECTORY,
    });
    const { config, left } = withoutRestart(wanted, present);
    for (const part of left) {
      report.warning('A change needs a restart; until then this part is as before', {
        part,
        remedy: 'systemctl restart openemr-audit-forwarder',
      });
    }
    return config;
  } catch (error) {
    report.error('The configuration cannot be used; nothing is changed', {
      reason: reasonOf(error),
      remedy: error instanceof AgentError ? error.hint : undefined,
    });
    return undefined;
  }
}
