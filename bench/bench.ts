/** What each measurement gets: a workplace, sizes, and the senders to compare. */
import { parseArgs } from 'node:util';
import type { Table } from './parts/table.js';
import type { Workplace } from './parts/workplace.js';
import type { Agent } from './peers/agent.js';
import type { Sender } from './peers/sender.js';

export interface Bench {
  readonly workplace: Workplace;
  readonly rounds: number;
  /** `full` on a quiet machine, `quick` where it is only to be seen that it works. */
  size<T>(full: T, quick: T): T;
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
  measure(bench: Bench): Promise<Table>;
}

export interface Options {
  readonly only: readonly string[];
  readonly rounds: number;
  readonly quick: boolean;
  readonly before: string | undefined;
  readonly write: boolean;
}

export const USAGE = `npm run bench -- [--only CASE]... [--rounds N] [--quick] [--before PATH/dist/src/main.js] [--write | --no-write]

  --only CASE    measure this case; may be given several times
  --rounds N     rounds of what is measured in turns (5; with --quick 1)
  --quick        small sizes and short times: all cases within 12 minutes, for a first look
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
      before: { type: 'string' },
      write: { type: 'boolean' },
    },
  });
  const { quick, only, before } = values;
  return { only, quick, before, rounds: Number(values.rounds ?? (quick ? 1 : 5)), write: values.write ?? !quick };
}

/** Every sender once a round, so that what the machine does meanwhile meets them all. */
export async function inTurns<S extends Sender, R>(
  { rounds, say }: Pick<Bench, 'rounds' | 'say'>,
  senders: readonly S[],
  run: (sender: S) => Promise<R>,
): Promise<Map<S, R[]>> {
  const results = new Map<S, R[]>(senders.map((sender) => [sender, []]));
  for (let round = 1; round <= rounds; round += 1) {
    for (const sender of senders) {
      results.get(sender)?.push(await run(sender));
      say(`round ${round} of ${rounds}: ${sender.name}`);
    }
  }
  return results;
}
