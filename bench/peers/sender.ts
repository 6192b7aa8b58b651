/** Programs that follow a log file and forward it over mutual TLS: what a measurement needs of each. */
import type { TestPki } from '../../test/support/certificates.js';
import type { Daemon } from '../../test/support/daemon.js';

/** Where a sender works: all its files go below `directory`. */
export interface Stage {
  readonly directory: string;
  readonly log: string;
  /** Patterns of its rotated files, where the sender is to follow or search them. */
  readonly rotated?: readonly string[];
  /** Of the collector, on this machine. */
  readonly port: number;
  readonly pki: TestPki;
}

export interface Sender {
  readonly name: string;
  start(stage: Stage): Promise<Daemon>;
  /** Ends it in order; throws when what it says of its work does not fit what it should have done. */
  end(daemon: Daemon, stage: Stage): Promise<void>;
}

/** SIGTERM, and its exit status. */
export async function terminate(daemon: Daemon): Promise<number | null> {
  daemon.signal('SIGTERM');
  return (await daemon.exited).code;
}
