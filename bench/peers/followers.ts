/**
 * Senders that follow one log through its rotations, each with a collector of its
 * own that stays up. The others follow the log alone, as their manuals have it,
 * and once more with a pattern for its rotated files as well.
 */
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Daemon } from '../../test/support/daemon.js';
import { storedIn } from '../../test/support/delivered.js';
import { HostileProcess } from '../../test/support/hostile-process.js';
import { syslogNgVersion } from '../../test/support/syslog-ng.js';
import { numberIn } from '../parts/lines.js';
import { agent } from './agent.js';
import { rsyslog, rsyslogVersion } from './rsyslog.js';
import type { Sender, Stage } from './sender.js';
import { syslogNgWildcard } from './syslog-ng.js';

/** systemd's default. */
const RESTART_MS = 100;

export interface Choice {
  readonly sender: Sender;
  readonly follows: 'the log' | 'rotated files too';
}

export async function followers(): Promise<Choice[]> {
  const others = [
    ...((await rsyslogVersion()) === undefined ? [] : [rsyslog('none')]),
    ...((await syslogNgVersion()) === undefined ? [] : [syslogNgWildcard]),
  ];
  return [
    { sender: agent, follows: 'rotated files too' },
    ...others.flatMap((sender): Choice[] => [
      { sender, follows: 'the log' },
      { sender, follows: 'rotated files too' },
    ]),
  ];
}

export class Follower {
  /** Times it ended by itself; it is started again, as its unit would. */
  crashes = 0;
  #daemon: Daemon | undefined;

  static async begin(
    { sender, follows }: Choice,
    place: Omit<Stage, 'port' | 'rotated'>,
    rotated: readonly string[],
  ): Promise<Follower> {
    const file = join(place.directory, 'stored.frames');
    const { ca, collector } = place.pki;
    const identities = [{ cert: collector.cert, key: collector.key }];
    const collecting = await HostileProcess.start({ ca, identities, behaviour: {}, store: { file, as: 'frames' } });
    const stage = { ...place, port: collecting.port, ...(follows === 'rotated files too' && { rotated }) };
    const follower = new Follower(sender, stage, collecting, file, `${sender.name} (${follows})`);
    await follower.start();
    return follower;
  }

  private constructor(
    private readonly sender: Sender,
    private readonly stage: Stage,
    private readonly collector: HostileProcess,
    private readonly file: string,
    readonly name: string,
  ) {}

  async start(): Promise<void> {
    const daemon = await this.sender.start(this.stage);
    this.#daemon = daemon;
    void daemon.exited.then(async () => {
      await sleep(RESTART_MS);
      if (this.#daemon !== daemon) return;
      this.crashes += 1;
      await this.start();
    });
  }

  async kill(): Promise<void> {
    const daemon = this.#daemon;
    this.#daemon = undefined;
    await daemon?.stop();
  }

  /** Stored so far. */
  get octets(): number {
    return statSync(this.file, { throwIfNoEntry: false })?.size ?? 0;
  }

  /** The lines that its collector has, and the copies beyond the first of each. */
  stored(): { readonly numbers: ReadonlySet<number>; readonly repeated: number } {
    const found = storedIn(this.file).flatMap((message) => numberIn(message) ?? []);
    const numbers = new Set(found);
    return { numbers, repeated: found.length - numbers.size };
  }

  async close(): Promise<void> {
    try {
      await this.kill();
    } finally {
      await this.collector.stop();
    }
  }
}
