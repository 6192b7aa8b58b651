/** Where a measurement is made: a temporary directory with certificates and files of lines. */
import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeTestPki, type TestPki } from '../../test/support/certificates.js';
import { type Kind, writeLines } from './lines.js';

export class Workplace {
  readonly directory = mkdtempSync(join(tmpdir(), 'bench-'));
  #places = 0;

  private constructor(readonly pki: TestPki) {}

  static async open(): Promise<Workplace> {
    return new Workplace(await makeTestPki());
  }

  /** A fresh directory in it. */
  place(): string {
    this.#places += 1;
    const directory = join(this.directory, String(this.#places));
    mkdirSync(directory);
    return directory;
  }

  /** A file of so many lines; made once, until `forgetLines`. */
  lines(kind: Kind, count: number): string {
    const logs = join(this.directory, 'lines');
    const file = join(logs, `${kind}-${count}.log`);
    mkdirSync(logs, { recursive: true });
    if (!existsSync(file)) writeLines(file, count, kind);
    return file;
  }

  forgetLines(): void {
    rmSync(join(this.directory, 'lines'), { recursive: true, force: true });
  }

  async close(): Promise<void> {
    await this.pki.remove();
    rmSync(this.directory, { recursive: true, force: true });
  }
}
