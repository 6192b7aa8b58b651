/** The parts list: everything that an agent consists of, built and joined. Nothing here runs yet. */
import { randomBytes } from 'node:crypto';
import type { Config } from '../config/config.js';
import { CollectorMemories } from '../delivery/collector-memory.js';
import { Forward } from '../delivery/forward.js';
import { Outbox } from '../delivery/outbox.js';
import { ConnectionCount } from '../delivery/state.js';
import { DELIVERY_TIMES } from '../delivery/times.js';
import { Encoder } from '../encode/encoder.js';
import { FeedbackLoops } from '../ingest/feedback-loop.js';
import { Ingest, reportLineFaults } from '../ingest/ingest.js';
import { refill } from '../ingest/refill.js';
import { Journal } from '../journal/journal.js';
import type { Damage } from '../journal/types.js';
import { systemFiles } from '../lib/files.js';
import { systemNetwork } from '../lib/network.js';
import { Problems } from '../lib/problems.js';
import { Dialler } from '../link/dial.js';
import { Targets } from '../link/targets.js';
import type { TailId } from '../model/position.js';
import { Sources } from '../source/sources.js';
import { ReceiptBook, receiptsDirectory } from '../verify/receipts.js';
import * as own from './agent-messages.js';
import { CredentialFiles } from './certificates/credential-files.js';
import type { AgentDependencies } from './dependencies.js';
import { Lag } from './lag.js';
import { ClockWatch } from './periodic.js';
import { rememberSources, startedSources } from './remembered.js';
import { Health } from './watchdog.js';

export interface Parts {
  readonly journal: Journal;
  readonly encoder: Encoder;
  readonly sources: Sources;
  readonly ingest: Ingest;
  readonly ownTails: FeedbackLoops;
  readonly forward: Forward;
  readonly connections: ConnectionCount;
  readonly credentials: CredentialFiles;
  readonly receipts: ReceiptBook;
  readonly health: Health;
  readonly lag: Lag;
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
  const { clock, random, report, env } = dependencies;
  // Parts that are built first speak of things that the later ones put into the journal.
  let ingest: Ingest | undefined;
  const say: Ingest['say'] = (message) => ingest?.say(message);
  let repair: (damage: Damage) => Promise<void> = () => Promise.reject(new Error('the agent is not built yet'));
  const { directory } = config.journal;
  const health = new Health(clock, report.child('health'));
  const lag = new Lag();
  const { askClock = async () => 'unknown' as const } = dependencies;
  const clockWatch = new ClockWatch(askClock, { clock, report: report.child('clock') });
  const turned = (withinMs?: number) => health.turned('forward', withinMs);

  const credentials = await CredentialFiles.open(config.tls, {
    clock,
    env,
    report: report.child('tls'),
    before: dependencies.legacy?.credentials,
    changed: (present) => say(own.certificateMessage(present)),
  });
  const journal = await Journal.open(config.journal, {
    files: systemFiles,
    clock,
    randomBytes,
    report: report.child('journal'),
    problems: new Problems(clock).of(report.child('journal')),
    notice: (notice) => (notice.kind === 'damaged' ? repair(notice) : ingest?.tell(own.journalMessage(notice))),
  });
  opened.push(() => journal.close());
  const { positions, run, follows } = journal;
  const backlog = journal.state().entriesWaiting > 0;
  const encoder = new Encoder({
    sources: config.sources,
    message: config.message,
    run,
    nextSeq: 1,
    positions,
    clock: () => clockWatch.present,
    ...(follows === undefined ? {} : { follows }),
    tampered: (facts) =>
      report.warning('Rows are not as OpenEMR wrote them, or not in its database any more', {
        ...facts,
        remedy: 'look for kind="tamper" at the collector, which names them',
      }),
    faulty: (at, faults) => reportLineFaults(at, faults, new Problems(clock).of(report.child('ingest'))),
  });
  const receipts = await ReceiptBook.open(receiptsDirectory(directory), {
    clock,
    files: systemFiles,
    problems: new Problems(clock).of(report.child('receipts')),
    keepMs: config.receipts.keepMs,
  });
  opened.push(() => receipts.close());
  const linkReport = report.child('link');
  const delivering = { clock, files: systemFiles, report: linkReport, problems: new Problems(clock).of(linkReport) };
  const memories = await CollectorMemories.open(directory, delivering);
  const startedBefore = await startedSources(directory);
  // The last that can fail: from here on the files that it was given are its own.
  const sources = await Sources.open(config.sources, positions, {
    clock,
    files: systemFiles,
    report: report.child('source'),
    notice: (notice) => say(own.sourceMessage(notice)),
    newTailId: () => randomBytes(8).toString('hex'),
    startedBefore: new Set([...startedBefore, ...positions.map(({ source }) => source)]),
    ...(dependencies.legacy && { held: dependencies.legacy.files }),
  });
  await rememberSources(
    directory,
    config.sources.map(({ name }) => name),
    report.child('source'),
  );
  const ownTails = new FeedbackLoops(run, new Problems(clock).of(report.child('source')), (tailId, ms) =>
    sources.hold(tailId, ms),
  );
  ingest = new Ingest({
    journal,
    sources,
    encoder,
    look: (chunk) => ownTails.look(chunk),
    took: ({ from, bytes }, messages) => lag.took(from.source, bytes.length, messages),
    turned: () => health.turned('ingest'),
    nowMs: () => clock.nowMs(),
    report: report.child('ingest'),
  });

  const refilling = {
    ingest,
    flushed: () => journal.flushed(),
    sources: config.sources,
    pathOf: (tailId: TailId) => sources.files().find((file) => file.tailId === tailId)?.path,
    clock,
    files: systemFiles,
    report: report.child('journal'),
    problems: new Problems(clock).of(report.child('journal')),
    stop,
  };
  repair = (damage) => {
    say(own.journalMessage(damage));
    return refill(damage, refilling);
  };
  const times = { ...DELIVERY_TIMES, ...dependencies.times };
  const { network = systemNetwork } = dependencies;
  const targets = new Targets(config.collectors, network.lookup, clock, times.holdOffMs);
  const connections = new ConnectionCount(clock);
  const dialling = { clock, network, connected: () => connections.add(), watched: turned };
  const dialler = new Dialler(targets, () => credentials.material(), config.tls, dialling, times);
  const { acknowledge } = config.delivery;
  const forward = new Forward({
    ...delivering,
    outbox: new Outbox(journal),
    backlog,
    dialler,
    memories,
    receipts,
    epoch: config.delivery,
    fixedLevel: acknowledge === 'auto' ? undefined : acknowledge,
    windowMs: config.delivery.windowMs,
    times,
    random,
    refused: (error) => say(own.refusedMessage(error)),
    turned,
  });
  return {
    journal,
    encoder,
    sources,
    ingest,
    ownTails,
    forward,
    connections,
    credentials,
    receipts,
    health,
    lag,
    clockWatch,
  };
}
