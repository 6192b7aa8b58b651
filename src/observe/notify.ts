/**
 * Tells systemd how the agent is (sd_notify(3)), through systemd-notify: Node
 * has no datagram sockets of the kind that systemd listens on. The unit needs
 * NotifyAccess=all. Without NOTIFY_SOCKET nobody listens, and nothing is done.
 *
 * One systemd-notify runs at a time; what is said meanwhile goes with the next,
 * of each kind the latest. Nothing here throws: an agent that cannot tell
 * systemd how it is still forwards.
 */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { reasonOf } from '../lib/errors.js';
import type { Report } from '../model/report.js';

export interface Notifier {
  /** How often `watchdog` must be called; `undefined` when systemd does not watch this process. */
  readonly watchdogMs: number | undefined;
  /** The agent has started, in the sense of Type=notify; `status` is one line for `systemctl status`. */
  ready(status: string): void;
  status(status: string): void;
  watchdog(): void;
  reloading(): void;
  stopping(status: string): void;
  /** Resolves when systemd has been told all that was said before. */
  settled(): Promise<void>;
}

/** A systemd-notify that takes longer is stuck behind a systemd that is; the next one tells more recent things. */
const PATIENCE_MS = 10_000;

export function createNotifier(env: NodeJS.ProcessEnv, report: Report): Notifier {
  const queue = env.NOTIFY_SOCKET ? new Queue(env, report) : undefined;
  return {
    watchdogMs: queue && watchdogMs(env),
    ready: (status) => queue?.say({ READY: '1', STATUS: status }),
    status: (status) => queue?.say({ STATUS: status }),
    watchdog: () => queue?.say({ WATCHDOG: '1' }),
    // CLOCK_MONOTONIC, so that systemd can tell this reload from an earlier one.
    reloading: () => queue?.say({ RELOADING: '1', MONOTONIC_USEC: String(process.hrtime.bigint() / 1000n) }),
    stopping: (status) => queue?.say({ STOPPING: '1', STATUS: status }),
    settled: async () => queue?.settled,
  };
}

/** Half of what systemd allows, as sd_watchdog_enabled(3) recommends. */
function watchdogMs({ WATCHDOG_USEC, WATCHDOG_PID }: NodeJS.ProcessEnv): number | undefined {
  const allowedMs = Number(WATCHDOG_USEC) / 1000;
  const ours = WATCHDOG_PID === undefined || WATCHDOG_PID === String(process.pid);
  return ours && allowedMs > 0 ? allowedMs / 2 : undefined;
}

class Queue {
  settled: Promise<void> = Promise.resolve();
  #waiting: Record<string, string> = {};
  #running = false;

  constructor(
    private readonly env: NodeJS.ProcessEnv,
    private readonly report: Report,
  ) {}

  say(assignments: Readonly<Record<string, string>>): void {
    // READY ends a RELOADING, and the other way round: only the later one counts.
    if ('READY' in assignments) delete this.#waiting.RELOADING;
    if ('RELOADING' in assignments) delete this.#waiting.READY;
    Object.assign(this.#waiting, assignments);
    if (!this.#running) this.settled = this.#run();
  }

  async #run(): Promise<void> {
    this.#running = true;
    while (Object.keys(this.#waiting).length > 0) {
      const assignments = Object.entries(this.#waiting).map(([name, value]) => `${name}=${onOneLine(value)}`);
      this.#waiting = {};
      await this.#tell(assignments);
    }
    this.#running = false;
  }

  async #tell(assignments: readonly string[]): Promise<void> {
    const { NOTIFY_SOCKET, PATH } = this.env;
    try {
      await promisify(execFile)('systemd-notify', [...assignments], {
        env: { NOTIFY_SOCKET, PATH },
        timeout: PATIENCE_MS,
        killSignal: 'SIGKILL',
      });
    } catch (error) {
      this.report.warning('Could not tell systemd how the agent is', { reason: reasonOf(error) });
    }
  }
}

/** An assignment ends at its line's end. */
function onOneLine(text: string): string {
  return text.replaceAll(/\s+/g, ' ').trim();
}
