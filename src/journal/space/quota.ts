/** Decides when the journal is full, and lets callers wait until there is room. Knows bytes, not entries. */
import { AgentError, reasonOf } from '../../lib/errors.js';
import { Signal } from '../../lib/signal.js';
import type { Full, JournalContext, RoomAgain } from '../types.js';
import type { ReserveFile } from './reserve-file.js';

const RESERVE_BYTES = 32 * 1024 * 1024;
/** The volume is looked at again after this long, or after so many bytes of ours. */
const LOOK_MS = 500;
const LOOK_BYTES = 1024 * 1024;
/** How often a full volume is looked at: what frees it need not be us. */
const FULL_LOOK_MS = 1000;
/** Full until an eighth is free again, or a slow collector would make it full and not full at every segment. */
const RESUME_SHARE = 7 / 8;

const REMEDIES: Record<Full['limit'], string> = {
  maxBytes: 'see to the collector, or raise journal.maxBytes',
  keepFree: 'free space on this volume, or lower journal.keepFree',
  disk: 'free space on this volume',
};

export interface QuotaOptions {
  readonly directory: string;
  readonly maxBytes: number;
  /** Beside `maxBytes`, for positions and the agent's own messages. Default 32 MiB. */
  readonly reserveBytes?: number;
  /** Share of the volume that stays free, 0 to 1. */
  readonly keepFree: number;
}

export interface QuotaDependencies extends Pick<JournalContext, 'files' | 'clock' | 'problems'> {
  readonly reserveFile: Pick<ReserveFile, 'released' | 'restore'>;
  /** Bytes on disk and on their way there. */
  bytes(): number;
  /** Gives up something of the oldest; false when there is nothing that may go. */
  makeRoom(): Promise<boolean>;
  notice(notice: Full | RoomAgain): void;
}

export class Quota {
  readonly #freed: Signal;
  #fullSinceMs: number | undefined;
  #limit: Full['limit'] | undefined;
  #lookedAtMs = Number.NEGATIVE_INFINITY;
  #lookedAtBytes = 0;
  #free = { bytes: Number.POSITIVE_INFINITY, share: 1 };
  #blind = false;

  constructor(
    private readonly options: QuotaOptions,
    private readonly dependencies: QuotaDependencies,
  ) {
    this.#freed = new Signal(dependencies.clock);
  }

  get full(): boolean {
    return this.#fullSinceMs !== undefined;
  }

  /** Why it is full. */
  get limit(): Full['limit'] | undefined {
    return this.full ? this.#limit : undefined;
  }

  /** Throws AgentError `journal-full` when not even the reserve has room for so many bytes. */
  admit(bytes: number): void {
    const { maxBytes, reserveBytes = RESERVE_BYTES, directory } = this.options;
    if (this.dependencies.bytes() + bytes <= maxBytes + reserveBytes) return;
    throw new AgentError('journal-full', `the journal in ${directory} has used up its reserve`, {
      hint: 'let the collector catch up, or raise journal.maxBytes',
    });
  }

  /** On the volume, as last seen. */
  get freeBytes(): number | undefined {
    return this.#blind || this.#free.bytes === Number.POSITIVE_INFINITY ? undefined : this.#free.bytes;
  }

  /** Something was removed. */
  freed(): void {
    this.#freed.notify();
  }

  /** Resolves when there is room, or when the signal aborts. */
  async room(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const { reserveFile } = this.dependencies;
      if (reserveFile.released) this.#lookedAtMs = Number.NEGATIVE_INFINITY;
      await this.#lookAtVolume();
      if (reserveFile.released) await reserveFile.restore();
      const limit = this.#limitMet();
      if (limit === undefined) return this.#roomAgain();
      if (await this.dependencies.makeRoom()) continue;
      this.#reportFull(limit);
      await this.#waitForRoom(signal);
    }
  }

  #limitMet(): Full['limit'] | undefined {
    const { maxBytes, keepFree } = this.options;
    const ease = this.full ? RESUME_SHARE : 1;
    if (this.dependencies.bytes() >= maxBytes * ease) return 'maxBytes';
    if (this.#free.share * ease < keepFree) return 'keepFree';
    return this.dependencies.reserveFile.released ? 'disk' : undefined;
  }

  async #waitForRoom(signal: AbortSignal): Promise<void> {
    await this.#freed.wait(signal, FULL_LOOK_MS);
    this.#lookedAtMs = Number.NEGATIVE_INFINITY;
  }

  async #lookAtVolume(): Promise<void> {
    const { files, clock, problems, bytes } = this.dependencies;
    const now = clock.monotonicMs();
    if (now - this.#lookedAtMs < LOOK_MS && Math.abs(bytes() - this.#lookedAtBytes) < LOOK_BYTES) return;
    this.#lookedAtMs = now;
    this.#lookedAtBytes = bytes();
    try {
      const { totalBytes, freeBytes } = await files.volume(this.options.directory);
      this.#free = { bytes: freeBytes, share: totalBytes === 0 ? 1 : freeBytes / totalBytes };
      this.#blind = false;
      problems.clear('free-space');
    } catch (error) {
      this.#blind = true;
      problems.raise({
        key: 'free-space',
        message: 'Free space of the volume cannot be seen',
        facts: { directory: this.options.directory, reason: reasonOf(error) },
        over: 'Free space of the volume can be seen again',
      });
    }
  }

  #reportFull(limit: Full['limit']): void {
    this.#limit = limit;
    const { clock, problems, notice, bytes } = this.dependencies;
    const facts = { limit, bytes: bytes(), freeBytes: this.#free.bytes };
    problems.raise({
      key: 'journal-full',
      message: 'The journal is full: log files are not read until there is room again',
      facts: { directory: this.options.directory, ...facts },
      remedy: REMEDIES[limit],
      over: 'The journal has room again',
    });
    if (this.full) return;
    this.#fullSinceMs = clock.monotonicMs();
    notice({ kind: 'full', ...facts });
  }

  #roomAgain(): void {
    if (this.#fullSinceMs === undefined) return;
    const fullForMs = Math.round(this.dependencies.clock.monotonicMs() - this.#fullSinceMs);
    this.#fullSinceMs = undefined;
    this.dependencies.problems.clear('journal-full', { fullForMs });
    this.dependencies.notice({ kind: 'room', fullForMs });
  }
}
