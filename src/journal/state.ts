/** For `status`; answered at once, whatever the backlog. */
import type { Full } from './notice.js';

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
