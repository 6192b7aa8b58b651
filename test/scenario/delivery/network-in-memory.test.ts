/** Forwarding over a network in memory: nothing here waits for real time, and nothing opens a socket. */
import test, { type ExecutionContext } from 'ava';
import { CollectorMemories } from '../../../src/delivery/collector-memory.js';
import { Forward } from '../../../src/delivery/forward.js';
import { Outbox, type SentJournal } from '../../../src/delivery/outbox.js';
import { DELIVERY_TIMES } from '../../../src/delivery/times.js';
import { systemFiles } from '../../../src/lib/files.js';
import { Signal } from '../../../src/lib/signal.js';
import { Dialler } from '../../../src/link/dial.js';
import { Targets } from '../../../src/link/targets.js';
import type { Entry } from '../../../src/model/entry.js';
import type { NewReceipt } from '../../../src/verify/receipt.js';
import { makeTestPki, type TestPki } from '../../support/certificates.js';
import { temporaryDirectory } from '../../support/files.js';
import { POLICY } from '../../support/linking.js';
import { ManualClock } from '../../support/manual-clock.js';
import { MemoryCollector } from '../../support/memory-collector.js';
import { MemoryNetwork } from '../../support/memory-network.js';
import { positionAt } from '../../support/positions.js';
import { silent, silentProblems } from '../../support/silent.js';

let pki: TestPki;
test.before(async () => {
  pki = await makeTestPki();
});
test.after.always(() => pki.remove());

const AT = { address: '192.0.2.1', port: 6514 };

/** A journal in memory: entries of one message, given to each reader from the cursor on. */
class ShortJournal implements SentJournal {
  cursor = 0;
  readonly #entries: Entry[] = [];
  readonly #grown: Signal;

  constructor(clock: ManualClock) {
    this.#grown = new Signal(clock);
  }

  append(message: string): void {
    const number = this.#entries.length + 1;
    this.#entries.push({
      number,
      from: (number - 1) * 10,
      to: positionAt(number * 10),
      first: { run: '00112233445566ff', seq: number },
      count: 1,
      frames: Buffer.from(`${message.length} ${message}`),
    });
    this.#grown.notify();
  }

  async acknowledge(entry: number): Promise<void> {
    this.cursor = entry;
  }

  reader() {
    let at = this.cursor;
    return {
      next: async () => this.#entries.slice(at, ++at),
      grown: async (signal: AbortSignal) => {
        while (!signal.aborted && at >= this.#entries.length) await this.#grown.wait(signal);
      },
      close: async () => undefined,
    };
  }
}

async function forwarding(t: ExecutionContext) {
  const clock = new ManualClock();
  const network = new MemoryNetwork(clock, { latencyMs: 1 });
  network.names.set('localhost', [AT.address]);
  const { ca, agent } = pki;
  const collector = new MemoryCollector(network, { ...AT, ca, cert: pki.collector.cert, key: pki.collector.key });
  collector.start();
  const journal = new ShortJournal(clock);
  const receipts: NewReceipt[] = [];
  const forward = new Forward({
    clock,
    random: () => 0.5,
    report: silent,
    problems: silentProblems,
    outbox: new Outbox(journal),
    backlog: false,
    dialler: new Dialler(
      new Targets([{ host: 'localhost', port: AT.port }], (name) => network.lookup(name), clock),
      async () => ({ ca, cert: agent.cert, key: agent.key, crl: undefined }),
      POLICY,
      { clock, network },
    ),
    memories: await CollectorMemories.open(temporaryDirectory(t), { files: systemFiles, problems: silentProblems }),
    receipts: { add: async (receipt) => void receipts.push(receipt) },
    epoch: { epochBytes: 4 << 20, epochIntervalMs: 30_000 },
    fixedLevel: undefined,
    windowMs: 30_000,
    refused: () => undefined,
    times: DELIVERY_TIMES,
    turned: () => undefined,
  });
  const stop = new AbortController();
  let stopped = false;
  const running = forward.run(stop.signal, new AbortController().signal).finally(() => {
    stopped = true;
  });
  /** Lets simulated time pass until it is so. */
  const until = async (isSo: () => boolean) => {
    for (let passedMs = 0; !isSo() && passedMs < 600_000; passedMs += 1) await clock.advance(1);
    if (!isSo()) throw new Error('not within ten simulated minutes');
  };
  t.teardown(async () => {
    stop.abort();
    await until(() => stopped);
    await running;
  });
  return { clock, collector, journal, receipts, forward, until };
}

test('an epoch is sent and acknowledged in simulated time', async (t) => {
  const { clock, collector, journal, receipts, forward, until } = await forwarding(t);
  const sinceMs = clock.monotonicMs();
  journal.append('message 1');
  journal.append('message 2');
  await until(() => journal.cursor === 2);
  t.deepEqual(collector.messages.map(String), ['message 1', 'message 2']);
  t.is(forward.state.lastLevel, 'close-notify');
  t.like(receipts, [{ level: 'close-notify', messages: 2, address: AT.address }]);
  t.true(clock.monotonicMs() - sinceMs >= DELIVERY_TIMES.signOfLifeMs, 'the sign of life is waited for');
});

test('a reset is not an acknowledgement: the cursor stays, and the same goes out again', async (t) => {
  const { collector, journal, receipts, forward, until } = await forwarding(t);
  collector.close = 'answer-then-reset';
  journal.append('message 1');
  await until(() => (forward.state.failures.get('unacknowledged') ?? 0) >= 2);
  t.is(journal.cursor, 0);
  t.deepEqual(receipts, []);
  t.truthy(forward.state.outage?.failure);

  collector.close = 'answer';
  await until(() => journal.cursor === 1);
  t.is(forward.state.outage, undefined);
  t.true(forward.state.repeated >= 2);
  t.is(collector.messages.length, 1 + forward.state.repeated);
});

test('a collector that is killed in the middle of an epoch acknowledges nothing of it', async (t) => {
  const { collector, journal, forward, until } = await forwarding(t);
  journal.append('message 1');
  await until(() => collector.messages.length === 1);
  collector.kill();
  await until(() => forward.state.lastFailure !== undefined);
  t.is(journal.cursor, 0);
  journal.append('message 2');
  collector.start();
  await until(() => journal.cursor === 2);
  t.deepEqual(collector.messages.map(String), ['message 1', 'message 1', 'message 2']);
});
