/**
 * What was dropped to make room, until the collector has acknowledged the word
 * of it. That word lies in the journal like any other and may be dropped in its
 * turn, so each one tells of everything since the last that got through. Kept
 * in `dropped.json`, because the next may come after a restart.
 */
import { reasonOf } from '../lib/errors.js';
import type { Report } from '../model/report.js';
import { type Files, readWhole, removeIfThere, replaceWhole } from './disk/files.js';
import type { Dropped, MissingMessages } from './types.js';

interface Untold {
  readonly messages: number;
  readonly missing: readonly MissingMessages[];
  /** The word of it stands at or before this entry. */
  readonly toldBy: number | undefined;
}

const NOTHING: Untold = { messages: 0, missing: [], toldBy: undefined };

export class Drops {
  #untold = NOTHING;

  constructor(
    private readonly path: string,
    private readonly dependencies: { readonly files: Files; readonly report: Report },
  ) {}

  /** What an earlier run has left. Never rejects: a file that cannot be read costs words, no message. */
  async load(): Promise<void> {
    try {
      const bytes = await readWhole(this.path, this.dependencies.files);
      if (bytes !== undefined) this.#untold = untoldIn(bytes.toString());
    } catch (error) {
      this.#warn('What was dropped before the start is not told again', error);
    }
  }

  /** Gives what the collector is to be told now. */
  async add({ messages, missing }: Omit<Dropped, 'kind'>): Promise<Dropped> {
    const { messages: before, missing: known } = this.#untold;
    const all = { messages: before + messages, missing: missing.reduce(joined, known) };
    await this.#keep({ ...all, toldBy: undefined });
    return { kind: 'dropped', ...all };
  }

  /** The word of what was dropped so far stands in the journal, at this entry or before it. */
  async told(told: Dropped, by: number): Promise<void> {
    if (told.messages === this.#untold.messages) await this.#keep({ ...this.#untold, toldBy: by });
  }

  /** The collector has acknowledged up to this entry. */
  async acknowledged(entry: number): Promise<void> {
    const { toldBy } = this.#untold;
    if (toldBy !== undefined && toldBy <= entry) await this.#keep(NOTHING);
  }

  async #keep(untold: Untold): Promise<void> {
    this.#untold = untold;
    const { files } = this.dependencies;
    try {
      if (untold === NOTHING) await removeIfThere(this.path, files);
      else await replaceWhole(this.path, [Buffer.from(`${JSON.stringify(untold)}\n`)], files);
    } catch (error) {
      this.#warn('What was dropped cannot be kept: after a restart less of it is told', error);
    }
  }

  #warn(message: string, error: unknown): void {
    this.dependencies.report.warning(message, { file: this.path, reason: reasonOf(error) });
  }
}

/** Neighbours become one: however long the collector is away, the word stays short. */
function joined(known: readonly MissingMessages[], next: MissingMessages): readonly MissingMessages[] {
  const last = known.at(-1);
  if (last === undefined || last.run !== next.run || last.lastSeq !== next.firstSeq - 1) return [...known, next];
  return [...known.slice(0, -1), { ...last, lastSeq: next.lastSeq }];
}

function untoldIn(text: string): Untold {
  const { messages, missing, toldBy }: Untold = JSON.parse(text);
  if (!Number.isSafeInteger(messages) || !Array.isArray(missing)) throw new Error('it is not what was written');
  return { messages, missing, toldBy };
}
