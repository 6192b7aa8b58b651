/**
 * The first loop: reads from the sources, encodes, and appends to the journal until
 * it is stopped. A chunk becomes one entry. When the disk fails, numbers and tails
 * go back to the last entry on disk and everything after it is read again. A fault
 * of this program ends the loop instead: waiting would not mend it.
 */

import type { LineFault } from '../encode/line-writer.js';
import type { OwnMessage } from '../encode/own-message.js';
import { AgentError, reasonOf } from '../lib/errors.js';
import type { RaisesProblems } from '../lib/problems.js';
import { programFault } from '../lib/program-fault.js';
import type { NewEntry } from '../model/entry.js';
import type { Chunk } from '../model/line.js';
import type { Position } from '../model/position.js';
import type { Field } from '../model/record.js';
import type { Report } from '../model/report.js';
import type { Severity } from '../syslog/priority.js';

export interface IngestDependencies {
  readonly journal: {
    append(entry: NewEntry, how?: { own?: boolean }): Promise<void>;
    flushed(): Promise<void>;
    recover(signal: AbortSignal): Promise<{ positions: readonly Position[]; nextSeq: number }>;
    room(signal: AbortSignal): Promise<void>;
  };
  readonly sources: {
    read(signal: AbortSignal): Promise<Chunk | undefined>;
    readDeleted(room: () => Promise<boolean>): Promise<Chunk | undefined>;
    rewind(positions: readonly Position[]): void;
  };
  readonly encoder: {
    readonly nextSeq: number;
    encode(chunk: Chunk): NewEntry;
    encodeAgain(chunk: Chunk): NewEntry;
    own(kind: string, fields: readonly Field[], nowMs: number, severity: Severity): NewEntry;
    reset(nextSeq: number, positions: readonly Position[]): void;
  };
  /** Sees each chunk before it is encoded. */
  readonly look: (chunk: Chunk) => void;
  /** And again when so many messages have become of it. */
  readonly took: (chunk: Chunk, messages: number) => void;
  /** A turn of the loop begins. */
  readonly turned: () => void;
  readonly nowMs: () => number;
  readonly report: Report;
}

export class Ingest {
  /** Own messages that may not be on disk yet, in order; said again after a failure. */
  #unsettled: { readonly message: OwnMessage; readonly seq: number }[] = [];
  /** Said while the journal cannot take anything. */
  #held: OwnMessage[] = [];
  /** Who waits until a message is on disk. */
  readonly #told = new Map<OwnMessage, () => void>();
  #failure: { readonly cause: unknown } | undefined;
  /** Of the program: nothing more is put into the journal. */
  #fault: AgentError | undefined;
  /** Ends every wait: the agent stops, or the journal has failed behind our back. */
  #interrupted = new AbortController();
  /** Ends the wait of this turn: as above, or it has been long. */
  #turnOver = new AbortController();

  constructor(private readonly dependencies: IngestDependencies) {}

  /** Reads until `stop`. Rejects with a fault of the program. */
  async run(stop: AbortSignal): Promise<void> {
    const { journal, sources, took, turned } = this.dependencies;
    const interrupt = () => this.#interrupt();
    stop.addEventListener('abort', interrupt);
    while (!stop.aborted) {
      turned();
      if (this.#turnOver.signal.aborted) this.#turnOver = new AbortController();
      const { signal } = this.#turnOver;
      if (this.#fault !== undefined) throw this.#fault;
      if (this.#failure !== undefined) await this.#recover(this.#failure.cause, signal);
      await journal.room(signal);
      const chunk = signal.aborted ? undefined : await sources.read(signal);
      if (chunk === undefined) continue;
      const entry = this.#encoded(chunk);
      if (entry === undefined) continue;
      took(chunk, entry.count);
      await this.#append(entry, chunk);
    }
    stop.removeEventListener('abort', interrupt);
  }

  /** Ends this turn's wait for lines or for room; the next turn waits anew. */
  endTurn(): void {
    this.#turnOver.abort();
  }

  /** After `run`: what nobody could read later, as far as there is room for it until `stop`. */
  async takeDeleted(stop: AbortSignal): Promise<void> {
    const { journal, sources } = this.dependencies;
    const room = async () => {
      await journal.room(stop);
      return !stop.aborted && this.#failure === undefined && this.#fault === undefined;
    };
    for (;;) {
      const chunk = await sources.readDeleted(room);
      const entry = chunk && this.#encoded(chunk);
      if (entry === undefined) return;
      await this.#append(entry, chunk);
    }
  }

  /** Puts an own message into the journal, between the lines; never throws. */
  say(message: OwnMessage): void {
    // What a fault has numbered and not put there is missing: nothing may follow it.
    if (this.#failure !== undefined || this.#fault !== undefined) {
      this.#held.push(message);
      return;
    }
    const { encoder, nowMs } = this.dependencies;
    try {
      const entry = encoder.own(message.kind, message.fields, nowMs(), message.severity);
      this.#unsettled.push({ message, seq: entry.first.seq });
      void this.#append(entry, undefined);
    } catch (error) {
      this.#end(error, undefined);
    }
  }

  /** Says it; resolves when it is on disk. */
  tell(message: OwnMessage): Promise<void> {
    return new Promise((told) => {
      this.#told.set(message, told);
      this.say(message);
    });
  }

  /** Puts lines that are read once more into the journal; rejects when it fails meanwhile: then begin anew. */
  async again(chunk: Chunk): Promise<void> {
    const { journal, encoder } = this.dependencies;
    await journal.room(this.#interrupted.signal);
    if (this.#fault !== undefined) throw this.#fault;
    if (this.#failure !== undefined) throw this.#failure.cause;
    try {
      await journal.append(encoder.encodeAgain(chunk));
    } catch (error) {
      if (isRefusal(error)) this.#fail(error);
      else this.#end(error, chunk);
      throw error;
    }
  }

  /** All that was read and said is on disk, or cannot be put there now. */
  async flush(): Promise<void> {
    await this.dependencies.journal.flushed().catch((error: unknown) => this.#fail(error));
  }

  /** `undefined` after a fault: what a line holds causes none, see `Encoder.encode`. */
  #encoded(chunk: Chunk): NewEntry | undefined {
    const { encoder, look } = this.dependencies;
    try {
      look(chunk);
      return encoder.encode(chunk);
    } catch (error) {
      this.#end(error, chunk);
      return undefined;
    }
  }

  /**
   * Resolves when the journal has room for more; a failure, now or at the sync, is left for the loop to mend.
   * `chunk`: what the entry was made of; an own message has none.
   */
  async #append(entry: NewEntry, chunk: Chunk | undefined): Promise<void> {
    const { journal } = this.dependencies;
    const fail = (error: unknown) => (isRefusal(error) ? this.#fail(error) : this.#end(error, chunk));
    try {
      await journal.append(entry, { own: chunk === undefined });
    } catch (error) {
      fail(error);
      return;
    }
    void journal.flushed().then(() => this.#settle(entry), fail);
  }

  #settle(entry: NewEntry): void {
    const nextSeq = entry.first.seq + entry.count;
    if (this.#unsettled.length === 0) return;
    for (const { message } of this.#unsettled.filter(({ seq }) => seq < nextSeq)) {
      this.#told.get(message)?.();
      this.#told.delete(message);
    }
    this.#unsettled = this.#unsettled.filter(({ seq }) => seq >= nextSeq);
  }

  #fail(cause: unknown): void {
    this.#failure ??= { cause };
    this.#interrupt();
  }

  /** The loop ends with it. */
  #end(error: unknown, chunk: Chunk | undefined): void {
    this.#fault ??= faultOf(error, chunk);
    this.#interrupt();
  }

  #interrupt(): void {
    this.#interrupted.abort();
    this.#turnOver.abort();
  }

  async #recover(cause: unknown, signal: AbortSignal): Promise<void> {
    const { journal, sources, encoder, report } = this.dependencies;
    report.debug('The journal failed; going back to what is on disk', { reason: reasonOf(cause) });
    // A journal that has used up its reserve would refuse the next append in the same way.
    if (cause instanceof AgentError && cause.code === 'journal-full') await journal.room(signal);
    const recovered = signal.aborted ? undefined : await journal.recover(signal).catch(() => undefined);
    if (recovered === undefined) return;
    const { positions, nextSeq } = recovered;
    encoder.reset(nextSeq, positions);
    sources.rewind(positions);
    this.#failure = undefined;
    this.#interrupted = new AbortController();
    const again = [...this.#unsettled.filter(({ seq }) => seq >= nextSeq).map(({ message }) => message), ...this.#held];
    this.#unsettled = [];
    this.#held = [];
    for (const message of again) this.say(message);
  }
}

/*
 * What went wrong on the way into the journal: the disk, which is waited for,
 * or this program, which ends then, so that it is started anew. Nothing is lost
 * by that: what is not in the journal is read again. docs/decisions/0016.
 */

/** The journal says so itself when the disk, or its own limit, refuses something. */
function isRefusal(error: unknown): boolean {
  return error instanceof AgentError && (error.code === 'journal-failed' || error.code === 'journal-full');
}

/** An error for the administrator that names the place in the file, and no content. `undefined`: an own message. */
function faultOf(error: unknown, chunk: Chunk | undefined): AgentError {
  if (chunk === undefined) {
    return new AgentError('program-fault', `a fault of the program in a message of its own: ${programFault(error)}`, {
      hint: 'please report it, with the log before it',
      cause: error,
    });
  }
  const { from, to } = chunk;
  const where = `bytes ${from.offset} to ${to.offset} of ${to.path} (tail ${to.tailId})`;
  return new AgentError('program-fault', `a fault of the program at ${where}: ${programFault(error)}`, {
    hint: 'they are read again at the next start; if that meets it too, name the file under sources[].exclude, and please report it',
    cause: error,
  });
}

/** The same fault can be met by every line; how many there were, `status` counts. */
const FAULT_REPEAT_MS = 600_000;

/** Reports lines that a fault of this program kept from becoming the messages that their format asks for. */
export function reportLineFaults(
  { path, source, tailId }: Position,
  faults: readonly LineFault[],
  problems: RaisesProblems,
): void {
  for (const { from, to, unsent, fault } of faults) {
    problems.happened({
      key: `line-fault ${fault}${unsent ? ' unsent' : ''}`,
      level: 'error',
      message: unsent
        ? 'A fault of the program kept a line from being sent; the collector was told where it is'
        : 'A fault of the program kept a line from being understood; it was sent unchanged',
      facts: { file: path, source, tail: tailId, from, to, fault },
      remedy: 'report this, with that line if it may be shown',
      repeatMs: FAULT_REPEAT_MS,
    });
  }
}
