/**
 * The agent: builds the parts and joins them. Lines go from the sources
 * through the encoder into the journal (ingest), and from the journal over
 * links to the collector (forward); the two loops meet only in the journal.
 */
import { randomBytes } from 'node:crypto';
import { lookup } from 'node:dns/promises';
import type { Config } from '../config/config.js';
import { systemFiles } from '../journal/files.js';
import { Journal } from '../journal/journal.js';
import type { Clock } from '../lib/clock.js';
import { Dialler } from '../link/dial.js';
import { readKernelSocket } from '../link/kernel-socket.js';
import { type Lookup, Targets } from '../link/targets.js';
import type { Report } from '../model/report.js';
import { Sources } from '../source/sources.js';
import { ReceiptBook, receiptsDirectory } from '../verify/receipts.js';
import { CollectorMemories } from './collector-memory.js';
import { CredentialFiles } from './credential-files.js';
import { DELIVERY_TIMES, type DeliveryTimes } from './delivery-times.js';
import { Encoder } from './encode.js';
import { Forward } from './forward.js';
import { Ingest } from './ingest.js';
import { Outbox } from './outbox.js';
import * as own from './own-messages.js';
import { receiptOf } from './receipt.js';
import { keepHeartbeat, remindOfInsecure } from './reminders.js';
import { rememberSources, startedSources } from './started-sources.js';
import type { AgentState } from './state.js';

export interface AgentDependencies {
  readonly clock: Clock;
  /** 0 to 1. */
  readonly random: () => number;
  readonly report: Report & { child(part: string): Report };
  readonly env: NodeJS.ProcessEnv;
  readonly version: string;
  /** Default: how long experience says that each thing may take. */
  readonly times?: Partial<DeliveryTimes>;
  /** Addresses of a collector's name; default: the system's resolver. */
  readonly lookup?: Lookup;
}

export class Agent {
  readonly #startedAtMs: number;
  readonly #stopReading = new AbortController();
  readonly #stopSending = new AbortController();
  readonly #kill = new AbortController();
  readonly #loops: Promise<void>[];
  #stopped: Promise<void> | undefined;

  /** Resolves when a loop has ended although nobody asked it to: the agent cannot go on. */
  readonly failed: Promise<unknown>;

  private constructor(
    private readonly config: Config,
    private readonly dependencies: AgentDependencies,
    private readonly parts: Parts,
  ) {
    this.#startedAtMs = dependencies.clock.nowMs();
    const { ingest, forward } = parts;
    ingest.say(
      own.startMessage(
        dependencies.version,
        config.sources.map(({ name }) => name),
      ),
    );
    this.#loops = [
      ingest.run(this.#stopReading.signal),
      forward.run(this.#stopSending.signal, this.#kill.signal),
      keepHeartbeat(config.message.heartbeatMs, parts, dependencies.clock, this.#stopReading.signal),
      remindOfInsecure(config.tls.verify, dependencies, this.#stopReading.signal),
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
    return new Agent(config, dependencies, await build(config, dependencies));
  }

  /** The configuration is another one than before. */
  tellOfConfiguration(): void {
    this.parts.ingest.say(own.configurationMessage(this.config.file));
  }

  /** Ordered, upstream first: reading ends, what was read is put on disk, the epoch is acknowledged. Idempotent. */
  stop(reason: string): Promise<void> {
    this.#stopped ??= this.#stop(reason);
    return this.#stopped;
  }

  async #stop(reason: string): Promise<void> {
    const { ingest, sources, journal, receipts } = this.parts;
    const { clock, times } = this.dependencies;
    const over = new AbortController();
    void clock.sleep(times?.stopMs ?? DELIVERY_TIMES.stopMs, over.signal).then(() => this.#kill.abort());
    ingest.say(own.stopMessage(reason));
    this.#stopReading.abort();
    await ingest.flush();
    await sources.close();
    this.#stopSending.abort();
    await Promise.allSettled(this.#loops);
    over.abort();
    await receipts.close();
    await journal.close();
  }

  state(): AgentState {
    const { journal, encoder, sources, forward, credentials } = this.parts;
    const { failures, ...delivery } = forward.state;
    const certificate = credentials.present?.own;
    return {
      version: this.dependencies.version,
      pid: process.pid,
      run: journal.run,
      startedAtMs: this.#startedAtMs,
      writtenAtMs: this.dependencies.clock.nowMs(),
      config: this.config.file,
      last: { run: journal.run, seq: encoder.nextSeq - 1 },
      files: sources.files(),
      counts: encoder.counts,
      journal: journal.state(),
      delivery: { ...delivery, failures: Object.fromEntries(failures) },
      certificate: certificate && {
        subject: certificate.subject,
        notAfter: certificate.notAfter,
        daysLeft: certificate.daysLeft,
      },
    };
  }
}

interface Parts {
  readonly journal: Journal;
  readonly encoder: Encoder;
  readonly sources: Sources;
  readonly ingest: Ingest;
  readonly forward: Forward;
  readonly credentials: CredentialFiles;
  readonly receipts: ReceiptBook;
}

async function build(config: Config, dependencies: AgentDependencies): Promise<Parts> {
  const { clock, random, report, env } = dependencies;
  // Parts that are built first speak of things that the later ones put into the journal.
  let ingest: Ingest | undefined;
  const say: Ingest['say'] = (message) => ingest?.say(message);
  const { directory } = config.journal;

  const credentials = await CredentialFiles.open(config.tls, {
    clock,
    env,
    report: report.child('tls'),
    changed: (present) => say(own.certificateMessage(present)),
  });
  const journal = await Journal.open(config.journal, {
    files: systemFiles,
    clock,
    random: randomBytes,
    report: report.child('journal'),
    notice: (notice) => say(own.journalMessage(notice)),
  });
  const { positions, run, follows } = journal;
  const encoder = new Encoder({
    sources: config.sources,
    message: config.message,
    run,
    nextSeq: 1,
    positions,
    ...(follows === undefined ? {} : { follows }),
  });
  const startedBefore = new Set([...(await startedSources(directory)), ...positions.map(({ source }) => source)]);
  const sources = await Sources.open(config.sources, positions, {
    clock,
    report: report.child('source'),
    notice: (notice) => say(own.sourceMessage(notice)),
    newTailId: () => randomBytes(8).toString('hex'),
    startedBefore,
  });
  await rememberSources(
    directory,
    config.sources.map(({ name }) => name),
  );
  ingest = new Ingest({ journal, sources, encoder, nowMs: () => clock.nowMs(), report: report.child('ingest') });

  const receipts = await ReceiptBook.open(receiptsDirectory(directory), {
    clock,
    report: report.child('receipts'),
    keepMs: config.receipts.keepMs,
  });
  const times = { ...DELIVERY_TIMES, ...dependencies.times };
  const targets = new Targets(config.collectors, dependencies.lookup ?? addressesOf, clock, times.holdOffMs);
  const dialler = new Dialler(targets, () => credentials.material(), config.tls, { clock, readKernelSocket }, times);
  const forward = new Forward(
    {
      ...config.delivery,
      fixedLevel: config.delivery.acknowledge === 'auto' ? undefined : config.delivery.acknowledge,
    },
    {
      outbox: new Outbox(() => journal.reader()),
      acknowledge: (entry) => journal.acknowledge(entry),
      cursor: journal.cursor,
      dialler,
      memories: await CollectorMemories.open(directory, report.child('link')),
      clock,
      random,
      times,
      report: report.child('link'),
      receipt: (epoch, dialled, level) => receipts.add(receiptOf(epoch, dialled, level)),
      refused: (error) => say(own.refusedMessage(error)),
    },
  );
  return { journal, encoder, sources, ingest, forward, credentials, receipts };
}

async function addressesOf(host: string): Promise<readonly string[]> {
  return (await lookup(host, { all: true })).map(({ address }) => address);
}
