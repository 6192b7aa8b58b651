/**
 * Where does the time go? One run of each kind under V8's sampling profiler, which costs a
 * little itself: shares, not figures to compare. A sample counts for the folder of `src/` that
 * the innermost of our functions on the stack is in, so that what it calls of Node.js is its own.
 */
import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Case } from '../bench.js';
import { forward, type Job } from '../parts/forward.js';
import type { Kind } from '../parts/lines.js';
import { whole } from '../parts/table.js';

const KINDS: readonly { readonly name: string; readonly kind: Kind; readonly job: Omit<Job, 'log' | 'lines'> }[] = [
  { name: 'text', kind: 'text', job: {} },
  { name: 'plain', kind: 'row', job: { mark: 'row', agent: { format: 'openemr' } } },
  { name: 'atna', kind: 'row', job: { mark: 'audit', agent: { format: 'openemr', message: { profile: 'atna' } } } },
];

const COLLECTION = 'garbage collection, in the main thread';
const NATIVE = 'native code, called by none of our functions: TLS, the kernel';
const LOADING = 'loading modules, at the start';
const NOBODYS = 'Node.js, called by none of our functions: streams, TLS, timers';
const OTHER_THREADS = 'other threads: disk, collection, compilation';
/** Less than this is not worth a row. */
const LEAST_SHARE = 0.01;

export const profile: Case = {
  name: 'profile',
  share: 50,
  measure: async (bench) => {
    const lines = bench.size(1_000_000, 100_000, 500_000);
    const [agent] = bench.agents;
    const columns: Map<string, number>[] = [];
    for (const { kind, job, name } of KINDS) {
      const directory = bench.workplace.place();
      const node = ['--cpu-prof', '--cpu-prof-dir', directory, '--cpu-prof-interval', '1000'];
      const log = bench.workplace.lines(kind, lines);
      const { cpuSeconds } = await forward(bench.workplace, agent!, {
        ...job,
        log,
        lines,
        agent: { ...job.agent, node },
      });
      columns.push(sharesOf(busyOf(directory), cpuSeconds));
      rmSync(directory, { recursive: true, force: true });
      bench.say(name);
    }
    const parts = [...new Set(columns.flatMap((column) => [...column.keys()]))];
    const most = (part: string) => Math.max(...columns.map((column) => column.get(part) ?? 0));
    return {
      head: ['part', ...KINDS.map(({ name }) => name)],
      rows: parts
        .filter((part) => most(part) >= LEAST_SHARE)
        .sort((one, other) => most(other) - most(one))
        .map((part) => [part, ...columns.map((column) => `${Math.round(100 * (column.get(part) ?? 0))} %`)]),
      note: `${whole(lines)} lines each, with the start of the program; shares of all CPU time.`,
    };
  },
};

interface Profile {
  readonly nodes: readonly {
    readonly id: number;
    readonly callFrame: { readonly functionName: string; readonly url: string };
    readonly children?: readonly number[];
  }[];
  readonly samples: readonly number[];
  /** In microseconds, before each sample. */
  readonly timeDeltas: readonly number[];
}

/** Seconds that the main thread was busy in each part. */
function busyOf(directory: string): Map<string, number> {
  const [file = ''] = readdirSync(directory).filter((name) => name.endsWith('.cpuprofile'));
  const { nodes, samples, timeDeltas } = JSON.parse(readFileSync(join(directory, file), 'utf8')) as Profile;
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const parts = new Map<number, string>();
  const name = (id: number, above: string) => {
    const { callFrame, children = [] } = byId.get(id)!;
    const part = partOf(callFrame) ?? above;
    parts.set(id, part);
    for (const child of children) name(child, part);
  };
  name(nodes[0]!.id, NOBODYS);
  const busy = new Map<string, number>();
  for (const [index, id] of samples.entries()) {
    const part = parts.get(id) ?? NOBODYS;
    busy.set(part, (busy.get(part) ?? 0) + (timeDeltas[index] ?? 0) / 1e6);
  }
  busy.delete(IDLE);
  return busy;
}

const IDLE = 'idle';

/** `undefined`: that of its caller. */
function partOf({ functionName, url }: Profile['nodes'][number]['callFrame']): string | undefined {
  if (functionName === '(idle)') return IDLE;
  if (functionName === '(garbage collector)') return COLLECTION;
  if (functionName === '(program)') return NATIVE;
  if (url.startsWith('node:internal/modules/')) return LOADING;
  const [, folder] = /\/dist\/src\/([^/]+)\//.exec(url) ?? [];
  return folder && `\`${folder}/\``;
}

function sharesOf(busy: ReadonlyMap<string, number>, cpuSeconds: number): Map<string, number> {
  const main = [...busy.values()].reduce((sum, seconds) => sum + seconds, 0);
  const all = Math.max(main, cpuSeconds);
  const shares = [...busy].map(([part, seconds]): [string, number] => [part, seconds / all]);
  return new Map([...shares, [OTHER_THREADS, (all - main) / all]]);
}
