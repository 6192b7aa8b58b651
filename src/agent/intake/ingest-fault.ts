/**
 * What went wrong on the way into the journal: the disk, which is waited for,
 * or this program, which ends then, so that it is started anew. Nothing is lost
 * by that: what is not in the journal is read again. docs/decisions/0016.
 */
import { AgentError } from '../../lib/errors.js';
import { programFault } from '../../lib/program-fault.js';
import type { Chunk } from '../../model/line.js';

/** The journal says so itself when the disk, or its own limit, refuses something. */
export function isRefusal(error: unknown): boolean {
  return error instanceof AgentError && (error.code === 'journal-failed' || error.code === 'journal-full');
}

/** An error for the administrator that names the place in the file, and no content. `undefined`: an own message. */
export function faultOf(error: unknown, chunk: Chunk | undefined): AgentError {
  if (chunk === undefined) {
    return new AgentError('program-fault', `a fault of the program in a message of its own: ${programFault(error)}`, {
      hint: 'please report it, with the log before it',
      cause: error,
    });
  }
  const { from, to } = chunk;
  const where = `bytes ${from.offset} to ${to.offset} of ${to.path} (tail ${to.tailId})`;
  return new AgentError('program-fault', `a fault of the program at ${where}: ${programFault(error)}`, {
    hint: 'they are read again at the next start; if that meets it too, name the file under sources[].exclude, and please report it',
    cause: error,
  });
}
