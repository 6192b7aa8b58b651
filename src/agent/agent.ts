/**
 * The agent's life: it starts, runs both loops until it is told to stop, and stops in
 * order. Lines go from the sources through the encoder into the journal (ingest), and
 * from the journal over links to the collector (forward); the two loops meet only in
 * the journal. Its parts are built in assemble.ts.
 */
import type { Config } from '../config/config.js';
import { DELIVERY_TIMES } from '../delivery/times.js';
import * as own from './agent-messages.js';
import { type AgentDependencies, assemble, type Legacy, type Parts } from './assemble.js';
import { certificateStates, certificatesInUse, watchCertificates } from './certificates/expiry.js';
import { keepHeartbeat, keepSeals, warnOfInsecure } from './periodic.js';
import type { AgentState } from './state.js';

export class Agent {
  readonly #startedAtMs: number;
  readonly #stopSending = new AbortController();
  readonly #kill = new AbortController();
  readonly #ingesting: Promise<void>;
  readonly #loops: Promise<void>[];
  #stopped: Promise<void> | undefined;

  /** Resolves when a loop has ended although nobody asked it to: the agent cannot go on. */
  readonly failed: Promise<unknown>;

  private constructor(
    private readonly config: Config,
    private readonly dependencies: AgentDependencies,
    private readonly parts: Parts,
    private readonly stopReading: AbortController,
  ) {
    this.#startedAtMs = dependencies.clock.nowMs();
    const { ingest, sealer, forward, watchdog } = parts;
    const context = { clock: dependencies.clock, problems: dependencies.problems.of(dependencies.report) };
    ingest.say(
      own.startMessage(
        dependencies.version,
        config.sources.map(({ name }) => name),
      ),
    );
    sealer?.seal();
    this.#ingesting = ingest.run(this.stopReading.signal);
    this.#loops = [
      this.#ingesting,
      forward.run(this.#stopSending.signal, this.#kill.signal),
      watchdog.watch(() => this.#lookAround(), this.stopReading.signal),
      parts.journal.watch(this.stopReading.signal),
      parts.clockWatch.keep(this.stopReading.signal),
      keepHeartbeat(config.message.heartbeatMs, parts, dependencies.clock, this.stopReading.signal),
      keepSeals(sealer, dependencies.clock, this.stopReading.signal),
      warnOfInsecure(config.tls.verify, context, this.stopReading.signal),
      watchCertificates(() => certificatesInUse(parts), context, stopReading.signal),
    ];
    this.failed = Promise.race(
      this.#loops.map((loop) =>
        loop.then(
          () => new Promise<never>(() => undefined),
          (error: unknown) => error,
        ),
      ),
    );
  }

  /** Throws an AgentError when it cannot start and only the operator can change that. */
  static async start(config: Config, dependencies: AgentDependencies): Promise<Agent> {
    const stopReading = new AbortController();
    const cutShort = () => stopReading.abort();
    dependencies.stop?.addEventListener('abort', cutShort);
    if (dependencies.stop?.aborted) cutShort();
    const parts = await assemble(config, dependencies, stopReading.signal).finally(() =>
      dependencies.stop?.removeEventListener('abort', cutShort),
    );
    const { credentials, lastUse } = parts;
    const changes = await lastUse.changes(config, credentials.present, dependencies.legacy !== undefined);
    const agent = new Agent(config, dependencies, parts, stopReading);
    for (const change of changes) parts.ingest.say(change);
    await lastUse.remember(config, credentials.present);
    return agent;
  }

  /** Loops that hang: they have not turned although they should have. */
  get stuck(): readonly string[] {
    return this.parts.watchdog.stuck;
  }

  #lookAround(): void {
    const { ingest, lag, sources } = this.parts;
    ingest.endTurn();
    lag.look(sources.files(), this.dependencies.clock.monotonicMs());
  }

  /** Ordered, upstream first: reading ends, what was read is put on disk, the epoch is acknowledged. Idempotent. */
  stop(reason: string): Promise<void> {
    this.#stopped ??= this.#stop(reason, async (soon) => {
      await this.parts.ingest.takeDeleted(soon);
      await this.parts.sources.close();
    });
    return this.#stopped;
  }

  /** Stops likewise, but leaves log files open for the agent that goes on: some may have been deleted. Once, and not after `stop`. */
  async handOver(reason: string): Promise<Legacy> {
    let files: Legacy['files'] = [];
    this.#stopped = this.#stop(reason, async () => {
      files = await this.parts.sources.handOver();
    });
    await this.#stopped;
    return { files, credentials: this.parts.credentials.present };
  }

  async #stop(reason: string, leaveFiles: (soon: AbortSignal) => Promise<void>): Promise<void> {
    const { credentials, watchdog, ingest, sealer, journal, lastUse, receipts } = this.parts;
    const { clock, times } = this.dependencies;
    const stopMs = times?.stopMs ?? DELIVERY_TIMES.stopMs;
    const over = new AbortController();
    const soon = new AbortController();
    // Half of the time for what is left in files, half for its acknowledgement.
    void clock.sleep(stopMs / 2, over.signal).then(() => soon.abort());
    void clock.sleep(stopMs, over.signal).then(() => this.#kill.abort());
    this.stopReading.abort();
    await this.#ingesting.catch(() => undefined);
    await leaveFiles(soon.signal);
    ingest.say(own.stopMessage(reason));
    sealer?.seal();
    await ingest.flush();
    this.#stopSending.abort();
    await Promise.allSettled(this.#loops);
    over.abort();
    await receipts.close();
    // The collector already knows of files that were renewed meanwhile.
    await lastUse.remember(this.config, credentials.present);
    await journal.close();
    watchdog.ended();
  }

  state(): AgentState {
    const { journal, encoder, sources, ownTails, forward, connections, credentials, lag } = this.parts;
    const { failures, ...delivery } = forward.state;
    const { clock, version, problems } = this.dependencies;
    const nowMs = clock.nowMs();
    const files = sources.files();
    const names = this.config.sources.map(({ name }) => name);
    return {
      version,
      pid: process.pid,
      run: journal.run,
      startedAtMs: this.#startedAtMs,
      writtenAtMs: nowMs,
      config: this.config.file,
      last: { run: journal.run, seq: encoder.nextSeq - 1 },
      stuckLoops: this.stuck,
      clock: this.parts.clockWatch.present,
      sources: lag.states(names, files, clock.monotonicMs()),
      files,
      ownTails: [...ownTails.paths],
      counts: encoder.counts,
      journal: journal.state(),
      delivery: { ...delivery, failures: Object.fromEntries(failures), connections: connections.counts },
      problems: [...problems.present, ...problems.past],
      ...certificateStates(credentials.present, delivery.lastPeer, nowMs),
    };
  }
}
