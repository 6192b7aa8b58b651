/**
 * What `status` shows, as one JSON object: gathered from the parts on request
 * and left on disk while the agent runs, so that it can be read when it does not.
 */
import type { Journal } from '../journal/journal.js';
import type { MessageName } from '../model/entry.js';
import type { ClockSync } from '../observe/clock-sync.js';
import type { FileState } from '../source/sources.js';
import type { CertificateStates } from './certificates/certificate-state.js';
import type { ConnectionCounts } from './connection-count.js';
import type { DeliveryState } from './delivery/delivery-state.js';
import type { EncoderCounts } from './encoding/encoder-counts.js';
import type { SourceState } from './lag.js';
import type { Problem } from './problems.js';

export interface AgentState extends CertificateStates {
  readonly version: string;
  readonly pid: number;
  readonly run: string;
  readonly startedAtMs: number;
  readonly writtenAtMs: number;
  readonly config: string;
  readonly last: MessageName;
  /** Loops that hang. */
  readonly stuckLoops: readonly string[];
  /** Of this machine. */
  readonly clock: ClockSync;
  /** In the order of the configuration. */
  readonly sources: readonly SourceState[];
  readonly files: readonly FileState[];
  /** Followed files that fill with our own messages. */
  readonly ownTails: readonly string[];
  readonly counts: EncoderCounts;
  readonly journal: ReturnType<Journal['state']>;
  readonly delivery: Omit<DeliveryState, 'failures'> & {
    readonly failures: Readonly<Record<string, number>>;
    readonly connections: ConnectionCounts;
  };
  /** The last three, the latest first. */
  readonly problems: readonly Problem[];
}
