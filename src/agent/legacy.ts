/** What an agent leaves to the one that goes on in the same process, when the configuration is read again. */
import type { Credentials } from '../pki/credentials.js';
import type { HeldFile } from '../source/sources.js';

export interface Legacy {
  /** Log files, open: the heir's once it has started, until then whoever's who gives them. */
  readonly files: readonly HeldFile[];
  /** Shown until now; for an heir with the same configuration, should its certificate files be unusable by now. */
  readonly credentials: Credentials | undefined;
}
