/** Builds the parts of an agent and joins them; nothing runs yet. Each part gets the context with its own log and problems. */
import type { Config } from '../config/config.js';
import { ownPaths } from '../config/own-paths.js';
import { CollectorMemories } from '../delivery/collector-memory.js';
import { Forward } from '../delivery/forward.js';
import { Outbox } from '../delivery/outbox.js';
import { ConnectionCount } from '../delivery/state.js';
import { DELIVERY_TIMES, type DeliveryTimes } from '../delivery/times.js';
import { Encoder } from '../encode/encoder.js';
import { ZoneWatch } from '../encode/zone-watch.js';
import { FeedbackLoops } from '../ingest/feedback-loop.js';
import { Ingest, reportLineFaults } from '../ingest/ingest.js';
import { refill } from '../ingest/refill.js';
import type { takeLock } from '../journal/disk/lock.js';
import { Journal } from '../journal/journal.js';
import type { Damage } from '../journal/types.js';
import type { ClockSync } from '../lib/clock.js';
import type { Context } from '../lib/context.js';
import type { Network } from '../lib/network.js';
import type { Problems, RaisesProblems } from '../lib/problems.js';
import { Dialler } from '../link/dial.js';
import { Targets } from '../link/targets.js';
import type { TailId } from '../model/position.js';
import type { Facts, Report } from '../model/report.js';
import type { Credentials } from '../pki/files/credentials.js';
import { Sealer } from '../seal/sealer.js';
import { type HeldFile, Sources } from '../source/sources.js';
import type { WatchFiles } from '../source/watch/watcher.js';
import { ReceiptBook, receiptsDirectory } from '../verify/receipts.js';
import * as own from './agent-messages.js';
import { CredentialFiles } from './certificates/credential-files.js';
import { signers } from './certificates/signers.js';
import { Lag } from './lag.js';
import { ClockWatch } from './periodic.js';
import { LastUse, startedSources } from './remembered.js';
import { Watchdog } from './watchdog.js';

/** What an agent is given of the world, and by the agent before it. */
export interface AgentDependencies extends Pick<Context, 'clock' | 'random' | 'randomBytes' | 'files'> {
  readonly report: Report & { child(part: string): Report };
  /** Outlives the agent: what is over stays listed when the configuration is read again. */
  readonly problems: Problems;
  readonly network: Network;
  readonly version: string;
  /** CREDENTIALS_DIRECTORY, where systemd keeps the secrets of a unit. */
  readonly credentialsDirectory?: string | undefined;
  /** Is the machine's clock synchronised? Default: unknown. */
  readonly askClock?: () => Promise<ClockSync>;
  /** The process is to end: a start that is under way looks for no more files. Default: never. */
  readonly stop?: AbortSignal;
  /** Watches directories; default: inotify, where there is any. */
  readonly watch?: WatchFiles;
  /** Keeps other agents from the journal; default: a Unix socket beside it. */
  readonly lock?: typeof takeLock;
  /** Other time limits than the usual ones. */
  readonly times?: Partial<DeliveryTimes>;
  readonly legacy?: Legacy;
}

/** What an agent leaves to the next one in the same process, when the configuration is read again. */
export interface Legacy {
  /** Open log files. Owned by the caller until the next agent has started. */
  readonly files: readonly HeldFile[];
  /** In use until now, and to be used on if the certificate files cannot be read any more. */
  readonly credentials: Credentials | undefined;
}

export interface Parts {
  readonly journal: Journal;
  readonly encoder: Encoder;
  readonly sources: Sources;
  readonly ingest: Ingest;
  /** `undefined` with `seal.sign: off`. */
  readonly sealer: Sealer | undefined;
  readonly ownTails: FeedbackLoops;
  readonly forward: Forward;
  readonly connections: ConnectionCount;
  readonly credentials: CredentialFiles;
  readonly receipts: ReceiptBook;
  readonly watchdog: Watchdog;
  readonly lag: Lag;
  readonly lastUse: LastUse;
  readonly clockWatch: ClockWatch;
}

/**
 * `stop`: reading ends. Throws an AgentError when only the operator can change what is wrong; nothing is held then,
 * the journal can be opened by another, and what was given as legacy is the giver's as before.
 */
export async function assemble(config: Config, dependencies: AgentDependencies, stop: AbortSignal): Promise<Parts> {
  const opened: (() => Promise<void>)[] = [];
  try {
    return await joined(config, dependencies, stop, opened);
  } catch (error) {
    for (const close of opened.reverse()) await close().catch(() => undefined);
    throw error;
  }
}

/** `opened` gets what has to be closed should a later part not come about. */
async function joined(
  config: Config,
  dependencies: AgentDependencies,
  stop: AbortSignal,
  opened: (() => Promise<void>)[],
): Promise<Parts> {
  const { clock, random, randomBytes, files, network, lock, watch } = dependencies;
  const partOf = (part: string): Context => {
    const report = dependencies.report.child(part);
    return { clock, random, randomBytes, files, report, problems: dependencies.problems.of(report) };
  };
  // Parts that are built first speak of things that the later ones put into the journal.
  let ingest: Ingest | undefined;
  const say: Ingest['say'] = (message) => ingest?.say(message);
  let repair: (damage: Damage) => Promise<void> = () => Promise.reject(new Error('the agent is not built yet'));
  const { directory } = config.journal;
  const watchdog = new Watchdog(partOf('watchdog'));
  const lag = new Lag();
  const clockWatch = new ClockWatch(dependencies.askClock, partOf('clock'));
  const turned = (withinMs?: number) => watchdog.turned('forward', withinMs);

  const credentials = await CredentialFiles.open(config.tls, {
    ...partOf('tls'),
    credentialsDirectory: dependencies.credentialsDirectory,
    before: dependencies.legacy?.credentials,
    changed: (present) => say(own.certificateMessage(present)),
  });
  const journal = await Journal.open(config.journal, {
    ...partOf('journal'),
    ...(lock && { lock }),
    notice: (notice) => (notice.kind === 'damaged' ? repair(notice) : ingest?.tell(own.journalMessage(notice))),
  });
  opened.push(() => journal.close());
  const { positions, run, follows } = journal;
  const signer = await signers(config.seal, () => credentials.present, partOf('seal'));
  const sealer = signer && new Sealer({ run, signer, maxBytes: config.message.maxBytes, say });
  const backlog = journal.state().entriesWaiting > 0;
  const encoder = new Encoder({
    sources: config.sources,
    message: config.message,
    run,
    nextSeq: 1,
    positions,
    clock: () => clockWatch.present,
    ...(follows === undefined ? {} : { follows }),
    tampered: (facts) => reportTampering(facts, partOf('ingest').problems),
    faulty: (at, faults) => reportLineFaults(at, faults, partOf('ingest').problems),
  });
  const receipts = await ReceiptBook.open(receiptsDirectory(directory), {
    ...partOf('receipts'),
    keepMs: config.receipts.keepMs,
  });
  opened.push(() => receipts.close());
  const memories = await CollectorMemories.open(directory, partOf('link'));
  const sourcesFile = startedSources(directory, partOf('source'));
  const startedBefore = (await sourcesFile.read()) ?? [];
  // The last that can fail: from here on the files that it was given are its own.
  const sources = await Sources.open(config.sources, positions, {
    ...partOf('source'),
    notice: (notice) => say(own.sourceMessage(notice)),
    newTailId: () => randomBytes(8).toString('hex'),
    startedBefore: new Set([...startedBefore, ...positions.map(({ source }) => source)]),
    ownPaths: ownPaths(config),
    stop,
    ...(watch && { watch }),
    ...(dependencies.legacy && { held: dependencies.legacy.files }),
  });
  // A start that was cut short has not seen what `startAt: end` is to skip.
  if (!stop.aborted) await sourcesFile.write(config.sources.map(({ name }) => name));
  const ownTails = new FeedbackLoops(run, partOf('source').problems, (tailId, ms) => sources.hold(tailId, ms));
  const zoneWatch = new ZoneWatch(config.sources, clock, partOf('ingest').problems);
  ingest = new Ingest({
    journal,
    sources,
    encoder: sealer?.around(encoder) ?? encoder,
    look: (chunk) => {
      ownTails.look(chunk);
      zoneWatch.look(chunk);
    },
    took: ({ from, bytes }, messages) => lag.took(from.source, bytes.length, messages),
    turned: () => {
      watchdog.turned('ingest');
      sealer?.look();
    },
    nowMs: () => clock.nowMs(),
    ...partOf('ingest'),
  });

  const refilling = {
    ingest,
    flushed: () => journal.flushed(),
    sources: config.sources,
    pathOf: (tailId: TailId) => sources.files().find((file) => file.tailId === tailId)?.path,
    ...partOf('journal'),
    stop,
  };
  repair = (damage) => {
    say(own.journalMessage(damage));
    return refill(damage, refilling);
  };
  const times = { ...DELIVERY_TIMES, ...dependencies.times };
  const targets = new Targets(config.collectors, (name) => network.lookup(name), clock, times.holdOffMs);
  const connections = new ConnectionCount(clock);
  const dialling = { clock, network, connected: () => connections.add(), watched: turned };
  const dialler = new Dialler(targets, () => credentials.material(), config.tls, dialling, times);
  const { acknowledge } = config.delivery;
  const forward = new Forward({
    ...partOf('link'),
    outbox: new Outbox(journal),
    backlog,
    dialler,
    memories,
    receipts,
    epoch: config.delivery,
    fixedLevel: acknowledge === 'auto' ? undefined : acknowledge,
    windowMs: config.delivery.windowMs,
    times,
    refused: (error) => say(own.refusedMessage(error)),
    turned,
  });
  return {
    journal,
    encoder,
    sources,
    ingest,
    sealer,
    ownTails,
    forward,
    connections,
    credentials,
    receipts,
    watchdog,
    lag,
    lastUse: new LastUse(directory, partOf('')),
    clockWatch,
  };
}

function reportTampering(facts: Facts, problems: RaisesProblems): void {
  problems.happened({
    key: 'tampering',
    message: 'Rows are not as OpenEMR wrote them, or not in its database any more',
    facts,
    remedy: 'look for kind="tamper" at the collector, which names them',
  });
}
