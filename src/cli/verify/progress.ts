/** A bar for a work of known size, on a terminal only; a few times a second, on one line that goes away at the end. */
import type { Clock } from '../../lib/clock.js';
import type { Io } from '../io.js';
import { sizeText } from '../voice.js';

const EVERY_MS = 100;
const WIDTH = 30;

export class Progress {
  #drawnAtMs = Number.NEGATIVE_INFINITY;
  readonly #startedAtMs: number;

  constructor(
    private readonly io: Pick<Io, 'stderr' | 'isTerminal'>,
    private readonly totalBytes: number,
    private readonly clock: Pick<Clock, 'monotonicMs'>,
  ) {
    this.#startedAtMs = clock.monotonicMs();
  }

  /** `bytes` are done, of all. */
  reach(bytes: number): void {
    if (!this.io.isTerminal) return;
    const nowMs = this.clock.monotonicMs();
    if (nowMs - this.#drawnAtMs < EVERY_MS) return;
    this.#drawnAtMs = nowMs;
    this.io.stderr.write(`\r${this.#line(bytes, nowMs - this.#startedAtMs)}\u001b[K`);
  }

  end(): void {
    if (this.io.isTerminal && this.#drawnAtMs > Number.NEGATIVE_INFINITY) this.io.stderr.write('\r\u001b[K');
  }

  #line(bytes: number, elapsedMs: number): string {
    // A file may grow while it is read.
    const share = Math.min(1, this.totalBytes === 0 ? 1 : bytes / this.totalBytes);
    const full = Math.floor(share * WIDTH);
    const bar = '█'.repeat(full) + '░'.repeat(WIDTH - full);
    const speed = elapsedMs < 1 ? '' : `, ${sizeText((1000 * bytes) / elapsedMs)}/s`;
    return `${bar} ${Math.floor(100 * share)} % of ${sizeText(this.totalBytes)}${speed}`;
  }
}
