/**
 * How each collector acknowledges, learnt from how its connections end, and
 * kept in `collectors.json` beside the journal so that a restart does not learn
 * it again. Losing the file costs a few short epochs.
 */
import { join } from 'node:path';
import type { Context } from '../lib/context.js';
import { JsonFile } from '../lib/json-file.js';
import { type Ending, LEVELS, type Level } from '../link/acknowledge.js';
import type { Target } from '../link/peer.js';
import { LinkError } from '../link/refusal.js';

/** What is cut sooner was hardly cut for being idle. */
const LEAST_IDLE_MS = 1_000;
/** Of the time after which a link was cut: the close must be answered before it is over. */
const IDLE_SHARE = 0.7;

export class CollectorMemories {
  readonly #idleLimits = new Map<string, number>();

  /** What a full disk has refused is written at the next ending. */
  #saved = true;

  private constructor(
    private readonly file: JsonFile<Memories>,
    private readonly memories: Map<string, CollectorMemory>,
    private readonly context: Pick<Context, 'problems'>,
  ) {}

  static async open(directory: string, context: Pick<Context, 'files' | 'problems'>): Promise<CollectorMemories> {
    const file = new JsonFile(
      {
        path: join(directory, 'collectors.json'),
        parse: parseMemories,
        unreadable: 'How the collectors acknowledge could not be read; it is learnt again',
        unwritable: 'How the collectors acknowledge could not be saved; it is learnt again after a restart',
      },
      context,
    );
    return new CollectorMemories(file, new Map(Object.entries((await file.read()) ?? {})), context);
  }

  /** How long a link may be idle before something on the way may cut it; `Infinity`: not known to happen. */
  idleLimitMs({ host, port }: Pick<Target, 'host' | 'port'>): number {
    return this.#idleLimits.get(`${host}:${port}`) ?? Number.POSITIVE_INFINITY;
  }

  /** A link was cut after so long without a message: may that be why? */
  isShortIdle(target: Pick<Target, 'host' | 'port'>, idleMs: number): boolean {
    return idleMs >= LEAST_IDLE_MS && idleMs < this.idleLimitMs(target);
  }

  /** It was why. Not kept over a restart: the way to a collector changes. */
  learnIdle({ host, port }: Pick<Target, 'host' | 'port'>, idleMs: number): void {
    this.#idleLimits.set(`${host}:${port}`, idleMs * IDLE_SHARE);
  }

  of(host: string, port: number): CollectorMemory {
    return this.memories.get(`${host}:${port}`) ?? UNKNOWN_COLLECTOR;
  }

  /**
   * What this ending proves of the epoch before it, and teaches of the collector; throws a LinkError when that is too
   * little. `undefined`: the collector has not answered, which the endings of the epochs that follow may confirm.
   */
  async levelOf(
    ending: Ending,
    target: Target,
    { fixedLevel, closedFirst, followed = false }: Circumstances,
  ): Promise<Level | undefined> {
    const before = this.of(target.host, target.port);
    const { acknowledged, memory } = learn(before, ending, fixedLevel);
    const oneAtATime = before.oneAtATime || (acknowledged && closedFirst);
    await this.keep(target, { ...memory, oneAtATime });
    if (ending.proves === undefined) throw LinkError.disproved(ending, target);
    if (acknowledged) return ending.proves;
    if (followed && ending.proves === 'window' && before.level === undefined && fixedLevel === undefined)
      return undefined;
    throw LinkError.unacknowledged(target, tooLittle(ending.proves, fixedLevel, before.level));
  }

  async keep({ host, port }: Pick<Target, 'host' | 'port'>, memory: CollectorMemory): Promise<void> {
    const name = `${host}:${port}`;
    const known = this.of(host, port);
    this.memories.set(name, memory);
    // What is not certain yet (`weaker`) is not written.
    const same = known.level === memory.level && known.oneAtATime === memory.oneAtATime;
    if (same && this.#saved) return;
    this.#saved = await this.file.write(Object.fromEntries(this.memories));
    if (known.level === undefined || memory.level === known.level) return;
    this.context.problems.happened({
      key: `level ${name}`,
      message: 'The collector acknowledges in another way than before',
      facts: { collector: name, before: known.level, now: memory.level },
    });
  }
}

/** Of an ending. */
interface Circumstances {
  /** `delivery.acknowledge`; `undefined`: learnt. */
  readonly fixedLevel: Level | undefined;
  /** The next link could be opened only after the close. */
  readonly closedFirst: boolean;
  /** Another epoch has been closed since, and its ending is waited for. */
  readonly followed?: boolean;
}

/** Says what it did, and why that is not enough. */
function tooLittle(proves: Level, fixed: Level | undefined, known: Level | undefined): string {
  const did = proves === 'window' ? 'it did not answer our close_notify' : 'it closed without close_notify';
  if (fixed !== undefined) return `${did}, and delivery.acknowledge demands ${fixed}`;
  if (known !== undefined) return `${did}, though it has acknowledged by ${known} before`;
  return `${did}; that is believed when it has gone on so for three epochs`;
}

type Memories = Readonly<Record<string, CollectorMemory>>;

function parseMemories(content: unknown): Memories {
  const memories: Record<string, CollectorMemory> = {};
  for (const [name, value] of Object.entries(content ?? {})) {
    const level = LEVELS.find((known) => known === value?.level);
    memories[name] = { level, weaker: undefined, oneAtATime: value?.oneAtATime === true };
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
