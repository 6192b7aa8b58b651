/**
 * Does it matter how the collector ends a connection? The same file to three
 * collectors: one that answers a close_notify, one that only sends its FIN, and
 * one that never answers. `delivery.acknowledge` names the level, so that no time
 * goes into learning it.
 */
import { type Bench, type Case, inTurns, roundsOf } from '../bench.js';
import type { Level } from '../parts/collector.js';
import { forward, type Run } from '../parts/forward.js';
import { figure, leastAndMedian, whole } from '../parts/table.js';
import type { Agent } from '../peers/agent.js';

const LEVELS: readonly Level[] = ['close-notify', 'fin', 'window'];

export const levels: Case = {
  name: 'levels',
  share: 80,
  measure: async (bench) => {
    const [lines, limitSeconds] = bench.size([1_000_000, 60], [100_000, 15], [1_000_000, 15]);
    const pairs = bench.agents.flatMap((agent) =>
      LEVELS.map((level) => ({ agent, level, name: `${agent.name}, ${level}` })),
    );
    const results = await inTurns(bench, pairs, ({ agent, level }) =>
      play(bench, agent, { level, lines, limitSeconds }),
    );
    const rates = new Map(
      [...results].map(([{ name }, runs]) => [
        name,
        Math.max(...runs.map(({ counts, seconds }) => counts.lines / seconds)),
      ]),
    );
    const against = (name: string, level: Level) =>
      (rates.get(`${name}, ${level}`) ?? Number.NaN) / (rates.get(`${name}, close-notify`) ?? Number.NaN);
    return {
      head: ['sender', 'level', 'lines/s, best', 'against close-notify', 'CPU s a million', 'repeated'],
      rows: [...results].map(([{ agent, level, name }, runs]) => {
        const rate = rates.get(name) ?? Number.NaN;
        const cpu = runs.map(({ cpuSeconds, counts }) => (cpuSeconds * 1e6) / counts.lines);
        return [
          agent.name,
          level,
          whole(rate),
          figure(against(agent.name, level)),
          leastAndMedian(cpu),
          whole(runs[0]!.counts.repeated),
        ];
      }),
      note: `${whole(lines)} lines of text, ${roundsOf(results)}; least / median. A run at level window ends after ${limitSeconds} s, with what has arrived by then.`,
      targets: [
        {
          what: 'level window: speed, of that of close-notify',
          found: against(bench.agents[0]!.name, 'window'),
          atLeast: 0.9,
        },
      ],
    };
  },
};

interface Play {
  readonly level: Level;
  readonly lines: number;
  readonly limitSeconds: number;
}

function play({ workplace }: Bench, sender: Agent, { level, lines, limitSeconds }: Play): Promise<Run> {
  const log = workplace.lines('text', lines);
  // With `window` the end of an agent is at least one window away: that is no cost of a line.
  const limited = level === 'window' ? { atMostMs: limitSeconds * 1000, killAtEnd: true } : {};
  return forward(workplace, sender, { log, lines, level, agent: { delivery: { acknowledge: level } }, ...limited });
}
