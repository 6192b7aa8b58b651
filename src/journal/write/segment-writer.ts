/** Writes one segment: first the head, synced before the file gets its name, then only appends. */
import { systemCode } from '../../lib/errors.js';
import { type Files, type OpenFile, replaceWhole } from '../../lib/files.js';
import { knownOf, type Segment, type Segments } from '../disk/segments.js';
import { encodeSegmentHead, type SegmentHead } from '../format/segment.js';

export class SegmentWriter {
  private constructor(
    readonly segment: Segment,
    private readonly file: OpenFile,
    private readonly segments: Segments,
    private readonly files: Files,
  ) {}

  /**
   * The head is on disk, under the segment's name, before this resolves. The file takes the place of one of the
   * same name, which can only be one in which no entry counts: never the same pages again.
   */
  static async create(
    path: string,
    head: SegmentHead,
    { files, segments }: { files: Files; segments: Segments },
  ): Promise<SegmentWriter> {
    const bytes = encodeSegmentHead(head);
    await replaceWhole(path, [bytes], files);
    const file = await files.open(path, 'write');
    const segment: Segment = {
      first: head.first,
      path,
      start: bytes.length,
      end: bytes.length,
      known: knownOf(head),
      holes: new Map(),
    };
    segments.add(segment);
    return new SegmentWriter(segment, file, segments, files);
  }

  get hasEntries(): boolean {
    return this.segment.end > this.segment.start;
  }

  /** What is appended counts once it is synced, and is readable from then on. */
  async append(buffers: readonly Buffer[], bytes: number): Promise<void> {
    await this.file.write(buffers, this.segment.end);
    await this.file.datasync();
    this.segments.grow(this.segment, bytes);
  }

  /** Cuts off what was written and not synced. */
  async cutBack(): Promise<void> {
    await this.file.truncate(this.segment.end);
  }

  /** Whether the file is still under its name; what cannot be seen just now counts as yes. */
  async hasName(): Promise<boolean> {
    try {
      const [named, own] = await Promise.all([this.files.stat(this.segment.path), this.file.stat()]);
      return named.ino === own.ino && named.dev === own.dev;
    } catch (error) {
      return systemCode(error) !== 'ENOENT';
    }
  }

  close(): Promise<void> {
    return this.file.close();
  }
}
