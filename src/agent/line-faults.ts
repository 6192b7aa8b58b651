/** Tells the log of lines that a fault of the program kept from becoming the messages that their format asks for. */
import type { LineFault } from '../encode/line-writer.js';
import type { Clock } from '../lib/clock.js';
import { ToldFailures } from '../lib/report-once.js';
import type { Position } from '../model/position.js';
import type { Report } from '../model/report.js';

/** The same fault can be met by every line; how many there were, `status` counts. */
const TOLD_AGAIN_MS = 600_000;

export class LineFaults {
  readonly #told: ToldFailures;

  constructor(
    private readonly report: Report,
    clock: Pick<Clock, 'monotonicMs'>,
  ) {
    this.#told = new ToldFailures(clock, TOLD_AGAIN_MS);
  }

  note({ path, source, tailId }: Position, faults: readonly LineFault[]): void {
    for (const { from, to, unsent, fault } of faults) {
      if (!this.#told.isDue(`${fault} ${unsent}`)) continue;
      this.report.error(
        unsent
          ? 'A fault of the program kept a line from being sent; the collector was told where it stands'
          : 'A fault of the program kept a line from being understood; it was sent as it is',
        { file: path, source, tail: tailId, from, to, fault, remedy: 'report this, with that line if it may be shown' },
      );
    }
  }
}
