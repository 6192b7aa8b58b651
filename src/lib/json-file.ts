/**
 * A small file of the agent's own, as JSON: read once, replaced as a whole so that a
 * crash leaves the old content or the new. All such files are this, except for the
 * cursor, which has a checksum; docs/decisions/0004 lists them. Losing one never
 * loses a message; what it costs instead, its owner says.
 */
import { diskRemedy } from './disk-remedy.js';
import { reasonOf, systemCode } from './errors.js';
import { type Files, readWhole, removeIfThere, replaceWhole } from './files.js';
import type { RaisesProblems } from './problems.js';

export interface JsonFileOptions<T> {
  readonly path: string;
  /** Makes a value of what JSON.parse gave; throws when it is not what was written. */
  readonly parse: (content: unknown) => T;
  /** Constant sentences: what it means that the file cannot be read, or written. */
  readonly unreadable: string;
  readonly unwritable: string;
  /** Default: true. False: after a power cut an older content, or none, is good enough. */
  readonly durable?: boolean;
  /** Of the problem that it cannot be written; default: `warning`. */
  readonly level?: 'warning' | 'error';
}

export class JsonFile<T> {
  /** What is known to be on disk. */
  #written: string | undefined;

  constructor(
    private readonly options: JsonFileOptions<T>,
    private readonly context: { readonly files: Files; readonly problems: RaisesProblems },
  ) {}

  /** `undefined` when there is none, or none that can be read: then the problem is listed. Never rejects. */
  async read(): Promise<T | undefined> {
    const { path, parse, unreadable } = this.options;
    const { files, problems } = this.context;
    try {
      const bytes = await readWhole(path, files);
      if (bytes === undefined) return undefined;
      const text = bytes.toString();
      const value = parse(JSON.parse(text));
      this.#written = text;
      return value;
    } catch (error) {
      const damaged = error instanceof SyntaxError;
      const reason = damaged ? 'it is damaged' : reasonOf(error);
      problems.happened({ key: `read ${path}`, message: unreadable, facts: { file: path, reason } });
      return undefined;
    }
  }

  /** Sets its time of change, where what was written last still stands; false when it does not, or cannot be told. */
  async touch(): Promise<boolean> {
    if (this.#written === undefined) return false;
    return this.context.files.touch(this.options.path).then(
      () => true,
      () => {
        this.#written = undefined;
        return false;
      },
    );
  }

  /** `undefined` removes it. Answers whether it is on disk now; never rejects, and writes nothing that stands there already. */
  async write(value: T | undefined): Promise<boolean> {
    const { path, unwritable, durable = true, level = 'warning' } = this.options;
    const { files, problems } = this.context;
    const text = value === undefined ? undefined : `${JSON.stringify(value)}\n`;
    try {
      if (text === undefined) await removeIfThere(path, files);
      else if (text !== this.#written) await replaceWhole(path, [Buffer.from(text)], files, durable);
      this.#written = text;
      problems.clear(`write ${path}`, { file: path });
      return true;
    } catch (error) {
      this.#written = undefined;
      problems.raise({
        key: `write ${path}`,
        level,
        message: unwritable,
        facts: { file: path, reason: reasonOf(error) },
        remedy: diskRemedy(systemCode(error)),
        over: 'A file of the agent can be written again',
      });
      return false;
    }
  }
}
