/** The configuration file's text, or an error that says what to do. */
import { AgentError, reasonOf, systemCode } from '../lib/errors.js';
import type { Host } from './host.js';

/** `sections` names what such a file needs, for whoever has none yet. */
export async function readText(file: string, host: Pick<Host, 'readFile'>, sections: string): Promise<string> {
  try {
    return await host.readFile(file);
  } catch (cause) {
    const [reason, hint] = wordsFor(cause, file, sections);
    throw new AgentError('configuration', `cannot read the configuration ${file}: ${reason}`, {
      cause,
      hint: `${hint}, or name another file with --config FILE`,
    });
  }
}

function wordsFor(cause: unknown, file: string, sections: string): readonly [reason: string, hint: string] {
  switch (systemCode(cause)) {
    case 'ENOENT':
      return ['there is no such file', `write one with ${sections}`];
    case 'EISDIR':
      return ['it is a directory', `name the file in it, such as --config ${file.replace(/\/$/, '')}/config.yaml`];
    case 'EACCES':
      return ['this user may not read it', 'run this as root, or make it readable for the user that runs this'];
    default:
      return [reasonOf(cause), 'see to the disk'];
  }
}
