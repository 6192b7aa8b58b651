/**
 * Detects a followed file that fills with our own messages, because a collector on
 * this host writes there what we send: each line read makes a longer one. Such a
 * file is reported and read slowly, but never given up: no content of a line may
 * stop the audit trail. Only messages of this run count, because nobody who writes
 * into an audit log can know its id in advance.
 */
import type { RaisesProblems } from '../lib/problems.js';
import type { Run } from '../model/entry.js';
import type { Chunk } from '../model/line.js';
import type { TailId } from '../model/position.js';

/** With chunks of 256 KiB at most, a loop then grows by a quarter of a megabyte in ten seconds. */
const HOLD_MS = 10_000;

export class FeedbackLoops {
  /** Paths of the files that have been found to hold our messages. */
  readonly paths = new Set<string>();
  readonly #mark: Buffer;

  constructor(
    run: Run,
    private readonly problems: RaisesProblems,
    /** Nothing more of the tail is read for so long. */
    private readonly hold: (tailId: TailId, ms: number) => void,
  ) {
    this.#mark = Buffer.from(`run="${run}" seq="`);
  }

  look({ bytes, to }: Chunk): void {
    if (!bytes.includes(this.#mark)) return;
    this.hold(to.tailId, HOLD_MS);
    this.paths.add(to.path);
    this.problems.raise({
      key: `feedback-loop ${to.path}`,
      level: 'error',
      message: 'A followed file fills with our own messages; it is read slowly',
      facts: { file: to.path, source: to.source },
      remedy: 'let the collector write elsewhere, or name the file under sources[].exclude',
    });
  }
}
