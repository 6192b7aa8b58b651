/** A limit for the memory of a process, as `MemoryMax=` of its unit would set: a control group of its own. As root. */
import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** The two versions of control groups call things by other names. */
const VERSIONS = [
  { root: '/sys/fs/cgroup', mark: 'cgroup.controllers', max: 'memory.max', events: 'memory.events' },
  {
    root: '/sys/fs/cgroup/memory',
    mark: 'memory.limit_in_bytes',
    max: 'memory.limit_in_bytes',
    events: 'memory.oom_control',
  },
];

export class MemoryLimit {
  readonly #directory: string;

  /** `undefined` where no such group can be made: not as root, or the kernel has none. */
  static make(bytes: number): MemoryLimit | undefined {
    const version = VERSIONS.find(({ root, mark }) => existsSync(join(root, mark)));
    if (version === undefined) return undefined;
    const directory = join(version.root, `openemr-audit-forwarder-bench-${process.pid}`);
    try {
      mkdirSync(directory);
      writeFileSync(join(directory, version.max), String(bytes));
      return new MemoryLimit(directory, version.events);
    } catch {
      if (existsSync(directory)) rmdirSync(directory);
      return undefined;
    }
  }

  private constructor(
    directory: string,
    private readonly events: string,
  ) {
    this.#directory = directory;
  }

  /** What starts a program in it. */
  get inside(): readonly string[] {
    return ['sh', '-c', 'echo $$ > "$0/cgroup.procs" && exec "$@"', this.#directory];
  }

  /** Processes that the kernel has killed because of it. */
  get kills(): number {
    return Number(/^oom_kill (\d+)$/m.exec(readFileSync(join(this.#directory, this.events), 'utf8'))?.[1] ?? 0);
  }

  /** When no process is in it any more. */
  remove(): void {
    rmdirSync(this.#directory);
  }
}
