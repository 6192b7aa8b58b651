/** What an agent is given of the world: time, chance, the log, the environment. */
import type { DeliveryTimes } from '../delivery/times.js';
import type { Clock, ClockSync } from '../lib/clock.js';
import type { Network } from '../lib/network.js';
import type { Credentials } from '../pki/files/credentials.js';
import type { HeldFile } from '../source/sources.js';
import type { PartedReport, Problems } from './problems.js';

/** What an agent leaves to the one that goes on in the same process, when the configuration is read again. */
export interface Legacy {
  /** Log files, open: the heir's once it has started, until then whoever's who gives them. */
  readonly files: readonly HeldFile[];
  /** Shown until now; for an heir with the same configuration, should its certificate files be unusable by now. */
  readonly credentials: Credentials | undefined;
}

export interface AgentDependencies {
  readonly clock: Clock;
  /** 0 to 1. */
  readonly random: () => number;
  readonly report: PartedReport;
  readonly env: NodeJS.ProcessEnv;
  readonly version: string;
  /** Default: how long experience says that each thing may take. */
  readonly times?: Partial<DeliveryTimes>;
  /** Default: the system's. */
  readonly network?: Network;
  /** What the agent before has left to this one. */
  readonly legacy?: Legacy;
  /** What `report` was told of, for `status`; default: nothing is kept. */
  readonly problems?: Problems;
  /** Is the machine's clock synchronised? Default: nobody knows. */
  readonly askClock?: () => Promise<ClockSync>;
}
