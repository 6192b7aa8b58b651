/** What `status` and `check` say of each file. */
import type { TailId } from '../model/position.js';
import { isCompressed } from './rotated-name.js';
import type { Tails } from './tails.js';
import type { View } from './view.js';

export interface FileState {
  readonly path: string;
  readonly source: string;
  /** `undefined`: the file matches, but cannot be reached or opened, so that nobody knows what it is. */
  readonly tailId: TailId | undefined;
  /** Bytes on disk as last seen; of a compressed file, compressed. */
  readonly size: number | undefined;
  /** Bytes of text read. */
  readonly offset: number;
  /** Bytes of text known to be unread; `undefined` for a compressed file that is being read. */
  readonly lagBytes: number | undefined;
  /** The system's code when the file cannot be read now: EACCES, EMFILE … */
  readonly code: string | undefined;
  readonly open: boolean;
  /** Deleted or moved out of sight, and read on through its descriptor. */
  readonly unlinked: boolean;
}

export function fileStates(tails: Tails, view: View | undefined, unreadable: ReadonlyMap<string, string>): FileState[] {
  const states: FileState[] = [];
  for (const tail of tails.all) {
    if (tail.place.name === 'lost') continue;
    const { size } = tail.place;
    const compressed = isCompressed(tail.path);
    const lagBytes = compressed ? (tail.ready ? undefined : 0) : Math.max(0, size - tail.offset);
    states.push({
      path: tail.path,
      source: tail.source,
      tailId: tail.id,
      size,
      offset: tail.offset,
      lagBytes,
      code: tail.blocked,
      open: tail.content !== undefined,
      unlinked: tail.place.name === 'unlinked',
    });
  }
  const unopened = [...unreadable].map(([path, code]) => {
    const source = view?.at(path)?.ways[0].source ?? '';
    return [path, { code, source }] as const;
  });
  for (const [path, { code, source }] of [...(view?.unreachable ?? []), ...unopened]) {
    const nothing = {
      tailId: undefined,
      size: undefined,
      offset: 0,
      lagBytes: undefined,
      open: false,
      unlinked: false,
    };
    states.push({ path, source, code, ...nothing });
  }
  return states;
}
