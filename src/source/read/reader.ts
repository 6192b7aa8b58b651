/** Takes chunks from the tails by turns, and knows when a line without newline has waited long enough. */
import type { Clock } from '../../lib/clock.js';
import { reasonOf, systemCode } from '../../lib/errors.js';
import type { Chunk } from '../../model/line.js';
import type { Report } from '../../model/report.js';
import type { Matcher } from '../match/matcher.js';
import type { OpenFiles } from './open-files.js';
import type { Tail } from './tail.js';
import type { Tails } from './tail-registry.js';

export interface ReaderDependencies {
  readonly tails: Tails;
  readonly openFiles: OpenFiles;
  readonly matcher: Pick<Matcher, 'foundOtherText'>;
  readonly clock: Clock;
  readonly report: Report;
  readonly stopping: AbortSignal;
  /** Something is not where it was. */
  readonly lookSoon: () => void;
}

const MAX_WAIT_MS = 60_000;

export class Reader {
  readonly #partials = new Set<Tail>();
  /** Tails of which nothing is read until then. */
  readonly #held = new Map<Tail, number>();

  constructor(readonly deps: ReaderDependencies) {}

  forgetPartials(): void {
    this.#partials.clear();
  }

  hold(tail: Tail, ms: number): void {
    this.#held.set(tail, this.deps.clock.monotonicMs() + ms);
  }

  /** The next chunk, if there is one now; of ten thousand files that have none not all are asked once `signal` is aborted. */
  async next(signal?: AbortSignal): Promise<Chunk | undefined> {
    this.#wakeDue();
    for (let tail = this.deps.tails.next(); tail !== undefined; tail = this.deps.tails.next()) {
      if (tail.ready && this.#held.has(tail)) {
        tail.rest();
        continue;
      }
      const chunk = tail.ready ? await this.#readFrom(tail) : this.#announce(tail);
      if (chunk !== undefined || signal?.aborted || this.deps.stopping.aborted) return chunk;
    }
    return undefined;
  }

  /** The next chunk of files out of sight, to be taken before they are let go: a last line as it is. */
  async nextDeleted(room: () => Promise<boolean>): Promise<Chunk | undefined> {
    for (const tail of [...this.deps.tails.all]) {
      if (tail.place.name !== 'unlinked' || tail.ended || this.#held.has(tail)) continue;
      if (!(await room())) return undefined;
      tail.finish();
      const chunk = await this.#readFrom(tail);
      if (chunk !== undefined) return chunk;
      if (tail.blocked !== undefined) continue;
      tail.end();
      if (tail.moved) return this.#announce(tail);
    }
    return undefined;
  }

  #announce(tail: Tail): Chunk {
    if (tail.gone) this.deps.tails.remove(tail);
    return tail.announce(this.deps.clock.nowMs());
  }

  async #readFrom(tail: Tail): Promise<Chunk | undefined> {
    const opening = await this.deps.openFiles.open(tail);
    switch (opening.kind) {
      case 'open':
        return this.#readOpen(tail);
      case 'changed':
        await this.lose(tail, opening.shorter);
        return undefined;
      case 'elsewhere':
        this.#block(tail, 'ENOENT');
        this.deps.lookSoon();
        return undefined;
      case 'blocked':
        this.#block(tail, opening.code);
        return undefined;
      default:
        return opening satisfies never;
    }
  }

  async #readOpen(tail: Tail): Promise<Chunk | undefined> {
    const { clock } = this.deps;
    const { wakes } = tail;
    try {
      const reading = await tail.read(clock.nowMs(), clock.monotonicMs());
      tail.block(undefined);
      if (reading.kind === 'chunk') {
        this.#partials.delete(tail);
        tail.reachedSeenEnd();
        if (reading.toEnd) tail.restAtEnd(wakes);
        this.#tellHole(reading.chunk);
        return reading.chunk;
      }
      if (reading.kind === 'changed') await this.lose(tail, reading.shorter);
      else await this.#atEnd(tail, wakes);
    } catch (error) {
      await this.deps.openFiles.release(tail);
      this.#block(tail, systemCode(error), reasonOf(error));
    }
    return undefined;
  }

  #tellHole({ from: { path, source, offset }, hole: bytes }: Chunk): void {
    if (bytes === undefined) return;
    this.deps.report.notice('A hole in a log file was skipped; no line is missing', {
      path,
      source,
      offset,
      bytes,
      remedy: 'let the program that writes it open it for appending, or rotate it without copytruncate',
    });
  }

  async #atEnd(tail: Tail, wakes: number): Promise<void> {
    // Seen to have grown since the read began: the end that it found is the end no more.
    tail.rest(wakes);
    if (tail.partial === undefined) this.#partials.delete(tail);
    else this.#partials.add(tail);
    // Otherwise a log that is rotated while nobody looks would never have been seen as one that is followed.
    if (!tail.journaled && tail.place.name === 'placed') tail.tellPosition();
    if (!tail.content?.compressed) return;
    if (tail.content.damage !== undefined && tail.damage === undefined) {
      const { damage: reason } = tail.content;
      tail.damagedBy(reason);
      const facts = { path: tail.path, offset: tail.offset, reason };
      this.deps.report.warning('A compressed log file is damaged; its text was read as far as it goes', facts);
    }
    if (!tail.finished && (await tail.content.complete())) {
      tail.finish();
      this.deps.tails.wake(tail);
    } else await this.deps.openFiles.release(tail);
  }

  /** What is open can be deleted or moved away and still be read: worth a descriptor while something is unread. */
  async holdUnread(): Promise<void> {
    const { tails, openFiles } = this.deps;
    for (const tail of tails.all) {
      if (openFiles.full) return;
      if (!tail.ready || tail.content !== undefined || tail.place.name !== 'placed') continue;
      const opening = await openFiles.open(tail);
      if (opening.kind === 'changed') await this.lose(tail, opening.shorter);
    }
  }

  /** The text before the offset is another one. */
  async lose(tail: Tail, shorter: boolean): Promise<void> {
    this.#partials.delete(tail);
    await this.deps.matcher.foundOtherText(tail, shorter);
    this.deps.lookSoon();
  }

  /** Waits for the next look; EMFILE, EACCES or EIO say nothing about what the file holds. */
  #block(tail: Tail, code: string, reason?: string): void {
    tail.rest();
    if (code !== 'ENOENT' && code !== tail.blocked) {
      this.deps.report.warning('A followed file cannot be read for now', {
        path: tail.path,
        source: tail.source,
        code,
        reason,
        remedy: 'openemr-audit-forwarder check says what helps; then it is read from where it was left',
      });
    }
    tail.block(code);
  }

  #wakeDue(): void {
    const nowMs = this.deps.clock.monotonicMs();
    for (const [tail, untilMs] of this.#held) {
      if (untilMs > nowMs) continue;
      this.#held.delete(tail);
      if (tail.place.name !== 'lost') this.deps.tails.wake(tail);
    }
    for (const tail of this.#partials) {
      if (tail.partial === undefined || tail.place.name === 'lost') this.#partials.delete(tail);
      else if (tail.partial.sinceMs + tail.limits.partialLineTimeoutMs <= nowMs) this.deps.tails.wake(tail);
    }
  }

  /** How long nothing is due, as long as no file changes. */
  nextDueMs(): number {
    let nextMs = this.deps.clock.monotonicMs() + MAX_WAIT_MS;
    for (const untilMs of this.#held.values()) nextMs = Math.min(nextMs, untilMs);
    for (const { partial, limits } of this.#partials) {
      if (partial !== undefined) nextMs = Math.min(nextMs, partial.sinceMs + limits.partialLineTimeoutMs);
    }
    return Math.max(1, nextMs - this.deps.clock.monotonicMs());
  }
}
