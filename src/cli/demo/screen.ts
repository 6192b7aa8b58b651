/** The demo's output: arrivals one by one above a running total, which stays in place on a terminal. */
import type { Writable } from 'node:stream';

const TOTAL_EVERY_MS = 5_000;
const ERASE_LINE = '\r\u001b[2K';

export class Screen {
  #toldAtMs: number;

  constructor(
    private readonly output: Writable & { readonly isTTY?: boolean },
    private readonly total: () => string,
    private readonly nowMs: () => number,
  ) {
    this.#toldAtMs = nowMs();
  }

  line(text: string): void {
    if (this.output.isTTY) this.output.write(`${ERASE_LINE}${text}\n${this.total()}`);
    else this.output.write(`${text}\n`);
  }

  /** Called now and then: refreshes the total. */
  tick(): void {
    if (this.output.isTTY) {
      this.output.write(`${ERASE_LINE}${this.total()}`);
    } else if (this.nowMs() - this.#toldAtMs >= TOTAL_EVERY_MS) {
      this.#toldAtMs = this.nowMs();
      this.output.write(`${this.total()}\n`);
    }
  }

  end(): void {
    if (this.output.isTTY) this.output.write(ERASE_LINE);
  }
}
