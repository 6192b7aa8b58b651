/** How much the export may hold on disk: all files of its directory together. */
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';

export class Allowance {
  readonly #directory: string;
  readonly #maxBytes: number;
  /** Undefined: to be counted again. */
  #held: number | undefined;

  constructor(directory: string, maxBytes: number) {
    this.#directory = directory;
    this.#maxBytes = maxBytes;
  }

  /** Counts again before it says no: somebody may have made room. */
  async allows(bytes: number): Promise<boolean> {
    this.#held ??= await this.#count();
    if (this.#held + bytes <= this.#maxBytes) return true;
    this.#held = await this.#count();
    return this.#held + bytes <= this.#maxBytes;
  }

  use(bytes: number): void {
    if (this.#held !== undefined) this.#held += bytes;
  }

  forget(): void {
    this.#held = undefined;
  }

  async #count(): Promise<number> {
    let held = 0;
    for (const name of await readdir(this.#directory)) {
      // A file that has just been removed holds nothing.
      const found = await stat(join(this.#directory, name)).catch(() => undefined);
      if (found?.isFile()) held += found.size;
    }
    return held;
  }
}
