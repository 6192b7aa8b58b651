/** The configuration file's text, or an error that says what to do. */
import { AgentError, reasonOf, systemCode } from '../lib/errors.js';
import type { Host } from './host.js';

/** `sections` names what such a file needs, for whoever has none yet. */
export async function readText(file: string, host: Pick<Host, 'readFile'>, sections: string): Promise<string> {
  try {
    return await host.readFile(file);
  } catch (cause) {
    const missing = systemCode(cause) === 'ENOENT';
    throw new AgentError(
      'configuration',
      `cannot read the configuration ${file}: ${missing ? 'there is no such file' : reasonOf(cause)}`,
      {
        cause,
        hint: missing
          ? `write one with ${sections}, or name another file with --config FILE`
          : 'make it readable for the user that the agent runs as, or name another file with --config FILE',
      },
    );
  }
}
