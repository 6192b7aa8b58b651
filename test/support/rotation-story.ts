/** A writer, a rotator and an unlucky agent, doing one thing after another: the story that a seed tells. Pure. */

export type Step =
  | { readonly do: 'write'; readonly log: number; readonly lines: number; readonly width: number }
  | { readonly do: 'begin-line'; readonly log: number }
  | { readonly do: 'hole'; readonly log: number; readonly bytes: number }
  | { readonly do: 'rename' | 'rename-late' | 'copytruncate' | 'move-away'; readonly log: number }
  | { readonly do: 'rename-back' | 'rewrite' | 'rename-by-link'; readonly log: number }
  | { readonly do: 'compress'; readonly log: number; readonly generation: number }
  | { readonly do: 'truncate' | 'delete' | 'replace' | 'overwrite' | 'drop-oldest'; readonly log: number }
  | { readonly do: 'hide'; readonly log: number; readonly behind: Obstacle }
  | { readonly do: 'hide-directory' }
  | { readonly do: 'pause' | 'resume' | 'settle' | 'breathe' }
  | { readonly do: 'restart' | 'kill' | 'rewind'; readonly unsynced: number; readonly meanwhile: readonly Step[] };

/** What stands at a log's path while the log itself is out of sight. */
export type Obstacle = (typeof OBSTACLES)[number];

export const OBSTACLES = ['nothing', 'directory', 'fifo', 'loop', 'device'] as const;

export interface Story {
  readonly seed: number;
  readonly pattern: 'exact' | 'star';
  readonly logs: number;
  readonly steps: readonly Step[];
}

export function tell(seed: number): Story {
  const random = randomNumbers(seed);
  const below = (n: number) => Math.floor(random() * n);
  const logs = 1 + below(2);
  const step = (): Step => {
    const log = below(logs);
    const dice = below(120);
    if (dice < 34)
      return {
        do: 'write',
        log,
        lines: 1 + below(random() < 0.1 ? 3000 : 30),
        width: below(random() < 0.05 ? 3000 : 120),
      };
    if (dice < 38) return { do: 'begin-line', log };
    if (dice < 47) return { do: 'rename', log };
    if (dice < 51) return { do: 'rename-late', log };
    if (dice < 60) return { do: 'copytruncate', log };
    if (dice < 63) return { do: 'move-away', log };
    if (dice < 69) return { do: 'compress', log, generation: 1 + below(3) };
    if (dice < 71) return { do: 'truncate', log };
    if (dice < 73) return { do: 'delete', log };
    if (dice < 75) return { do: 'replace', log };
    if (dice < 78) return { do: 'drop-oldest', log };
    if (dice < 81) return { do: 'pause' };
    if (dice < 86) return { do: 'resume' };
    if (dice < 89) return { do: 'settle' };
    if (dice < 93) return { do: 'breathe' };
    if (dice < 96) return { do: 'hole', log, bytes: 1 + below(100_000) };
    if (dice < 98) return { do: 'rename-back', log };
    if (dice < 101) return { do: 'rewrite', log };
    if (dice < 103) return { do: 'rename-by-link', log };
    if (dice < 108) return { do: 'overwrite', log };
    if (dice < 111) return { do: 'hide', log, behind: OBSTACLES[below(OBSTACLES.length)]! };
    if (dice < 113) return { do: 'hide-directory' };
    const unsynced = below(4);
    if (dice < 116) return { do: 'rewind', unsynced, meanwhile: [] };
    const meanwhile = Array.from({ length: below(5) }, step).filter(
      (one) => !('meanwhile' in one) && !AGENT_STEPS.has(one.do),
    );
    return { do: dice < 118 ? 'restart' : 'kill', unsynced, meanwhile };
  };
  return {
    seed,
    pattern: below(2) === 0 ? 'exact' : 'star',
    logs,
    steps: Array.from({ length: 10 + below(25) }, step),
  };
}

// They need an agent that runs: to pause it, or to wait until it has read what is to be destroyed.
const AGENT_STEPS = new Set<Step['do']>([
  'pause',
  'resume',
  'settle',
  'breathe',
  'truncate',
  'delete',
  'replace',
  'overwrite',
  'drop-oldest',
  'rename-by-link',
  'hide',
  'hide-directory',
]);

/** mulberry32: small, and the same everywhere. */
function randomNumbers(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
