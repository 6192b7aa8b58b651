/** A link over a network in memory and in simulated time sees what it sees over the real ones. */
import test, { type ExecutionContext } from 'ava';
import type { Level } from '../../src/link/acknowledge.js';
import { connect } from '../../src/link/connect.js';
import { LINK_TIMES } from '../../src/link/link.js';
import { makeTestPki, type TestPki } from '../support/certificates.js';
import { POLICY } from '../support/linking.js';
import { ManualClock } from '../support/manual-clock.js';
import { MemoryCollector } from '../support/memory-collector.js';
import { MemoryNetwork } from '../support/memory-network.js';

let pki: TestPki;
test.before(async () => {
  pki = await makeTestPki();
});
test.after.always(() => pki.remove());

const AT = { address: '192.0.2.1', port: 6514 };
const FRAME = Buffer.from('11 hello world');

function stage() {
  const clock = new ManualClock();
  const network = new MemoryNetwork(clock, { latencyMs: 1 });
  const { cert, key } = pki.collector;
  const collector = new MemoryCollector(network, { ...AT, ca: pki.ca, cert, key });
  collector.start();
  /** Lets time pass until it is there. */
  const passing = async <T>(promise: Promise<T>): Promise<T> => {
    let over = false;
    const done = () => {
      over = true;
    };
    promise.then(done, done);
    while (!over) await clock.advance(1);
    return promise;
  };
  const open = () => {
    const material = { ca: pki.ca, cert: pki.agent.cert, key: pki.agent.key, crl: undefined };
    const target = { host: 'localhost', ...AT };
    return passing(connect(target, material, POLICY, { clock, network }, new AbortController().signal));
  };
  return { clock, network, collector, open, passing };
}

async function closing(t: ExecutionContext, close: MemoryCollector['close'], windowMs?: number) {
  const { collector, open, passing } = stage();
  collector.close = close;
  const link = await open();
  for (let count = 0; count < 1_000; count += 1) await passing(link.write(FRAME));
  const ending = await passing(link.close(windowMs).verdict);
  link.destroy();
  t.is(collector.messages.length, 1_000);
  return ending;
}

const expected: [MemoryCollector['close'], Level | undefined, windowMs?: number][] = [
  ['answer', 'close-notify'],
  ['fin', 'fin'],
  ['reset', undefined],
  ['answer-then-reset', undefined],
  ['never', 'window', 5_000],
];
for (const [close, level, windowMs] of expected) {
  test(`in memory, ${close} after our close_notify proves ${level ?? 'nothing'}`, async (t) => {
    const ending = await closing(t, close, windowMs);
    t.is(ending.proves, level, ending.doubt);
  });
}

test('a collector that is killed with octets unread resets the connection in memory, too', async (t) => {
  const { collector, open, passing } = stage();
  const link = await open();
  // More than the collector reads in the time that it has.
  void link.write(Buffer.alloc(4 << 20, FRAME));
  await passing(Promise.resolve());
  collector.kill();
  const end = await passing(link.ended);
  t.is(end.how, 'error');
  t.is((end.error as NodeJS.ErrnoException).code, 'ECONNRESET');
  link.destroy();
});

test('a connection that is cut off is given up when nothing has moved for the time of a stall, and not before', async (t) => {
  const { clock, network, open, passing } = stage();
  const link = await open();
  network.cut(AT.address);
  const sinceMs = clock.monotonicMs();
  const closed = link.close(undefined);
  t.is(await passing(closed.answered), 'none');
  t.is(link.end?.how, 'stalled');
  t.true(clock.monotonicMs() - sinceMs >= LINK_TIMES.stallMs);
  t.is((await passing(closed.verdict)).proves, undefined);
  link.destroy();
});

test('a port without a listener and a network that drops packets are told apart', async (t) => {
  const { collector, network, open } = stage();
  collector.kill();
  t.like(await t.throwsAsync(open()), { code: 'refused' });
  network.cut(AT.address);
  t.like(await t.throwsAsync(open()), { code: 'no-connection' });
});

test('what was held back arrives in order when the network is mended', async (t) => {
  const { clock, collector, network, open, passing } = stage();
  const link = await open();
  network.cut(AT.address);
  for (let count = 0; count < 9; count += 1) await passing(link.write(Buffer.from(`9 message ${count}`)));
  await clock.advance(1_000);
  t.is(collector.messages.length, 0);
  network.mend(AT.address);
  t.is((await passing(link.close(undefined).verdict)).proves, 'close-notify');
  t.deepEqual(
    collector.messages.map(String),
    ['0', '1', '2', '3', '4', '5', '6', '7', '8'].map((n) => `message ${n}`),
  );
  link.destroy();
});
