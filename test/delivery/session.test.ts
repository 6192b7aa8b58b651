import test, { type ExecutionContext } from 'ava';
import { CollectorMemories } from '../../src/delivery/collector-memory.js';
import { type EpochHistory, type EpochSize, epochLimit } from '../../src/delivery/epoch.js';
import { type EntryReader, Outbox } from '../../src/delivery/outbox.js';
import { Session, type SessionContext } from '../../src/delivery/session.js';
import { newDeliveryState } from '../../src/delivery/state.js';
import { DELIVERY_TIMES } from '../../src/delivery/times.js';
import { type Clock, systemClock } from '../../src/lib/clock.js';
import { AgentError } from '../../src/lib/errors.js';
import { systemFiles } from '../../src/lib/files.js';
import { Dialler } from '../../src/link/dial.js';
import { LINK_TIMES } from '../../src/link/link.js';
import { Targets } from '../../src/link/targets.js';
import type { Entry } from '../../src/model/entry.js';
import type { NewReceipt } from '../../src/verify/receipt.js';
import { makeTestPki, type TestPki } from '../support/certificates.js';
import { collecting } from '../support/collecting.js';
import { temporaryDirectory } from '../support/files.js';
import type { HostileCollector } from '../support/hostile-collector.js';
import { LINKING, POLICY } from '../support/linking.js';
import { positionAt } from '../support/positions.js';
import { silent, silentProblems } from '../support/silent.js';
import { until, within } from '../support/wait.js';

let pki: TestPki;
test.before(async () => {
  pki = await makeTestPki();
});
test.after.always(() => pki.remove());

const never = new AbortController().signal;
const OPTIONS = { epochBytes: 4 << 20, epochIntervalMs: 50 };
const BOLD: EpochHistory = { learning: false, first: false, slowStartBytes: undefined, reducedBytes: undefined };

/** `count` messages in one entry. */
function entry(number: number, count: number): Entry {
  const frames = Array.from({ length: count }, (_, at) => `9 message ${at % 10}`).map((frame) => frame.slice(0, 11));
  return {
    number,
    from: (number - 1) * 10,
    to: positionAt(number * 10),
    first: { run: '00112233445566ff', seq: 100 * number },
    count,
    frames: Buffer.from(frames.join('')),
  };
}

/** A journal that gives out these entries one by one. */
function journalOf(entries: Entry[], reader: Partial<EntryReader> = {}) {
  const journal = {
    cursor: 0,
    acknowledge: async (entry: number) => {
      journal.cursor = entry;
    },
    reader: () => ({
      next: async () => entries.splice(0, 1),
      grown: async (signal: AbortSignal) => {
        await until(() => entries.length > 0 || signal.aborted, { what: 'more', timeoutMs: 60_000 });
      },
      close: async () => undefined,
      ...reader,
    }),
  };
  return journal;
}

interface Change extends Partial<SessionContext> {
  readonly limit?: EpochSize['limit'];
}

/** A session with this collector that has these entries to send, and what becomes of them. */
async function sessionWith(
  t: ExecutionContext,
  { port }: HostileCollector,
  journal: ReturnType<typeof journalOf>,
  { limit = (learning) => epochLimit(OPTIONS, { ...BOLD, learning }), ...change }: Change = {},
  clock = systemClock,
) {
  const { ca, agent } = pki;
  const dialler = new Dialler(
    new Targets([{ host: 'localhost', port }], async () => ['127.0.0.1'], systemClock),
    async () => ({ ca, cert: agent.cert, key: agent.key, crl: undefined }),
    POLICY,
    { ...LINKING, clock },
  );
  const receipts: NewReceipt[] = [];
  const context: SessionContext = {
    outbox: new Outbox(journal),
    dialler,
    memories: await CollectorMemories.open(temporaryDirectory(t), { files: systemFiles, problems: silentProblems }),
    receipts: { add: async (receipt) => void receipts.push(receipt) },
    clock: systemClock,
    report: silent,
    problems: silentProblems,
    fixedLevel: undefined,
    windowMs: 1_000,
    times: DELIVERY_TIMES,
    turned: () => undefined,
    ...change,
  };
  const session = new Session(await dialler.dial(never), context, newDeliveryState(), {
    limit,
    acknowledged: () => undefined,
  });
  return { session, receipts };
}

test('a stop that comes in the middle of an entry sends the rest of it, so that no half is repeated', async (t) => {
  const collector = await collecting(t, pki);
  const stop = new AbortController();
  let epochs = 0;
  const limit = () => {
    epochs += 1;
    if (epochs === 3) stop.abort();
    return epochLimit(OPTIONS, { ...BOLD, reducedBytes: 40 });
  };
  const journal = journalOf([entry(1, 20)]);
  const { session, receipts } = await sessionWith(t, collector, journal, { limit });
  t.deepEqual(await session.run(stop.signal, never), { how: 'stopped' });
  t.is(collector.messages.length, 20);
  t.is(journal.cursor, 1);
  t.is(receipts.at(-1)?.stretches.at(-1)?.last, 119);
});

test('when the link that follows dies, the epoch before is told as failed, and is not acknowledged', async (t) => {
  const collector = await collecting(t, pki);
  const { session, receipts } = await sessionWith(t, collector, journalOf([entry(1, 5)]));
  const ended = session.run(never, never);
  await until(() => collector.counts.closeNotifies === 1, { what: 'the first close' });
  await collector.hangUp('fin');
  const end = await ended;
  t.is(end.how, 'failed');
  t.is(end.how === 'failed' && end.epoch?.messages, 5);
  t.deepEqual(receipts, []);
});

test('an epoch that fails ends the session although the next link takes nothing more', async (t) => {
  const collector = await collecting(t, pki, { close: 'answer-then-reset' });
  const flood = { ...entry(2, 1), frames: Buffer.alloc(64 << 20, '9 message 0') };
  const entries = [entry(1, 5)];
  // The flood holds this thread up, the collector's reset with it: the look for that one waits until it has been.
  const sleep: Clock['sleep'] = async (ms, signal) => {
    if (ms !== LINK_TIMES.resetMs) return systemClock.sleep(ms, signal);
    await until(() => collector.counts.resets > 0, { what: 'the reset' });
  };
  const { session, receipts } = await sessionWith(t, collector, journalOf(entries), {}, { ...systemClock, sleep });
  collector.behave({ read: 'nothing' });
  const { signal } = new AbortController();
  const ended = session.run(signal, signal);
  await until(() => collector.counts.closeNotifies === 1, { what: 'the first close' });
  entries.push(flood);
  // Long before the next link would be found to have stalled.
  const end = await within(ended, { what: 'the end of the session' });
  t.is(end.how === 'failed' && end.epoch?.messages, 5);
  t.deepEqual(receipts, []);
});

test('a journal that cannot be read ends the session, and what was sent before is acknowledged', async (t) => {
  const collector = await collecting(t, pki);
  const entries = [entry(1, 5)];
  const journal = journalOf(entries, {
    next: async () => {
      if (collector.counts.closeNotifies > 0) throw new AgentError('journal-unreadable', 'EIO');
      return entries.splice(0, 1);
    },
    grown: async (signal) => {
      await until(() => signal.aborted || collector.counts.closeNotifies > 0, { what: 'the end of the epoch' });
    },
  });
  const { session, receipts } = await sessionWith(t, collector, journal);
  const end = await session.run(never, never);
  t.is(end.how, 'unreadable');
  t.is(receipts.length, 1);
  t.is(journal.cursor, 1);
});

test('a fault behind the acknowledgement is not taken for a fault of the link', async (t) => {
  const collector = await collecting(t, pki);
  const { session } = await sessionWith(t, collector, journalOf([entry(1, 5)]), {
    receipts: { add: () => Promise.reject(new RangeError('not the link’s')) },
  });
  await t.throwsAsync(session.run(never, never), { instanceOf: RangeError });
});

test('a link that is listened to first sends nothing to a collector that refuses us after the handshake', async (t) => {
  const collector = await collecting(t, pki, { handshake: 'then-close' });
  const { session } = await sessionWith(t, collector, journalOf([entry(1, 5)]));
  const end = await session.run(never, never, true);
  t.like(end, { how: 'failed' });
  t.is(end.how === 'failed' && end.error.code, 'closed-after-handshake');
  t.true(end.how === 'failed' && (end.epoch?.isEmpty ?? true));
});

test('a collector that has taken two links is not believed when it takes none before the close', async (t) => {
  const collector = await collecting(t, pki);
  const collectorAt = { host: 'localhost', port: collector.port };
  const memories = await CollectorMemories.open(temporaryDirectory(t), {
    files: systemFiles,
    problems: silentProblems,
  });
  await memories.keep(collectorAt, { level: 'close-notify', weaker: undefined, oneAtATime: false });
  const { session, receipts } = await sessionWith(t, collector, journalOf([entry(1, 5)]), {
    memories,
    times: { ...DELIVERY_TIMES, handshakeMs: 300 },
  });
  // It would take the next one after the close: a restarted process does so, too.
  collector.behave({ oneAtATime: true });
  const end = await within(session.run(never, never), { what: 'the end of the session' });
  t.is(end.how === 'failed' && end.error.code, 'no-handshake');
  t.deepEqual(receipts, []);
  t.false(memories.of('localhost', collector.port).oneAtATime);
});

test('a kill takes the links away at once, whatever the collector does', async (t) => {
  const collector = await collecting(t, pki, { close: 'never' });
  const kill = new AbortController();
  const { session, receipts } = await sessionWith(t, collector, journalOf([entry(1, 5)]));
  const ended = session.run(never, kill.signal);
  await until(() => collector.counts.closeNotifies === 1, { what: 'our close_notify' });
  kill.abort();
  t.is((await ended).how, 'failed');
  t.deepEqual(receipts, []);
});

test('of many entries in a row that have no messages the cursor is moved once', async (t) => {
  const collector = await collecting(t, pki);
  const stop = new AbortController();
  const journal = journalOf(Array.from({ length: 500 }, (_, at) => entry(at + 1, 0)));
  const moves: number[] = [];
  const acknowledge = async (number: number) => {
    moves.push(number);
    journal.cursor = number;
    if (number === 500) stop.abort();
  };
  const { session } = await sessionWith(t, collector, { ...journal, acknowledge });
  t.deepEqual(await session.run(stop.signal, never), { how: 'stopped' });
  t.true(moves.length < 5, `${moves.length} moves`);
  t.is(moves.at(-1), 500);
});
