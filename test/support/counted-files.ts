/** The system's files, with every call counted. */
import { type Files, type OpenFile, systemFiles } from '../../src/lib/files.js';

export class CountedFiles implements Files {
  /** How many calls have begun. */
  calls = 0;
  /** Called after each has been counted. */
  called: () => void = () => undefined;

  readonly open: Files['open'] = async (path, how) => {
    this.#count();
    const file = await systemFiles.open(path, how);
    const readOnce: OpenFile['readOnce'] = (into, position) => {
      this.#count();
      return file.readOnce(into, position);
    };
    return { ...file, readOnce };
  };
  readonly rename = this.#counted('rename');
  readonly unlink = this.#counted('unlink');
  readonly touch = this.#counted('touch');
  readonly readdir = this.#counted('readdir');
  readonly list = this.#counted('list');
  readonly stat = this.#counted('stat');
  readonly lstat = this.#counted('lstat');
  readonly readlink = this.#counted('readlink');
  readonly realpath = this.#counted('realpath');
  readonly mkdir = this.#counted('mkdir');
  readonly volume = this.#counted('volume');
  readonly syncDirectory = this.#counted('syncDirectory');

  #count(): void {
    this.calls += 1;
    this.called();
  }

  #counted<K extends keyof Files>(name: K): Files[K] {
    return ((...args: unknown[]) => {
      this.#count();
      return (systemFiles[name] as (...given: unknown[]) => unknown)(...args);
    }) as Files[K];
  }
}
