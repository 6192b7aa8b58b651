/** Who waits until an entry is on disk. */

interface Flush {
  readonly number: number;
  readonly done: () => void;
  readonly failed: (reason: unknown) => void;
}

export class Flushes {
  /** In ascending order of numbers. */
  readonly #waiting: Flush[] = [];

  /** Resolves when entry `number`, not smaller than any before, is on disk. */
  wait(number: number): Promise<void> {
    return new Promise((done, failed) => this.#waiting.push({ number, done, failed }));
  }

  reached(synced: number): void {
    const later = this.#waiting.findIndex(({ number }) => number > synced);
    for (const { done } of this.#waiting.splice(0, later === -1 ? this.#waiting.length : later)) done();
  }

  fail(reason: unknown): void {
    for (const { failed } of this.#waiting.splice(0)) failed(reason);
  }
}
