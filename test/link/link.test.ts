/** The contract on which acknowledgement rests: what a link sees of each way in which a collector can end it. */

import type { SecureVersion } from 'node:tls';
import test from 'ava';
import { type Clock, systemClock } from '../../src/lib/clock.js';
import type { KernelSocketReading } from '../../src/lib/kernel-socket.js';
import { systemNetwork } from '../../src/lib/network.js';
import type { Level } from '../../src/link/acknowledge.js';
import { connect } from '../../src/link/connect.js';
import { LINK_TIMES, type LinkContext } from '../../src/link/link.js';
import { makeTestPki, type TestPki } from '../support/certificates.js';
import { type ClosingStyle, startClosingServer } from '../support/closing-server.js';
import { collectingProcess } from '../support/collecting.js';
import { temporaryDirectory } from '../support/files.js';
import { isConnectedTo } from '../support/kernel.js';
import { LINKING, POLICY } from '../support/linking.js';
import { until } from '../support/wait.js';

const FRAME = Buffer.from('11 hello world');
let pki: TestPki;
test.before(async () => {
  pki = await makeTestPki();
});
test.after.always(() => pki.remove());

async function open(port: number, change: Partial<LinkContext> = {}) {
  const target = { host: 'localhost', address: '127.0.0.1', port };
  const material = { ca: pki.ca, cert: pki.agent.cert, key: pki.agent.key, crl: undefined };
  // Looked at every tenth of a second.
  const times = { ...LINK_TIMES, stallMs: change.watched ? 600 : LINK_TIMES.stallMs };
  const dependencies = { ...LINKING, ...change };
  return connect(target, material, POLICY, dependencies, new AbortController().signal, times);
}

const expected: [ClosingStyle, Level | undefined][] = [
  ['close-notify-then-fin', 'close-notify'],
  ['close-notify-with-fin', 'close-notify'],
  ['close-notify-waits', 'close-notify'],
  ['fin', 'fin'],
  ['reset', undefined],
  ['fin-then-reset', undefined],
  ['close-notify-then-reset', undefined],
];
for (const version of ['TLSv1.2', 'TLSv1.3'] satisfies SecureVersion[]) {
  for (const [style, level] of expected) {
    test(`under ${version}, ${style} proves ${level ?? 'nothing'}`, async (t) => {
      const server = await startClosingServer(pki.collector, pki.ca, style, version);
      const link = await open(server.port);
      for (let count = 0; count < 1000; count += 1) await link.write(FRAME);

      const ending = await link.close(undefined).verdict;

      t.is(ending.proves, level, ending.doubt);
      if (level !== undefined) t.is(server.received(), 1000 * FRAME.length);
      link.destroy();
      await server.close();
    });
  }

  test(`under ${version}, silence after our close_notify proves no more than a window`, async (t) => {
    const server = await startClosingServer(pki.collector, pki.ca, 'nothing', version);
    const link = await open(server.port);
    await link.write(FRAME);
    await until(() => server.received() > 0, { what: 'the frame to arrive' });

    const ending = await link.close(100).verdict;

    t.is(ending.answer, 'none');
    t.is(ending.proves, 'window');
    link.destroy();
    await server.close();
  });
}

/** More than the kernels of both sides hold. */
const FLOOD = Buffer.alloc(64 * 1024 * 1024, FRAME);
for (const style of ['close-notify-unasked', 'fin-unasked'] as const) {
  for (const version of ['TLSv1.2', 'TLSv1.3'] satisfies SecureVersion[]) {
    test(`under ${version}, ${style} proves nothing, although ours was under way and all was read in the end`, async (t) => {
      const server = await startClosingServer(pki.collector, pki.ca, style, version);
      const link = await open(server.port);
      void link.write(FLOOD);

      const closing = link.close(undefined);
      await server.closeUnasked();

      t.is(await closing.answered, 'unasked');
      const ending = await closing.verdict;
      t.is(ending.proves, undefined);
      t.regex(ending.doubt, /without being asked/);
      link.destroy();
      await server.close();
    });
  }
}

test.serial('a reset that came behind a FIN while this process stood still proves nothing', async (t) => {
  const collector = await collectingProcess(t, pki, temporaryDirectory(t), {
    behaviour: { close: 'answer-then-reset' },
  });
  // The wait for the FIN is over before anybody here has looked for it: until then this thread does nothing else.
  const sleep: Clock['sleep'] = async (ms, signal) => {
    if (ms !== LINK_TIMES.finMs) return systemClock.sleep(ms, signal);
    while (isConnectedTo(collector.port));
  };
  const link = await open(collector.port, { clock: { ...systemClock, sleep } });
  await link.write(FRAME);

  const ending = await link.close(undefined).verdict;

  t.is(ending.proves, undefined);
  t.regex(ending.doubt ?? '', /reset/);
  link.destroy();
});

test('a link that the collector closes ends without our asking', async (t) => {
  const server = await startClosingServer(pki.collector, pki.ca, 'fin', 'TLSv1.3');
  const link = await open(server.port);
  await link.write(FRAME);
  await until(() => server.received() > 0, { what: 'the frame to arrive' });
  await server.close();

  const end = await link.ended;

  t.not(end.how, 'ours');
  t.false(link.alive);
  t.is((await link.close(undefined).verdict).proves, undefined);
  link.destroy();
});

test('a collector that reads octet by octet is waited for, however long it takes', async (t) => {
  const server = await startClosingServer(pki.collector, pki.ca, 'nothing', 'TLSv1.3');
  let unconfirmedBytes = 15;
  let looks = 0;
  const link = await open(server.port, {
    network: {
      ...systemNetwork,
      kernelSocket: async () => {
        unconfirmedBytes = Math.max(1, unconfirmedBytes - 1);
        return { state: 'established', unconfirmedBytes };
      },
    },
    watched: () => {
      looks += 1;
    },
  });

  await link.close(undefined).answered;

  t.is(link.end?.how, 'stalled');
  t.is(unconfirmedBytes, 1, 'the deadline began when nothing moved any more');
  t.true(looks > 12, `${looks} looks`);
  link.destroy();
  await server.close();
});

const upByKernel: [kernel: KernelSocketReading, isUp: boolean][] = [
  [{ state: 'established', unconfirmedBytes: 0 }, true],
  [{ state: 'close-wait', unconfirmedBytes: 0 }, false],
  ['gone', false],
  ['unreadable', true],
];
for (const [kernel, isUp] of upByKernel) {
  const name = typeof kernel === 'string' ? kernel : kernel.state;
  test(`a link whose end has not been noticed is ${isUp ? '' : 'not '}up when the kernel says ${name}`, async (t) => {
    const server = await startClosingServer(pki.collector, pki.ca, 'nothing', 'TLSv1.3');
    const link = await open(server.port, { network: { ...systemNetwork, kernelSocket: async () => kernel } });
    t.is(await link.isUp(), isUp);
    link.destroy();
    t.false(await link.isUp());
    await server.close();
  });
}

test('a wait for an answer is reported again and again, until the deadline', async (t) => {
  const server = await startClosingServer(pki.collector, pki.ca, 'nothing', 'TLSv1.3');
  let looks = 0;
  const link = await open(server.port, {
    watched: () => {
      looks += 1;
    },
  });
  await link.write(FRAME);

  await link.close(undefined).answered;

  t.true(looks >= 2, `${looks} looks`);
  t.is(link.end?.how, 'stalled');
  link.destroy();
  await server.close();
});
