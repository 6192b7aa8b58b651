/** Wakes whoever waits; carries nothing. Look, and only if there is nothing to do wait, without an await in between. */
export class Wake {
  readonly #waiting = new Set<() => void>();

  wake(): void {
    for (const go of this.#waiting) go();
  }

  /** Resolves at the next wake, or when the signal aborts; never rejects. */
  wait(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      if (signal.aborted) return resolve();
      const go = () => {
        this.#waiting.delete(go);
        signal.removeEventListener('abort', go);
        resolve();
      };
      this.#waiting.add(go);
      signal.addEventListener('abort', go);
    });
  }
}
