/**
 * What a part is given of the world: time, chance, disk, its log, and the list of
 * problems. One object, handed from the agent to its parts; each part names with
 * `Pick` what it uses of it, so that a test gives no more.
 */
import { randomBytes } from 'node:crypto';
import type { Report } from '../model/report.js';
import { type Clock, systemClock } from './clock.js';
import { type Files, systemFiles } from './files.js';
import { systemNetwork } from './network.js';
import type { RaisesProblems } from './problems.js';

export interface Context {
  readonly clock: Clock;
  /** 0 to 1, as Math.random. */
  readonly random: () => number;
  /** For names that nobody may guess. */
  readonly randomBytes: (count: number) => Buffer;
  readonly files: Files;
  readonly report: Report;
  readonly problems: RaisesProblems;
}

/** The real time, chance, disk and network. */
export const systemWorld = {
  clock: systemClock,
  random: Math.random,
  randomBytes,
  files: systemFiles,
  network: systemNetwork,
};
