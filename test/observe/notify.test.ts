import test from 'ava';
import type { Report } from '../../src/model/report.js';
import { createNotifier } from '../../src/observe/notify.js';
import { fakeSystemd } from '../support/fake-systemd.js';
import { silent } from '../support/silent.js';

test('ready and status reach systemd', async (t) => {
  const { env, calls } = await fakeSystemd(t);
  const notifier = createNotifier(env, silent);
  notifier.ready('following 3 files');
  await notifier.settled();
  t.deepEqual(await calls(), [['READY=1', 'STATUS=following 3 files']]);
});

test('what is said while systemd is being told goes together, the latest of each kind', async (t) => {
  const { env, calls } = await fakeSystemd(t);
  const notifier = createNotifier(env, silent);
  notifier.ready('starting');
  for (let lag = 100; lag > 0; lag--) notifier.status(`lag ${lag}`);
  notifier.watchdog();
  await notifier.settled();
  t.deepEqual(await calls(), [
    ['READY=1', 'STATUS=starting'],
    ['STATUS=lag 1', 'WATCHDOG=1'],
  ]);
});

test('a status with newlines is one status, and nothing else', async (t) => {
  const { env, calls } = await fakeSystemd(t);
  const notifier = createNotifier(env, silent);
  notifier.status('waiting\nSTOPPING=1');
  await notifier.settled();
  t.deepEqual(await calls(), [['STATUS=waiting STOPPING=1']]);
});

test('a reload is told with its time, and the later of reloading and ready counts', async (t) => {
  const { env, calls } = await fakeSystemd(t);
  const notifier = createNotifier(env, silent);
  notifier.status('first');
  notifier.reloading();
  notifier.ready('again');
  await notifier.settled();
  notifier.reloading();
  await notifier.settled();
  const [, second, third] = await calls();
  t.deepEqual(
    second?.map((assignment) => assignment.split('=')[0]).filter((name) => name !== 'MONOTONIC_USEC'),
    ['READY', 'STATUS'],
  );
  t.deepEqual(third?.[0], 'RELOADING=1');
  t.regex(third?.[1] ?? '', /^MONOTONIC_USEC=\d+$/);
});

test('stopping is told with what is being waited for', async (t) => {
  const { env, calls } = await fakeSystemd(t);
  const notifier = createNotifier(env, silent);
  notifier.stopping('waiting for the collector');
  await notifier.settled();
  t.deepEqual(await calls(), [['STOPPING=1', 'STATUS=waiting for the collector']]);
});

test('without systemd nothing is run', async (t) => {
  const { env, calls } = await fakeSystemd(t);
  const notifier = createNotifier({ PATH: env.PATH, WATCHDOG_USEC: '60000000' }, silent);
  notifier.ready('x');
  notifier.watchdog();
  await notifier.settled();
  t.deepEqual(await calls(), []);
  t.is(notifier.watchdogMs, undefined);
});

test('a systemd-notify that fails or is missing is reported, and nothing more', async (t) => {
  const failing = await fakeSystemd(t, 'exit 1');
  const warnings: string[] = [];
  const report: Report = { ...silent, warning: (message) => warnings.push(message) };
  for (const env of [failing.env, { ...failing.env, PATH: '/nonexistent' }]) {
    const notifier = createNotifier(env, report);
    notifier.ready('x');
    await notifier.settled();
  }
  t.deepEqual(warnings, ['Could not tell systemd how the agent is', 'Could not tell systemd how the agent is']);
});

const watchdogs: [NodeJS.ProcessEnv, number | undefined][] = [
  [{ WATCHDOG_USEC: '60000000' }, 30_000],
  [{ WATCHDOG_USEC: '60000000', WATCHDOG_PID: String(process.pid) }, 30_000],
  [{ WATCHDOG_USEC: '60000000', WATCHDOG_PID: '1' }, undefined],
  [{}, undefined],
  [{ WATCHDOG_USEC: 'soon' }, undefined],
];
for (const [env, ms] of watchdogs) {
  test(`the watchdog is fed every ${ms} ms when the environment is ${JSON.stringify({ ...env, WATCHDOG_PID: env.WATCHDOG_PID && 'a pid' })}, ${env.WATCHDOG_PID === '1' ? "another's" : 'ours'}`, (t) => {
    t.is(createNotifier({ NOTIFY_SOCKET: '/run/notify', ...env }, silent).watchdogMs, ms);
  });
}
