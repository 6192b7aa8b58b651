/** What each measurement gets: a workplace, sizes, and the senders to compare. */
import { parseArgs } from 'node:util';
import type { Table } from './parts/table.js';
import type { Workplace } from './parts/workplace.js';
import type { Agent } from './peers/agent.js';
import type { Sender } from './peers/sender.js';

export interface Bench {
  readonly workplace: Workplace;
  /** At most. */
  readonly rounds: number;
  /** After this time, as of `performance.now()`, no further round is begun. */
  readonly untilMs: number;
  /** `full` on a quiet machine, `quick` where it is only to be seen that it works, `timed` where time is short (`--for`). */
  size<T>(full: T, quick: T, timed?: T): T;
  /** Ours, and another checkout of it when one was named. */
  readonly agents: readonly Agent[];
  /** Other programs that are installed here. */
  readonly rsyslogs: readonly Sender[];
  readonly syslogNgs: readonly Sender[];
  /** A line on standard error. */
  say(progress: string): void;
}

export interface Case {
  /** As in `--only` and between the markers of the page. */
  readonly name: string;
  /** Measured only when it is named. */
  readonly onlyWhenAsked?: boolean;
  /** Of the time that `--for` gives: so much, beside the other cases. About seconds of 25 minutes. */
  readonly share: number;
  measure(bench: Bench): Promise<Table>;
}

export interface Options {
  readonly only: readonly string[];
  readonly rounds: number;
  readonly quick: boolean;
  /** `undefined`: as long as it takes. */
  readonly forMs: number | undefined;
  readonly before: string | undefined;
  readonly write: boolean;
}

export const USAGE = `npm run bench -- [--only CASE]... [--rounds N] [--quick | --for 25m] [--before PATH/dist/src/main.js] [--write | --no-write]

  --only CASE    measure this case; may be given several times
  --rounds N     rounds of what is measured in turns, at most (5; with --quick 1)
  --quick        small sizes and short times: all cases within 12 minutes, for a first look
  --for TIME     as many rounds as there is time for, the most important cases first; some are smaller
  --before PATH  measure this compiled program as well, in turns with ours
  --write        write the tables to docs/benchmarks.md (with --quick they are only printed)
`;

export function optionsOf(args: string[]): Options {
  const { values } = parseArgs({
    args,
    allowNegative: true,
    options: {
      only: { type: 'string', multiple: true, default: [] },
      rounds: { type: 'string' },
      quick: { type: 'boolean', default: false },
      for: { type: 'string' },
      before: { type: 'string' },
      write: { type: 'boolean' },
    },
  });
  const { quick, only, before } = values;
  const rounds = Number(values.rounds ?? (quick ? 1 : 5));
  const forMs = values.for === undefined ? undefined : minutesOf(values.for) * 60_000;
  return { only, quick, before, rounds, forMs, write: values.write ?? !quick };
}

function minutesOf(text: string): number {
  const [, digits] = /^(\d+)m$/.exec(text) ?? [];
  if (digits === undefined) throw new Error(`--for ${text}: say how many minutes, as 25m`);
  return Number(digits);
}

/** Every sender once a round, so that what the machine does meanwhile meets them all. One round at least, however long it takes. */
export async function inTurns<S extends { readonly name: string }, R>(
  { rounds, untilMs, say }: Pick<Bench, 'rounds' | 'untilMs' | 'say'>,
  senders: readonly S[],
  run: (sender: S) => Promise<R>,
): Promise<Map<S, R[]>> {
  const results = new Map<S, R[]>(senders.map((sender) => [sender, []]));
  let tookMs = 0;
  for (let round = 1; round <= rounds && (round === 1 || performance.now() + tookMs <= untilMs); round += 1) {
    const beganMs = performance.now();
    for (const sender of senders) {
      results.get(sender)?.push(await run(sender));
      say(`round ${round} of ${rounds}: ${sender.name}`);
    }
    tookMs = performance.now() - beganMs;
  }
  return results;
}

/** For the words below a table: `3 rounds`. */
export function roundsOf(results: ReadonlyMap<unknown, readonly unknown[]>): string {
  const rounds = Math.max(...[...results.values()].map((runs) => runs.length));
  return rounds === 1 ? '1 round' : `${rounds} rounds`;
}
