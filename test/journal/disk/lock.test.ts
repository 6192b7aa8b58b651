import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { lockHolder, takeLock } from '../../../src/journal/disk/lock.js';
import { systemClock } from '../../../src/lib/clock.js';
import { AgentError } from '../../../src/lib/errors.js';

const given = { clock: systemClock, random: randomBytes };
const lockModule = new URL('../../../src/journal/disk/lock.js', import.meta.url).href;
const clockModule = new URL('../../../src/lib/clock.js', import.meta.url).href;

async function directoryOf(t: ExecutionContext): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'lock-'));
  t.teardown(() => rm(directory, { recursive: true }));
  return directory;
}

/** Another process that takes the lock and keeps it until it is killed. */
async function holder(t: ExecutionContext, directory: string): Promise<ChildProcess> {
  const script = `
    const { takeLock } = await import(${JSON.stringify(lockModule)});
    const { systemClock } = await import(${JSON.stringify(clockModule)});
    const { randomBytes } = await import('node:crypto');
    await takeLock(${JSON.stringify(directory)}, { clock: systemClock, random: randomBytes });
    console.log('held');
    setInterval(() => {}, 1000);`;
  const child = spawn(process.execPath, ['--input-type=module', '--eval', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  t.teardown(() => child.kill('SIGKILL'));
  await once(child.stdout ?? child, 'data');
  return child;
}

test('a second agent is refused with the pid of the first', async (t) => {
  const directory = await directoryOf(t);
  const { pid } = await holder(t, directory);

  const error = await t.throwsAsync(takeLock(directory, given), { instanceOf: AgentError });

  t.is(error?.code, 'journal-locked');
  t.regex(error?.message ?? '', new RegExp(`process ${pid}, started 20`));
});

test('the lock of a process that was killed does not block', async (t) => {
  const directory = await directoryOf(t);
  const child = await holder(t, directory);
  child.kill('SIGKILL');
  await once(child, 'exit');

  const lock = await takeLock(directory, given);

  t.is((await readdir(directory)).length, 1);
  await lock.release();
  t.deepEqual(await readdir(directory), []);
});

test('a process that is stopped still holds its lock', async (t) => {
  const directory = await directoryOf(t);
  const child = await holder(t, directory);
  child.kill('SIGSTOP');

  await t.throwsAsync(takeLock(directory, given), { code: 'journal-locked', message: /does not answer/ });
});

test('of many that want it at once one gets it at most, and the others are told who', async (t) => {
  const directory = await directoryOf(t);

  const tries = await Promise.allSettled(Array.from({ length: 12 }, () => takeLock(directory, given)));

  const held = tries.filter(({ status }) => status === 'fulfilled');
  t.true(held.length <= 1);
  for (const attempt of tries) if (attempt.status === 'rejected') t.is(attempt.reason.code, 'journal-locked');
  for (const attempt of tries) if (attempt.status === 'fulfilled') await attempt.value.release();
  await (await takeLock(directory, given)).release();
});

test('a lock that was released can be taken again, and releasing twice does no harm', async (t) => {
  const directory = await directoryOf(t);
  for (let round = 0; round < 3; round += 1) {
    const lock = await takeLock(directory, given);
    await lock.release();
    await lock.release();
  }
  t.deepEqual(await readdir(directory), []);
});

test('a directory whose path is too long for a socket is locked like any other', async (t) => {
  const deep = join(await directoryOf(t), 'x'.repeat(90));
  await mkdir(deep);
  const dead = await holder(t, deep);
  dead.kill('SIGKILL');
  await once(dead, 'exit');

  const lock = await takeLock(deep, given);
  t.is((await readdir(deep)).length, 1);
  const error = await t.throwsAsync(takeLock(deep, given), { code: 'journal-locked' });
  t.regex(error?.message ?? '', new RegExp(`process ${process.pid}, started 20`));
  t.is((await lockHolder(deep))?.pid, process.pid);
  await lock.release();
  t.is(await lockHolder(deep), undefined);
  t.deepEqual(await readdir(deep), []);
});
