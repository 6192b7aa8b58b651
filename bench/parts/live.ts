/**
 * A writer at a steady rate, and what a sender then costs. The measurement
 * begins when the first line has arrived and a few seconds have passed, so that
 * the start of the program is no part of it.
 */
import { closeSync, openSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { AgentStage, Sender } from '../peers/sender.js';
import { Collector } from './collector.js';
import { arrival } from './forward.js';
import { type Kind, linesOf } from './lines.js';
import { usageNow } from './usage.js';
import type { Workplace } from './workplace.js';

export interface Flow {
  readonly kind: Kind;
  readonly perSecond: number;
  readonly seconds: number;
  /** The lines go to these files in turn. */
  readonly files: number;
  readonly agent?: AgentStage;
  /** Lines are written for so long before the measurement begins. Default 3. */
  readonly warmUpSeconds?: number;
  /** Looks on while lines are written; `pid` is the sender's. */
  readonly watch?: (pid: number, seconds: number) => Promise<void>;
}

export interface Living {
  readonly cpuShare: number;
  /** Of each line that was written in that time, ascending by number: milliseconds from its write to its arrival. */
  readonly latenciesMs: readonly number[];
  readonly lines: number;
  readonly rssBytes: number;
  readonly peakRssBytes: number;
  readonly writtenBytes: number;
}

const TICK_MS = 10;
const WARM_UP_SECONDS = 3;

export async function live(workplace: Workplace, sender: Sender, flow: Flow): Promise<Living> {
  const directory = workplace.place();
  const { pki } = workplace;
  const collector = await Collector.start(pki, { mark: flow.kind === 'row' ? 'row' : 'text' });
  const writer = new Writer(directory, flow);
  writer.write(flow.files);
  const log = join(directory, '*.log');
  const stage = { directory, log, port: collector.port, pki, ...(flow.agent && { agent: flow.agent }) };
  const daemon = await sender.start(stage);
  try {
    await arrival(collector, sender, daemon, { lines: flow.files });
    await writer.run(flow.perSecond, flow.warmUpSeconds ?? WARM_UP_SECONDS);
    const first = writer.written + 1;
    const [before, startedAtMs] = [usageNow(daemon.pid), performance.now()];
    await Promise.all([writer.run(flow.perSecond, flow.seconds), flow.watch?.(daemon.pid, flow.seconds)]);
    const after = usageNow(daemon.pid);
    const seconds = (performance.now() - startedAtMs) / 1000;
    const last = writer.written;
    await arrival(collector, sender, daemon, { lines: last });
    const arrivals = await collector.arrivals(join(directory, 'arrivals'));
    const latenciesMs: number[] = [];
    for (let number = first; number <= last; number += 1)
      latenciesMs.push(arrivals[number]! - writer.writtenAtMs(number));
    await sender.end(daemon, stage);
    return {
      cpuShare: (after.cpuSeconds - before.cpuSeconds) / seconds,
      latenciesMs,
      lines: last - first + 1,
      rssBytes: after.rssBytes,
      peakRssBytes: after.peakRssBytes,
      writtenBytes: after.writtenBytes - before.writtenBytes,
    };
  } finally {
    writer.close();
    await daemon.stop();
    await collector.stop();
    rmSync(directory, { recursive: true, force: true });
  }
}

/** Appends lines to its files in turn and remembers when. */
class Writer {
  written = 0;
  readonly #files: number[] = [];
  /** When the lines up to this number were written, ascending. */
  readonly #writes: { readonly upTo: number; readonly atMs: number }[] = [];

  constructor(
    directory: string,
    private readonly flow: Flow,
  ) {
    for (let file = 0; file < flow.files; file += 1) {
      this.#files.push(openSync(join(directory, `audit-${String(file).padStart(4, '0')}.log`), 'a', 0o640));
    }
  }

  /** Evenly over so many seconds. */
  async run(perSecond: number, seconds: number): Promise<void> {
    const [startedAtMs, before, total] = [performance.now(), this.written, Math.round(perSecond * seconds)];
    for (;;) {
      const due = Math.min(total, Math.floor(((performance.now() - startedAtMs) * perSecond) / 1000));
      this.write(due - (this.written - before));
      if (performance.now() - startedAtMs >= seconds * 1000 && this.written - before >= total) return;
      await sleep(TICK_MS);
    }
  }

  write(count: number): void {
    if (count <= 0) return;
    const [from, to] = [this.written + 1, this.written + count];
    const atMs = monotonicMs();
    if (this.#files.length === 1) writeSync(this.#files[0]!, linesOf(this.flow.kind, from, to));
    else {
      for (let number = from; number <= to; number += 1) {
        writeSync(this.#files[number % this.#files.length]!, linesOf(this.flow.kind, number, number));
      }
    }
    this.written = to;
    this.#writes.push({ upTo: to, atMs });
  }

  writtenAtMs(number: number): number {
    let [low, high] = [0, this.#writes.length - 1];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#writes[middle]!.upTo < number) low = middle + 1;
      else high = middle;
    }
    return this.#writes[low]!.atMs;
  }

  close(): void {
    for (const file of this.#files) closeSync(file);
  }
}

/** As the collector's: the clock that all processes of a machine share. */
function monotonicMs(): number {
  const [seconds, nanoseconds] = process.hrtime();
  return seconds * 1000 + nanoseconds / 1e6;
}
