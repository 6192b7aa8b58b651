/**
 * Reads files and says how their text relates to that of the tails: the same,
 * its continuation, a part, a copy, other text, no text at all. Decides
 * nothing: what follows from it stands in rules.ts. Names and inodes only
 * propose which tails a file is compared with.
 */
import { basename } from 'node:path';
import type { ByteOffset } from '../../model/position.js';
import { isLive, isLiveName, lineagesOfFile } from '../find/rotated-name.js';
import type { FileKey, FoundFile, Snapshot } from '../find/snapshot.js';
import type { Content } from '../read/content.js';
import { digest, isHole, isSameFile, MARK_BYTES, oneBeginsTheOther, sameContent } from '../read/fingerprint.js';
import type { FileInspector, OpenFiles } from '../read/open-files.js';
import { stampOf, type Tail } from '../read/tail.js';
import type { Tails } from '../read/tail-registry.js';
import { Beginnings } from './beginnings.js';

/** What is known of an unknown file and the tails that have lost theirs. */
export type Continuation =
  /** No lost tail can have to do with it. */
  | { readonly kind: 'none' }
  | { readonly kind: 'unreadable' }
  /** What the tail has read is the beginning of this file; the tail has read nothing, and it is the same file. */
  | { readonly kind: 'continues'; readonly tail: Tail }
  /** The text ends before what the tail has read, and so much of it was read. */
  | { readonly kind: 'part'; readonly offset: ByteOffset }
  /** A lost tail had this file, whose text has been written over with what is no text. */
  | { readonly kind: 'shredded'; readonly tail: Tail };

/** Whether a file is a copy of one that a tail has. */
export type Copy =
  | { readonly kind: 'none' }
  /** It cannot be seen now. */
  | { readonly kind: 'unclear' }
  | { readonly kind: 'copy'; readonly of: Tail }
  /** It may be, but the tail's own file has other text by now. */
  | { readonly kind: 'original changed'; readonly of: Tail; readonly shorter: boolean };

/** How a file begins, and whose copy it may be. */
export interface FirstLook {
  readonly kind: 'looked into' | 'unclear';
  /** As it was then. */
  readonly stamp: string;
  /** Its first 4 KiB, if they were needed. */
  readonly head: Buffer | undefined;
  readonly candidates: readonly Tail[];
}

/** Digests of a file's first bytes, by how many, as it was when it had this stamp. */
interface Digests {
  readonly stamp: string;
  readonly length: number;
  readonly byLength: Map<number, string>;
}

// What has been compared need not be compared again; forgotten all at once when it grows large.
const MAX_COMPARED = 100_000;
const STEP_BYTES = 64 * 1024;
// Random bytes are control characters by a tenth, log lines by none.
const MAX_CONTROLS = 0.04;
const PATTERN_BYTES = 3;
// Of fewer bytes nothing can be said.
const LEAST_BYTES = 64;

export class Evidence {
  readonly #compared = new Set<string>();
  readonly #digests = new Map<FileKey, Digests>();
  readonly #beginnings = new Beginnings();
  /** Tails of this look, by lineage, whose beginning is not known yet. */
  readonly #unnoted = new Map<string, Tail[]>();

  constructor(
    readonly tails: Tails,
    readonly openFiles: OpenFiles,
    readonly inspector: FileInspector,
  ) {}

  endLook(snapshot: Snapshot): void {
    this.#unnoted.clear();
    for (const key of this.#digests.keys()) if (!snapshot.files.has(key)) this.#digests.delete(key);
  }

  /** Whether the tail's file still has the text that was read; `unknown` when that cannot be seen now. */
  async textOf(tail: Tail): Promise<'holds' | 'other' | 'unknown'> {
    const opening = await this.openFiles.open(tail);
    if (opening.kind === 'changed') return 'other';
    if (opening.kind !== 'open') return 'unknown';
    return (await tail.stillHolds()) ? 'holds' : 'other';
  }

  /** Whether the file that a tail has is full of what is no text, as shred leaves it. */
  async isShredded({ content }: Tail, file: FoundFile | undefined): Promise<boolean> {
    if (content !== undefined) return isNoText(content).catch(() => false);
    return file !== undefined && this.isNoText(file);
  }

  async isNoText(file: FoundFile): Promise<boolean> {
    return (await this.inspector.inspect(file, isNoText)) ?? false;
  }

  /** Which lost tail the file goes on with, if any. */
  async continuationOf(file: FoundFile, snapshot: Snapshot): Promise<Continuation> {
    const belongs = this.#lostKinOf(file);
    if (belongs === undefined) return { kind: 'none' };
    const known = this.#digests.get(file.key);
    if (known?.stamp === stampOf(file.stats)) {
      const lengths = [...this.tails.lost.headLengths].filter((length) => length <= known.length);
      const isComplete = lengths.every((length) => known.byLength.has(length));
      if (isComplete && this.#lostLike(file, known, belongs).length === 0) return { kind: 'none' };
    }
    const found = await this.inspector.inspect(file, async (content) => {
      const digests = await this.#digestsOf(content, file);
      return this.#firstContinued(content, file, this.#lostLike(file, digests, belongs), snapshot);
    });
    return found ?? { kind: 'unreadable' };
  }

  /** What lost tails the file may continue: by inode whatever its name, or by name whatever its inode. `undefined`: none. */
  #lostKinOf(file: FoundFile): ((tail: Tail) => boolean) | undefined {
    const { lost } = this.tails;
    const { source, anyName } = file.names[0];
    if (lost.size === 0) return undefined;
    const lineages = lineagesOfFile(file);
    const inode = file.stats.ino;
    if (!anyName && lost.withInode(inode).size === 0 && ![...lineages].some((lineage) => lost.of(lineage).size > 0))
      return undefined;
    return (tail) => {
      if (tail.place.name !== 'lost' || tail.source !== source || tail.gone) return false;
      return anyName === true || tail.identity.inode === inode || lineages.has(tail.lineage);
    };
  }

  async #digestsOf(content: Content, file: FoundFile): Promise<Digests> {
    const stamp = stampOf(await content.stat());
    const head = await content.read(0, MARK_BYTES);
    const lengths = [...this.tails.lost.headLengths].filter((length) => length <= head.length);
    const byLength = new Map(lengths.map((length) => [length, digest(head.subarray(0, length))]));
    const digests = { stamp, length: head.length, byLength };
    this.#digests.set(file.key, digests);
    return digests;
  }

  /** The furthest read first. */
  #lostLike(file: FoundFile, { byLength }: Digests, belongs: (tail: Tail) => boolean): Tail[] {
    const { lost } = this.tails;
    const { dev, ino, birthtimeMs } = file.stats;
    const found = new Set<Tail>([...lost.withText, ...lost.withInode(ino)]);
    for (const head of byLength.values()) for (const tail of lost.beginning(head)) found.add(tail);
    const ties = (tail: Tail) => (tail.identity.device === dev && tail.identity.birthtimeMs === birthtimeMs ? 1 : 0);
    return [...found]
      .filter((tail) => belongs(tail) && !this.#compared.has(comparison(file, tail)))
      .sort((a, b) => b.offset - a.offset || ties(b) - ties(a));
  }

  async #firstContinued(
    content: Content,
    file: FoundFile,
    candidates: readonly Tail[],
    snapshot: Snapshot,
  ): Promise<Continuation> {
    for (const tail of candidates) {
      const isSame = isSameFile(tail.identity, file.stats);
      if (tail.offset === 0 && isSame) return { kind: 'continues', tail };
      if (tail.offset === 0) continue;
      if ((await sameContent(content, tail.identity, tail.offset)) !== undefined) {
        if (!(await this.#isCopyOfOwnFile(file, tail, snapshot))) return { kind: 'continues', tail };
        continue;
      }
      // A copy made just before the last lines were written, and read: nothing in it is new.
      const isCopied = tail.identity.inode !== file.stats.ino && !isLive(file);
      const offset = isCopied ? await tail.lostText?.partOf(content) : undefined;
      if (offset) return { kind: 'part', offset };
      if (isSame && (await isNoText(content))) return { kind: 'shredded', tail };
      if (this.#compared.size >= MAX_COMPARED) this.#compared.clear();
      this.#compared.add(comparison(file, tail));
    }
    return { kind: 'none' };
  }

  /** Somebody has copied the file, and it still stands where the tail was reading it. */
  async #isCopyOfOwnFile(file: FoundFile, { identity }: Tail, snapshot: Snapshot): Promise<boolean> {
    const own = snapshot.files.get(`${identity.device}:${identity.inode}`);
    return own !== undefined && own !== file && (await this.#isWithin(file, own));
  }

  /** Whether all of a file's text stands in another, too, and perhaps more behind it. */
  async #isWithin(file: FoundFile, whole: FoundFile): Promise<boolean> {
    const isCopy = await this.inspector.inspect(file, (copy) =>
      this.inspector.inspect(whole, async (original) => {
        if (!(await repeats(copy, file.stats.size, original))) return false;
        const length = await textLength(copy, file.stats.size);
        return length !== undefined && (await original.read(length - 1, 1)).length === 1;
      }),
    );
    return isCopy ?? false;
  }

  /** The tails whose beginning has to be looked at again before copies of their files can be found. */
  outdated(): Tail[] {
    return this.#beginnings.outdated(this.tails.all);
  }

  /** Looks how a tail's file begins now. Answers whether that is other text than what was read. */
  async renew(tail: Tail, snapshot: Snapshot): Promise<boolean> {
    const head = await this.#headOf(tail, snapshot);
    this.#beginnings.note(tail, head);
    const length = Math.min(MARK_BYTES, tail.offset);
    if (head === undefined || digest(head.subarray(0, length)) === tail.identity.head) return false;
    return (await this.textOf(tail)) === 'other';
  }

  /** The tail has a file that begins like this; `undefined`: to be looked at when it is needed. */
  note(tail: Tail, head: Buffer | undefined): void {
    if (head !== undefined) this.#beginnings.note(tail, head);
    else this.#unnoted.set(tail.lineage, [...(this.#unnoted.get(tail.lineage) ?? []), tail]);
  }

  /** How a file begins that goes on with no tail, and which tails it may be a copy of. */
  async firstLook(file: FoundFile, snapshot: Snapshot): Promise<FirstLook> {
    const unread = { kind: 'looked into', stamp: stampOf(file.stats), head: undefined, candidates: [] } as const;
    const lineages = this.#kinOf(file);
    if (lineages.length === 0) return unread;
    const unclear = { ...unread, kind: 'unclear' } as const;
    const hasKin = () => lineages.some((lineage) => [...this.tails.of(lineage)].some((tail) => canBeCopy(file, tail)));
    if (file.stats.size === 0 && !isLive(file) && hasKin()) return unclear;
    const now = await this.inspector.inspect(file, async (content) => ({
      kind: 'looked into' as const,
      stamp: stampOf(await content.stat()),
      head: await content.read(0, MARK_BYTES),
    }));
    if (now === undefined) return hasKin() ? unclear : unread;
    if (file.stats.size === 0) return { ...now, candidates: [] };
    for (const lineage of lineages) {
      for (const tail of this.#unnoted.get(lineage) ?? [])
        this.#beginnings.note(tail, await this.#headOf(tail, snapshot));
      this.#unnoted.delete(lineage);
    }
    const candidates = this.#beginnings.like(now.head, file.names[0].source, lineages);
    return { ...now, candidates: candidates.filter((tail) => canBeCopy(file, tail)) };
  }

  /** Whether the file is a copy of one of these tails' files: what copytruncate and gzip leave for a moment, and cp for ever. */
  async copyOf(file: FoundFile, candidates: readonly Tail[]): Promise<Copy> {
    for (const tail of candidates) {
      const opening = await this.openFiles.open(tail);
      if (opening.kind === 'changed') return { kind: 'original changed', of: tail, shorter: opening.shorter };
      // What may not be read was not read: nothing can be repeated.
      if (opening.kind === 'blocked' && opening.code !== 'EMFILE') continue;
      if (opening.kind !== 'open') return { kind: 'unclear' };
      // Asked of the file itself: one that is out of sight may have grown since it was last seen.
      if (tail.offset === 0 && (await tail.content!.stat()).size === 0) continue;
      if (!(await tail.stillHolds())) return { kind: 'original changed', of: tail, shorter: false };
      const same = await this.inspector.inspect(file, (content) => repeats(content, file.stats.size, tail.content!));
      if (same === undefined) return { kind: 'unclear' };
      if (same) return { kind: 'copy', of: tail };
    }
    return { kind: 'none' };
  }

  /** As the file is now; `undefined` when it cannot be opened. */
  async stampNow(file: FoundFile): Promise<string | undefined> {
    return this.inspector.inspect(file, async (content) => stampOf(await content.stat()));
  }

  /** The first bytes of a tail's file; `undefined` when they cannot be had now. */
  async #headOf(tail: Tail, snapshot: Snapshot): Promise<Buffer | undefined> {
    if (tail.content !== undefined) return tail.content.read(0, MARK_BYTES).catch(() => undefined);
    const file = tail.place.name === 'placed' ? snapshot.files.get(tail.place.key) : undefined;
    return file && this.inspector.inspect(file, (content) => content.read(0, MARK_BYTES));
  }

  /** Lineages with tails that the file may belong to; where rotated files go to a directory of their own, the name alone must do. */
  #kinOf(file: FoundFile): string[] {
    const { lineages } = this.tails;
    const own = [...lineagesOfFile(file)];
    if (!file.names.some(({ anyName }) => anyName)) return own.filter((lineage) => lineages.has(lineage));
    const names = new Set(own.map((lineage) => basename(lineage)));
    return [...lineages.keys()].filter((lineage) => names.has(basename(lineage)));
  }
}

function comparison(file: FoundFile, { id, offset }: Tail): string {
  return `${file.key} ${stampOf(file.stats)} ${id} ${offset}`;
}

function canBeCopy(file: FoundFile, tail: Tail): boolean {
  const [{ source }] = file.names;
  if (tail.place.name === 'lost' || tail.source !== source) return false;
  // What appears under the live name after a rename is the successor, even if it begins alike.
  if (isLive(file) && !isLiveName(tail.path)) return false;
  const lineages = lineagesOfFile(file);
  if (!file.names.some((name) => name.anyName)) return lineages.has(tail.lineage);
  return [...lineages].some((lineage) => basename(lineage) === basename(tail.lineage));
}

async function repeats(copy: Content, copySize: number, original: Content): Promise<boolean> {
  const originalSize = (await original.stat()).size;
  if (!copy.compressed && !original.compressed) return oneBeginsTheOther(copy, original, copySize, originalSize);
  const [a, b] = [await copy.read(0, MARK_BYTES), await original.read(0, MARK_BYTES)];
  const length = Math.min(a.length, b.length);
  if (length === 0 || !a.subarray(0, length).equals(b.subarray(0, length))) return false;
  const [whole, other] = [await textLength(copy, copySize), await textLength(original, originalSize)];
  // Still being written: by its head it is one, and more of it cannot be asked for yet.
  if (whole === undefined || other === undefined) return true;
  return oneBeginsTheOther(copy, original, whole, other);
}

/** `undefined`: a compressed file that does not end yet. */
async function textLength(content: Content, size: number): Promise<number | undefined> {
  if (!content.compressed) return size;
  let length = 0;
  for (let read = -1; read !== 0; length += read) read = (await content.read(length, STEP_BYTES)).length;
  return (await content.complete()) ? length : undefined;
}

/** Whether a file begins with what shred writes over a text: random bytes, or a short pattern again and again. */
async function isNoText(content: Content): Promise<boolean> {
  const head = await content.read(0, MARK_BYTES);
  // A compressed one can no longer be unpacked.
  if (content.compressed) return head.length === 0 && content.damage !== undefined;
  if (head.length < LEAST_BYTES || isHole(head)) return false;
  const controls = head.filter((byte) => isControl(byte)).length;
  const isPattern = head.every((byte, at) => byte === head[at % PATTERN_BYTES]);
  return controls > MAX_CONTROLS * head.length || (isPattern && head.some((byte) => byte >= 0x7f));
}

/** But for NUL, ESC and those that print: they stand in logs. */
function isControl(byte: number): boolean {
  return byte < 0x20 && byte !== 0 && byte !== 0x1b && !(byte >= 0x07 && byte <= 0x0d);
}
