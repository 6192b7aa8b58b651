/**
 * Keeps damaged bytes as evidence: `SEGMENT-OFFSET-END-LASTENTRY.damaged`, and
 * beside it `….json`, which says what is lost. The second is written once the
 * damage has been reported to the collector; until then every start reports it
 * again, because a gap reported twice costs a repeat, and one never reported a line.
 */
import { join } from 'node:path';
import { reasonOf } from '../../lib/errors.js';
import { type Files, replaceWhole } from '../../lib/files.js';
import type { Report } from '../../model/report.js';

export class Quarantine {
  readonly #names = new Set<string>();
  #bytes = 0;

  constructor(
    private readonly directory: string,
    /** More than this is not kept: evidence must not fill the disk. */
    private readonly maxBytes: number,
    private readonly files: Files,
    private readonly report: Report,
  ) {}

  /** Looks at what earlier runs have left. */
  async load(): Promise<void> {
    for (const name of await this.files.readdir(this.directory)) {
      this.#names.add(name);
      // A link to nothing, or what goes just now, has no size.
      const state = await this.files.stat(join(this.directory, name)).catch(() => undefined);
      this.#bytes += state?.size ?? 0;
    }
  }

  /** The highest number of a segment that something was set aside from; no other segment may be named so, or be mistaken for it. */
  get highest(): number {
    return Math.max(0, ...[...this.#names].map((name) => Number(/^\d{20}/.exec(name)?.[0] ?? 0)));
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** How many damaged places, and segments of other journals, lie here. */
  get count(): number {
    return new Set([...this.#names].map((name) => name.replace(/\.(damaged|json)$/, ''))).size;
  }

  isTold(place: string): boolean {
    return this.#names.has(`${place}.json`);
  }

  /** Never rejects: a journal that cannot keep evidence still goes on. */
  async keep(place: string, bytes: Buffer): Promise<void> {
    if (this.#names.has(`${place}.damaged`)) return;
    if (this.#bytes + bytes.length > this.maxBytes) {
      this.report.warning('Damaged bytes are not set aside: the quarantine is full', {
        directory: this.directory,
        place,
      });
      return;
    }
    await this.#write(`${place}.damaged`, bytes);
  }

  async markTold(place: string, lost: object): Promise<void> {
    await this.#write(`${place}.json`, Buffer.from(`${JSON.stringify(lost, undefined, 2)}\n`));
  }

  async #write(name: string, bytes: Buffer): Promise<void> {
    try {
      await replaceWhole(join(this.directory, name), [bytes], this.files);
      this.#bytes += bytes.length;
      this.#names.add(name);
    } catch (error) {
      this.report.warning('A file cannot be written to the quarantine', {
        directory: this.directory,
        name,
        reason: reasonOf(error),
      });
    }
  }
}
