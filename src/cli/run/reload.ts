/**
 * Reads the configuration and the certificate files again after SIGHUP, all or
 * nothing. If something is wrong, nothing changes, and it is a problem until the next
 * SIGHUP; what needs a restart is named and left as it is.
 */
import type { Config } from '../../config/config.js';
import { loadConfig } from '../../config/load.js';
import { withoutRestart } from '../../config/restart.js';
import { systemClock } from '../../lib/clock.js';
import { AgentError, reasonOf } from '../../lib/errors.js';
import type { RaisesProblems } from '../../lib/problems.js';
import { loadCredentials } from '../../pki/files/credentials.js';

/** `undefined`: go on as before. */
export async function readAgain(
  present: Config,
  env: NodeJS.ProcessEnv,
  problems: RaisesProblems,
): Promise<Config | undefined> {
  try {
    const wanted = await loadConfig(present.file, env);
    await loadCredentials(wanted.tls, {
      nowMs: systemClock.nowMs(),
      credentialsDirectory: env.CREDENTIALS_DIRECTORY,
    });
    problems.clear('configuration');
    const { config, left } = withoutRestart(wanted, present);
    for (const part of left) {
      problems.happened({
        key: `restart-needed ${part}`,
        message: 'A change needs a restart; until then this part is as before',
        facts: { part },
        remedy: 'systemctl restart openemr-audit-forwarder',
      });
    }
    return config;
  } catch (error) {
    problems.raise({
      key: 'configuration',
      level: 'error',
      message: 'The configuration cannot be used; nothing is changed',
      facts: { reason: reasonOf(error) },
      remedy: error instanceof AgentError ? error.hint : undefined,
      repeatMs: 0,
    });
    return undefined;
  }
}
