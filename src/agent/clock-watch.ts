/**
 * Whether the clock is kept right: auditors ask (IHE ITI-1 Consistent Time, 45
 * CFR 170.210(g)), and a time in the trail is worth as much as the clock that
 * gave it. Asked every five minutes; told when it is not so twice in a row, for
 * at the start of a machine it may not be so yet.
 */
import type { Clock } from '../lib/clock.js';
import type { Report } from '../model/report.js';
import type { ClockSync } from '../observe/clock-sync.js';

const EVERY_MS = 5 * 60_000;

export class ClockWatch {
  present: ClockSync = 'unknown';
  #told = false;

  constructor(
    private readonly ask: () => Promise<ClockSync>,
    private readonly dependencies: { readonly clock: Clock; readonly report: Report },
  ) {}

  /** Until `stop`. */
  async keep(stop: AbortSignal): Promise<void> {
    while (!stop.aborted) {
      const before = this.present;
      this.present = await this.ask();
      this.#tell(before);
      await this.dependencies.clock.sleep(EVERY_MS, stop);
    }
  }

  #tell(before: ClockSync): void {
    const { report } = this.dependencies;
    if (this.present === 'unsynchronised' && before === 'unsynchronised' && !this.#told) {
      this.#told = true;
      report.warning('The clock of this machine is not synchronised: the times of the trail prove little', {
        remedy:
          'turn NTP on (timedatectl set-ntp true), or see why it fails: timedatectl timesync-status, chronyc tracking',
      });
    }
    if (this.present === 'synchronised' && this.#told) {
      this.#told = false;
      report.notice('The clock of this machine is synchronised again');
    }
  }
}
