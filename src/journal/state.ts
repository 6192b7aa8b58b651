/** For `status`; answered at once, whatever the backlog. */
import type { MakeRoom } from './make-room.js';
import type { Milestones } from './milestones.js';
import type { Full } from './notice.js';
import type { Quarantine } from './quarantine.js';
import type { Salvage } from './salvage.js';
import type { Segments } from './segments.js';
import type { Space } from './space.js';
import type { Writer } from './writer.js';

export interface JournalState {
  readonly cursor: number;
  /** The last entry on disk. */
  readonly synced: number;
  readonly entriesWaiting: number;
  /** Estimated between milestones, exact when nothing waits. */
  readonly messagesWaiting: number;
  /** When the oldest unacknowledged entry was written, ms since 1970; `undefined` when nothing waits. */
  readonly oldestUnacknowledgedAtMs: number | undefined;
  /** On disk and on the way there. */
  readonly bytes: number;
  readonly maxBytes: number;
  /** On its volume, as last seen; `undefined` before the first look, and where it cannot be seen. */
  readonly freeBytes: number | undefined;
  readonly segments: number;
  readonly full: boolean;
  /** Which limit it has met, while it is full. */
  readonly limit: Full['limit'] | undefined;
  /** Why the journal cannot be written just now. */
  readonly failed: string | undefined;
  /** Failed writes and syncs since the start. */
  readonly faults: number;
  /** Damaged places met since the start, and all that lie in quarantine. */
  readonly damages: number;
  readonly quarantined: number;
  readonly quarantinedBytes: number;
  /** Messages dropped to make room since the start. */
  readonly dropped: number;
}

export interface JournalParts {
  readonly maxBytes: number;
  /** On disk and on the way there. */
  readonly bytes: number;
  readonly cursor: number;
  readonly closed: boolean;
  readonly segments: Segments;
  readonly writer: Writer;
  readonly milestones: Milestones;
  readonly space: Space;
  readonly salvage: Salvage;
  readonly quarantine: Quarantine;
  readonly makeRoom: MakeRoom;
}

export function journalState(parts: JournalParts): JournalState {
  const { maxBytes, bytes, cursor, closed, segments, writer, milestones, space, salvage, quarantine, makeRoom } = parts;
  const { synced, standing, failed, faults } = writer;
  const oldest = cursor + 1;
  const before = milestones.messages(oldest, { entry: synced + 1, messages: standing.messages });
  return {
    cursor,
    synced,
    entriesWaiting: Math.max(0, synced - cursor),
    messagesWaiting: standing.messages - before,
    oldestUnacknowledgedAtMs: oldest > synced ? undefined : milestones.atMs(oldest),
    bytes,
    maxBytes,
    segments: segments.all.length,
    full: space.full,
    limit: space.limit,
    freeBytes: space.freeBytes,
    failed: closed ? undefined : failed?.message,
    faults,
    damages: salvage.damages,
    quarantined: quarantine.count,
    quarantinedBytes: quarantine.bytes,
    dropped: makeRoom.dropped,
  };
}
