/**
 * What has been learnt of each collector, kept beside the journal so that a
 * restart does not learn it anew. Losing the file costs a few short epochs.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { replaceFile } from '../../lib/atomic-file.js';
import { reasonOf } from '../../lib/errors.js';
import { LEVELS } from '../../link/acknowledge.js';
import { type CollectorMemory, UNKNOWN_COLLECTOR } from '../../link/level.js';
import type { Report } from '../../model/report.js';

const FILE = 'collectors.json';

export class CollectorMemories {
  readonly #memories: Map<string, CollectorMemory>;

  private constructor(
    private readonly path: string,
    memories: Map<string, CollectorMemory>,
    private readonly report: Report,
  ) {
    this.#memories = memories;
  }

  static async open(directory: string, report: Report): Promise<CollectorMemories> {
    const path = join(directory, FILE);
    return new CollectorMemories(path, await readMemories(path), report);
  }

  of(host: string, port: number): CollectorMemory {
    return this.#memories.get(`${host}:${port}`) ?? UNKNOWN_COLLECTOR;
  }

  async keep(host: string, port: number, memory: CollectorMemory): Promise<void> {
    const known = this.of(host, port);
    this.#memories.set(`${host}:${port}`, memory);
    if (known.level === memory.level && known.oneAtATime === memory.oneAtATime) return;
    try {
      await replaceFile(this.path, `${JSON.stringify(Object.fromEntries(this.#memories), undefined, 2)}\n`);
    } catch (error) {
      this.report.warning('What was learnt of the collector could not be kept; it is learnt again after a restart', {
        file: this.path,
        reason: reasonOf(error),
      });
    }
  }
}

/** An unreadable or damaged file is as good as none. */
async function readMemories(path: string): Promise<Map<string, CollectorMemory>> {
  const memories = new Map<string, CollectorMemory>();
  try {
    const content: unknown = JSON.parse(await readFile(path, 'utf8'));
    for (const [name, value] of Object.entries(content ?? {})) {
      const level = LEVELS.find((known) => known === value?.level);
      memories.set(name, { level, weaker: undefined, oneAtATime: value?.oneAtATime === true });
    }
  } catch {
    return new Map();
  }
  return memories;
}
