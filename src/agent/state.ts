/**
 * What `status` shows, as one JSON object: gathered from the parts on request
 * and left on disk while the agent runs, so that it can be read when it does not.
 */
import type { Journal } from '../journal/journal.js';
import type { MessageName } from '../model/entry.js';
import type { FileState } from '../source/sources.js';
import type { CertificateStates } from './certificate-state.js';
import type { ConnectionCounts } from './connection-count.js';
import type { DeliveryState } from './delivery-state.js';
import type { EncoderCounts } from './encoder-counts.js';

export interface AgentState extends CertificateStates {
  readonly version: string;
  readonly pid: number;
  readonly run: string;
  readonly startedAtMs: number;
  readonly writtenAtMs: number;
  readonly config: string;
  readonly last: MessageName;
  readonly files: readonly FileState[];
  /** Followed files that fill with our own messages. */
  readonly ownTails: readonly string[];
  readonly counts: EncoderCounts;
  readonly journal: ReturnType<Journal['state']>;
  readonly delivery: Omit<DeliveryState, 'failures'> & {
    readonly failures: Readonly<Record<string, number>>;
    readonly connections: ConnectionCounts;
  };
}
