/** What an agent is given of the world: time, chance, the log, the environment. */
import type { Clock } from '../lib/clock.js';
import type { Lookup } from '../link/targets.js';
import type { ClockSync } from '../observe/clock-sync.js';
import type { DeliveryTimes } from './delivery/delivery-times.js';
import type { Legacy } from './legacy.js';
import type { PartedReport, Problems } from './problems.js';

export interface AgentDependencies {
  readonly clock: Clock;
  /** 0 to 1. */
  readonly random: () => number;
  readonly report: PartedReport;
  readonly env: NodeJS.ProcessEnv;
  readonly version: string;
  /** Default: how long experience says that each thing may take. */
  readonly times?: Partial<DeliveryTimes>;
  /** Addresses of a collector's name; default: the system's resolver. */
  readonly lookup?: Lookup;
  /** What the agent before has left to this one. */
  readonly legacy?: Legacy;
  /** What `report` was told of, for `status`; default: nothing is kept. */
  readonly problems?: Problems;
  /** Is the machine's clock synchronised? Default: nobody knows. */
  readonly askClock?: () => Promise<ClockSync>;
}
