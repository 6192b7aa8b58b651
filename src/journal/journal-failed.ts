/** How the journal says that the disk did not take something. */
import { AgentError, reasonOf } from '../lib/errors.js';

/** A write or a sync failed. Everything appended since the last sync is given up; `recover` says where to go on. */
export class JournalFailed extends AgentError {
  constructor(path: string, cause: unknown) {
    super('journal-failed', `cannot write the journal in ${path}: ${reasonOf(cause)}`, {
      hint: 'see to the disk; the agent goes on by itself once it can be written again',
      cause,
    });
  }
}
