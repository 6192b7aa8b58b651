/**
 * What the statements of docs/warehouse answer, compared with what `verify` says of the
 * same store; and a fleet of agents of which some lost, repeated or said nothing.
 */
import type { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Signer } from '../../src/seal/sealer.js';
import { distrustBy } from '../../src/seal/trust.js';
import type { Examined } from '../../src/verify/examine.js';
import type { Messages, World } from './forged.js';
import { type RunPlan, sealedRun } from './sealed.js';
import { asLines, auditMessage, examineFiles, ownMessage, runId } from './stored.js';

export const QUESTIONS = ['gaps', 'silent', 'unsealed', 'repeats'] as const;

/** The rows of each statement, all values as text. */
export type Answers = Readonly<Record<(typeof QUESTIONS)[number], readonly Readonly<Record<string, string>>[]>>;

/** The text of `docs/warehouse/NAME`. */
export function statement(name: string): string {
  return readFileSync(warehousePath(name), 'utf8');
}

export function warehousePath(name: string): string {
  return fileURLToPath(new URL(`../../../docs/warehouse/${name}`, import.meta.url));
}

/** What `verify --trust` finds. */
export function verified(store: Messages, authority: X509Certificate): Promise<Examined> {
  return examineFiles([asLines(store)], { distrust: distrustBy([authority]) });
}

/** Where a warehouse and `verify` differ about gaps, repeats and seals; nothing: they agree. */
export function differences(answers: Answers, examined: Examined): string[] {
  return [
    ...differ('gaps', answers.gaps.map(rangeOf), gapsIn(examined)),
    ...differ(
      'repeats',
      tally(answers.repeats.map(({ run, repeats }) => [run!, Number(repeats)])),
      tally(examined.findings.runs.map(({ run, repeats, altered }) => [run, repeats + altered.count])),
    ),
    ...differ(
      'altered repeats',
      answers.repeats.flatMap(({ run, altered }) => (/^t/.test(altered!) ? [run!] : [])),
      examined.findings.runs.flatMap(({ run, altered }) => (altered.count > 0 ? [run] : [])),
    ),
    ...unsealedDiffer(answers, examined),
  ];
}

/** A run of which nothing is stored, although another follows it, is missing from 1 on. */
function gapsIn({ findings: { runs } }: Examined): string[] {
  const whole = runs.flatMap(({ predecessor, follows }) =>
    predecessor === 'missing' && follows !== undefined ? [`${follows.run}:1-${follows.seq}`] : [],
  );
  return [...whole, ...runs.flatMap(({ run, gaps }) => gaps.map(({ first, last }) => `${run}:${first}-${last}`))];
}

/**
 * A seal that does not hold still says what it covers: then a warehouse finds less than
 * `verify`, and otherwise the same.
 */
function unsealedDiffer({ unsealed }: Answers, { seals }: Examined): string[] {
  if (seals === undefined) return ['verify was not asked for seals'];
  const [bare, tail] = [seals.unsealed.examples, seals.tail.examples].map((stretches) =>
    stretches.map(({ run, first, last }) => `${run}:${first}-${last}`),
  ) as [string[], string[]];
  if (seals.bad.count === 0 && seals.incomplete === 0) {
    const placed = (where: string) => unsealed.filter(({ place }) => place === where);
    // Of a run that was killed before its first seal verify says that these are behind the last one.
    const sealless = placed('run without seals').map(rangeOf);
    return [
      ...differ('unsealed', unsealed.map(rangeOf), [...bare, ...tail]),
      ...differ(
        'behind the last seal',
        placed('behind the last seal').map(rangeOf),
        tail.filter((range) => !sealless.includes(range)),
      ),
    ];
  }
  const known = new Set([...seals.unsealed.examples, ...seals.tail.examples].flatMap(namesIn));
  const more = unsealed
    .flatMap(({ run, first, last }) => namesIn({ run: run!, first: Number(first), last: Number(last) }))
    .filter((name) => !known.has(name));
  return differ('unsealed', more, []);
}

function namesIn({ run, first, last }: { run: string; first: number; last: number }): string[] {
  return Array.from({ length: last - first + 1 }, (_, index) => `${run}:${first + index}`);
}

function rangeOf({ run, first, last }: Readonly<Record<string, string>>): string {
  return `${run}:${first}-${last}`;
}

function tally(counts: readonly (readonly [string, number])[]): string[] {
  const sums = new Map<string, number>();
  for (const [run, count] of counts) sums.set(run, (sums.get(run) ?? 0) + count);
  return [...sums].filter(([, sum]) => sum > 0).map(([run, sum]) => `${run}: ${sum}`);
}

function differ(what: string, answered: readonly string[], wanted: readonly string[]): string[] {
  const [one, other] = [answered, wanted].map((texts) => [...new Set(texts)].sort().join(' '));
  return one === other ? [] : [`${what}: the statement says ${one}, verify ${other}`];
}

export interface FleetAgent {
  readonly host: string;
  /** All that is stored of it. */
  readonly stored: Messages;
}

const MINUTE = 60_000;
/** Two heartbeats, as docs/warehouse/silent.sql has it. */
const SILENT_AFTER_MS = 30 * MINUTE;
/** In the list of agents, and nothing of it is stored. */
export const NEVER_HEARD = 'emr-new.clinic.example';

/** Agents with a few messages each; something is wrong with one in ten. */
export function fleet({ signers }: World, size: number, nowMs: number): FleetAgent[] {
  return Array.from({ length: size }, (_, index) => {
    const host = `emr-${index}.clinic.example`;
    const fault = index % 10 === 0 ? FAULTS[(index / 10) % FAULTS.length]! : honest;
    return { host, stored: fault(new FleetRuns(host, index, signers.agent, nowMs)) };
  });
}

/** What one agent of the fleet sends, in two runs. */
class FleetRuns {
  readonly run: string;
  readonly next: string;

  constructor(
    readonly host: string,
    index: number,
    private readonly signer: Signer,
    private readonly nowMs: number,
  ) {
    this.run = runId(0x1000 + 2 * index);
    this.next = runId(0x1001 + 2 * index);
  }

  sealed(plan: Partial<RunPlan> = {}): Messages {
    const time = new Date(this.nowMs).toISOString();
    const header = this.#header(240);
    return sealedRun({ run: this.run, signer: this.signer, lines: [2, 2], time, header, ...plan }).messages;
  }

  line(seq: number, msg?: string): Buffer {
    return auditMessage(this.run, seq, { ...this.#header(240), ...(msg !== undefined && { msg }) });
  }

  /** These messages, and a heartbeat behind them. */
  alive(messages: Messages, { run = this.run, minutesAgo = 1, seq = messages.length + 1 } = {}): Messages {
    return [...messages, ownMessage(run, seq, 'heartbeat', '', this.#header(minutesAgo))];
  }

  #header(minutesAgo: number) {
    return { host: this.host, time: new Date(this.nowMs - minutesAgo * MINUTE).toISOString() };
  }
}

const honest = (agent: FleetRuns) => agent.alive(agent.sealed());

const FAULTS: readonly ((agent: FleetRuns) => Messages)[] = [
  // A line is missing; repeated; repeated with other bytes.
  (agent) => honest(agent).toSpliced(4, 1),
  (agent) => [...honest(agent), agent.line(5)],
  (agent) => [...honest(agent), agent.line(5, 'changed')],
  // Silent.
  (agent) => agent.alive(agent.sealed(), { minutesAgo: 120 }),
  // Killed; with a line between two seals that neither covers; without seals.
  (agent) => agent.alive(agent.sealed({ killedAfter: 3 }), { run: agent.next, seq: 1 }),
  (agent) => agent.alive(agent.sealed({ anew: 1 })),
  (agent) => agent.alive([1, 2, 3, 4].map((seq) => agent.line(seq))),
  // The end of a run is missing; a whole run.
  (agent) => {
    const first = agent.sealed();
    const second = agent.sealed({ run: agent.next, follows: `${agent.run}:${first.length + 2}` });
    return [...first, ...agent.alive(second, { run: agent.next })];
  },
  (agent) => agent.alive(agent.sealed({ run: agent.next, follows: `${agent.run}:9` }), { run: agent.next }),
];

/** Where a warehouse with all of the fleet and `verify` of each agent's messages differ. */
export async function fleetDifferences(
  answers: Answers,
  agents: readonly FleetAgent[],
  { authority, nowMs }: { authority: X509Certificate; nowMs: number },
): Promise<string[]> {
  const found: string[] = [];
  const silent = [NEVER_HEARD];
  for (const { host, stored } of agents) {
    const examined = await verified(stored, authority);
    const { runs, heartbeat } = examined.findings;
    if (heartbeat === undefined || heartbeat.timeMs < nowMs - SILENT_AFTER_MS) silent.push(host);
    const own = new Set(runs.flatMap(({ run, follows }) => [run, ...(follows === undefined ? [] : [follows.run])]));
    const ofAgent = (rows: Answers['gaps']) => rows.filter(({ run }) => own.has(run!));
    const { gaps, unsealed, repeats } = answers;
    const its = { gaps: ofAgent(gaps), unsealed: ofAgent(unsealed), repeats: ofAgent(repeats), silent: [] };
    found.push(...differences(its, examined).map((difference) => `${host}: ${difference}`));
  }
  return [
    ...found,
    ...differ(
      'silent',
      answers.silent.map(({ host }) => host!),
      silent,
    ),
  ];
}
