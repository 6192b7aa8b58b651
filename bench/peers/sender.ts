/** Programs that follow a log file and forward it over mutual TLS: what a measurement needs of each. */
import type { TestPki } from '../../test/support/certificates.js';
import type { Daemon } from '../../test/support/daemon.js';

/** Where a sender works: all its files go below `directory`. */
export interface Stage {
  readonly directory: string;
  /** A file, or a pattern. */
  readonly log: string;
  /** Patterns of its rotated files, where the sender is to follow or search them. */
  readonly rotated?: readonly string[];
  /** Of the collector, on this machine. */
  readonly port: number;
  readonly pki: TestPki;
  /** What only ours can be told; the others send lines as they are. */
  readonly agent?: AgentStage;
}

export interface AgentStage {
  readonly format?: 'text' | 'openemr';
  readonly message?: Readonly<Record<string, string>>;
  readonly delivery?: Readonly<Record<string, string>>;
  readonly status?: Readonly<Record<string, string>>;
  /** The command that starts it, with its limits. */
  readonly inside?: readonly string[];
  readonly env?: NodeJS.ProcessEnv;
  /** Options of Node.js. */
  readonly node?: readonly string[];
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
