/**
 * Keeps a limited number of log files open: ten thousand followed files must do
 * with the descriptors that a process may have. One that has been read to its
 * end is closed first, one with unread text only when there is no other, a
 * deleted one with unread text never. When there is no descriptor left, reading
 * waits; no file counts as lost for that.
 */
import { systemCode } from '../../lib/errors.js';
import type { FileStats, Files } from '../../lib/files.js';
import type { FoundFile } from '../find/snapshot.js';
import type { HeldFile } from '../types.js';
import { type Content, openContent } from './content.js';
import { MARK_BYTES } from './fingerprint.js';
import type { Tail } from './tail.js';
import type { Tails } from './tail-registry.js';

export type Opening =
  | { readonly kind: 'open' }
  /** Another file stands at the path, or none: look again. */
  | { readonly kind: 'elsewhere' }
  /** The right file, with other text. */
  | { readonly kind: 'changed'; readonly shorter: boolean }
  | { readonly kind: 'blocked'; readonly code: string };

// A compressed text is read again from where a long line began.
const RETAIN_SLACK_BYTES = 64 * 1024;

// Its multiples are spread evenly between 0 and 1.
const GOLDEN_RATIO = 0.618_033_988_749_894_9;

export class OpenFiles {
  /** The one used least recently comes first. */
  readonly #open = new Set<Tail>();
  #closed = 0;

  constructor(
    readonly maxOpen: number,
    private readonly files: Pick<Files, 'open'>,
  ) {}

  get full(): boolean {
    return this.#open.size >= this.maxOpen;
  }

  /** Those whose files are open. */
  get tails(): readonly Tail[] {
    return [...this.#open];
  }

  async open(tail: Tail): Promise<Opening> {
    if (tail.content !== undefined) {
      this.#open.delete(tail);
      this.#open.add(tail);
      return { kind: 'open' };
    }
    if (tail.place.name !== 'placed') return { kind: 'elsewhere' };
    if (this.full && !(await this.#closeOne())) return { kind: 'blocked', code: 'EMFILE' };
    try {
      return await this.#tryOpen(tail, tail.place.key);
    } catch (error) {
      const code = systemCode(error);
      if (code === 'ENOENT' || code === 'ENOTDIR') return { kind: 'elsewhere' };
      // The next try finds one descriptor free.
      if (code === 'EMFILE' || code === 'ENFILE') await this.#closeOne();
      return { kind: 'blocked', code };
    }
  }

  /** Gives each file to the tail that was reading it, if its text is still the same; the caller closes the others. */
  async takeUp(files: readonly HeldFile[], tails: Tails, nowMs: number): Promise<void> {
    for (const { first, content } of files) {
      const tail = tails.byId(first.tailId);
      const stats = tail && (await statsOf(content));
      if (tail === undefined || stats === undefined || !(await continues(tail, content))) continue;
      this.#open.add(tail);
      tails.hold(tail, stats, nowMs);
    }
  }

  async release(tail: Tail): Promise<void> {
    this.#open.delete(tail);
    await tail.release();
  }

  /** Gives the open file of one tail to another that reads the same text. */
  async pass(from: Tail, to: Tail): Promise<void> {
    this.#open.delete(from);
    const content = from.detach();
    if (content !== undefined && (await to.adopt(content))) this.#open.add(to);
    else await content?.close();
  }

  /** Lets go of all open files; the caller owns them now. */
  handOver(): HeldFile[] {
    const open = [...this.#open];
    this.#open.clear();
    return open.flatMap((tail) => {
      const { first, offset } = tail;
      const unlinked = tail.place.name === 'unlinked';
      const content = tail.detach();
      return content === undefined ? [] : [{ first, offset, unlinked, content }];
    });
  }

  async #tryOpen(tail: Tail, key: string): Promise<Opening> {
    const content = await openContent(tail.path, tail.limits.maxLineBytes + RETAIN_SLACK_BYTES, this.files);
    let kept = false;
    try {
      const { dev, ino, size } = await content.stat();
      if (`${dev}:${ino}` !== key) return { kind: 'elsewhere' };
      kept = await tail.adopt(content);
      if (!kept) return { kind: 'changed', shorter: !content.compressed && size < tail.offset };
      this.#open.add(tail);
      return { kind: 'open' };
    } finally {
      if (!kept) await content.close();
    }
  }

  /**
   * Now this one and now that: of a thousand files that are read in turn, the one that was used longest ago is always
   * the one that is read next.
   */
  #anyOf(tails: readonly Tail[]): Tail | undefined {
    this.#closed += 1;
    return tails[Math.floor(((this.#closed * GOLDEN_RATIO) % 1) * tails.length)];
  }

  async #closeOne(): Promise<boolean> {
    const open = [...this.#open];
    const idle = open.filter((tail) => !tail.ready);
    const isPlaced = (tail: Tail) => tail.place.name === 'placed';
    // A file that has been read to its end can be opened again; one that is out of sight is not likely to grow any more.
    const victim = this.#anyOf(idle.filter(isPlaced)) ?? idle[0] ?? open.find(isPlaced);
    if (victim === undefined) return false;
    await this.release(victim);
    victim.forgetText();
    return true;
  }
}

function statsOf(content: Content): Promise<FileStats | undefined> {
  return content.stat().catch(() => undefined);
}

function continues(tail: Tail, content: Content): Promise<boolean> {
  return tail.adopt(content).catch(() => false);
}

/** Opens files for a moment, to compare their text, and remembers which could not be opened. */
export class FileInspector {
  /** The system's code by path, of this scan. */
  readonly unreadable = new Map<string, string>();

  constructor(private readonly files: Pick<Files, 'open'>) {}

  newRound(): void {
    this.unreadable.clear();
  }

  /** To be closed by the caller. Rejects with the system's error. */
  open(path: string, retainBytes: number): Promise<Content> {
    return openContent(path, retainBytes, this.files);
  }

  /** `undefined`: the file cannot be read, or another one stands at its path by now. */
  async inspect<T>(file: FoundFile, look: (content: Content) => Promise<T>): Promise<T | undefined> {
    const [{ path }] = file.names;
    let content: Content | undefined;
    try {
      content = await this.open(path, MARK_BYTES);
      const { dev, ino } = await content.stat();
      return `${dev}:${ino}` === file.key ? await look(content) : undefined;
    } catch (error) {
      this.unreadable.set(path, systemCode(error));
      return undefined;
    } finally {
      await content?.close();
    }
  }
}

/* How many log files may be open at once: what the kernel allows this process (`/proc/PID/limits`, proc(5)), less what others need. */

/** Each takes up to 70 KiB, for what was read last of it. A log that is closed and opened again for each line costs twice as much. */
const ENOUGH = 512;
// Node.js, the journal, two connections and requests for the status take up to 40.
const FOR_OTHERS = 48;
const AT_LEAST = 4;
// Half of the 256 that a process may open at the least as a rule.
const USUAL = 128;
/** The table has some 1300. */
const LIMITS_BYTES = 8192;

export async function maxOpenFiles(files: Pick<Files, 'open'>): Promise<number> {
  return openFilesWithin(await processLimits(files).catch(() => ''));
}

async function processLimits(files: Pick<Files, 'open'>): Promise<string> {
  const file = await files.open('/proc/self/limits', 'read');
  try {
    const table = Buffer.alloc(LIMITS_BYTES);
    return table.toString('utf8', 0, await file.read(table, 0));
  } finally {
    await file.close();
  }
}

/** `limits`: the kernel's table; if it says nothing, the usual limit is assumed. */
export function openFilesWithin(limits: string): number {
  const [, told] = /^Max open files +(\d+|unlimited) /m.exec(limits) ?? [];
  if (told === undefined) return USUAL;
  const allowed = told === 'unlimited' ? Number.POSITIVE_INFINITY : Number(told);
  if (allowed > 2 * USUAL) return Math.min(ENOUGH, Math.floor(allowed / 2));
  return Math.max(AT_LEAST, Math.min(USUAL, allowed - FOR_OTHERS));
}
