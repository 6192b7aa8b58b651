/** Removes segments that are wholly acknowledged, oldest first, once a later one is on disk. */
import type { Clock } from '../lib/clock.js';
import { Complaint } from '../lib/report-once.js';
import type { Report } from '../model/report.js';
import { type Files, removeIfThere } from './disk/files.js';
import type { Segments } from './disk/segments.js';

export interface RemovalDependencies {
  readonly files: Files;
  readonly clock: Clock;
  readonly report: Report;
  readonly segments: Segments;
  cursor(): number;
}

export class Removal {
  readonly #complaint: Complaint;
  #running: Promise<void> = Promise.resolve();

  constructor(private readonly dependencies: RemovalDependencies) {
    this.#complaint = new Complaint('A segment cannot be removed', dependencies.report, dependencies.clock);
  }

  /** Never rejects: what cannot be removed now is tried again the next time. */
  run(): Promise<void> {
    this.#running = this.#running.then(() => this.#remove());
    return this.#running;
  }

  async #remove(): Promise<void> {
    const { files, segments, cursor } = this.dependencies;
    for (;;) {
      const oldest = segments.oldest;
      const next = oldest && segments.after(oldest);
      if (oldest === undefined || next === undefined || next.first - 1 > cursor()) return;
      try {
        await removeIfThere(oldest.path, files);
      } catch (error) {
        this.#complaint.say(error, { file: oldest.path });
        return;
      }
      segments.shift();
      this.#complaint.over('Segments can be removed again');
    }
  }
}
