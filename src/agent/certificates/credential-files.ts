/**
 * Keeps the agent's certificate, key and authorities in step with their files: they are looked
 * at again before every connection, so that a renewed pair is used from the next one on. A pair that
 * is broken or half written changes nothing and is a problem until it is whole.
 */
import type { Context } from '../../lib/context.js';
import { AgentError, reasonOf } from '../../lib/errors.js';
import type { TlsMaterial } from '../../link/connect.js';
import { LinkError } from '../../link/refusal.js';
import { type Credentials, loadCredentials, type CredentialFiles as Paths } from '../../pki/files/credentials.js';

/** Faults of our own certificate that time or a new file will mend: lines are kept in the journal until then. */
const MENDED_IN_TIME = ['certificate-dates', 'certificate-revocation'];

const REPEAT_MS = 60 * 60_000;

type Dependencies = Pick<Context, 'clock' | 'files' | 'report' | 'problems'> & {
  readonly credentialsDirectory: string | undefined;
  /** In use until now, and to be used on while the files cannot be. */
  readonly before?: Credentials | undefined;
  /** Another certificate is in use than before. */
  readonly changed: (credentials: Credentials) => void;
};

export class CredentialFiles {
  /** In use; `undefined` while our certificate cannot be used at all. */
  present: Credentials | undefined;
  #fault: AgentError | undefined;
  #seen = '';

  private constructor(
    private readonly paths: Paths,
    private readonly dependencies: Dependencies,
  ) {}

  /** Throws an AgentError when the files cannot be used and only the operator can change that. */
  static async open(paths: Paths, dependencies: Dependencies): Promise<CredentialFiles> {
    const files = new CredentialFiles(paths, dependencies);
    await files.reload();
    const fault = files.#fault;
    if (files.present === undefined) files.present = dependencies.before;
    if (files.present === undefined && fault !== undefined && !MENDED_IN_TIME.includes(fault.code)) throw fault;
    return files;
  }

  /** For the next connection; throws a LinkError while there is nothing to show. */
  async material(): Promise<TlsMaterial> {
    await this.reload();
    if (this.present !== undefined) return this.present;
    const { message = 'no usable certificate', hint = '' } = this.#fault ?? {};
    throw new LinkError('own-certificate', 'us', message, hint);
  }

  /** Reads the files again if one of them has changed. */
  async reload(): Promise<void> {
    const { clock, files: disk, report, problems, credentialsDirectory, changed } = this.dependencies;
    const state = await this.#state();
    if (state === this.#seen && this.present !== undefined) return;
    this.#seen = state;
    const before = this.present;
    try {
      this.present = await loadCredentials(this.paths, { nowMs: clock.nowMs(), credentialsDirectory, disk });
      this.#fault = undefined;
    } catch (error) {
      this.#fault =
        error instanceof AgentError ? error : new AgentError('credentials', reasonOf(error), { cause: error });
      problems.raise({
        key: 'certificate-files',
        level: 'error',
        message:
          (before ?? this.dependencies.before) === undefined
            ? 'The certificate cannot be used'
            : 'The new certificate files are not used',
        facts: { reason: this.#fault.message },
        remedy: this.#fault.hint,
        repeatMs: REPEAT_MS,
      });
      return;
    }
    problems.clear('certificate-files');
    problems.clear('certificate-weakness');
    for (const reason of this.present.warnings) {
      problems.raise({
        key: `certificate-weakness ${reason}`,
        message: 'A certificate needs attention',
        facts: { reason },
      });
    }
    // A look amid an installation of several files, or a touch, shows a change and finds the same content.
    if (before !== undefined && !isSame(before, this.present)) {
      report.notice('New certificate files are in use from the next connection on', {
        subject: this.present.own?.subject,
        until: this.present.own?.notAfter,
      });
      changed(this.present);
    }
  }

  /** Changes whenever a file does: identity, size and times of all. */
  async #state(): Promise<string> {
    const { ca, cert, key, p12, passphraseFile, crl } = this.paths;
    const states = [ca, cert, key, p12, passphraseFile, crl].map(async (path) => {
      if (path === undefined) return '-';
      const state = await this.dependencies.files.stat(path).catch(() => undefined);
      return state === undefined ? 'none' : `${state.ino} ${state.size} ${state.mtimeMs} ${state.ctimeMs}`;
    });
    return (await Promise.all(states)).join('; ');
  }
}

function isSame(one: Credentials, other: Credentials): boolean {
  return one.ca.join() === other.ca.join() && one.cert === other.cert && one.key === other.key && one.crl === other.crl;
}
