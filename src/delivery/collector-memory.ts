/**
 * What has been learnt of each collector, kept beside the journal so that a
 * restart does not learn it anew. Losing the file costs a few short epochs.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { replaceFile } from '../lib/atomic-file.js';
import { reasonOf } from '../lib/errors.js';
import { type Ending, LEVELS, type Level } from '../link/acknowledge.js';
import type { Report } from '../model/report.js';

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

/**
 * What is known of a collector's way to acknowledge, learnt from how its links
 * end. A learnt level is not weakened by crashes: only several epochs in a row
 * that met every other condition do that, so that the same bytes are never
 * sent for ever to a collector that answers less than it used to.
 * Pure: a memory and an ending give a memory and an answer.
 */
export interface CollectorMemory {
  /** `undefined`: not learnt yet. */
  readonly level: Level | undefined;
  /** How many endings in a row have proved only this weaker level. */
  readonly weaker: { readonly level: Level; readonly count: number } | undefined;
  /** It serves one connection at a time: close first, connect after. */
  readonly oneAtATime: boolean;
}

export const UNKNOWN_COLLECTOR: CollectorMemory = { level: undefined, weaker: undefined, oneAtATime: false };

/** As many epochs of the same weaker answer make it the collector's level. */
const WEAKER_IN_A_ROW = 3;

export interface Lesson {
  readonly acknowledged: boolean;
  readonly memory: CollectorMemory;
}

/** `fixed` is the level that the operator demands, if any: then nothing is learnt. */
export function learn(memory: CollectorMemory, ending: Ending, fixed: Level | undefined): Lesson {
  const { proves } = ending;
  if (proves === undefined) return { acknowledged: false, memory };
  if (fixed !== undefined) return { acknowledged: rank(proves) >= rank(fixed), memory };

  const needed = memory.level ?? 'fin';
  if (rank(proves) >= rank(needed)) {
    return { acknowledged: true, memory: { ...memory, level: proves, weaker: undefined } };
  }
  const count = memory.weaker?.level === proves ? memory.weaker.count + 1 : 1;
  if (count < WEAKER_IN_A_ROW) return { acknowledged: false, memory: { ...memory, weaker: { level: proves, count } } };
  return { acknowledged: true, memory: { ...memory, level: proves, weaker: undefined } };
}

function rank(level: Level): number {
  return LEVELS.indexOf(level);
}
