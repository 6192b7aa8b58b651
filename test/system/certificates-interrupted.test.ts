/** `cert renew` killed at any moment: the pair in place always belongs together, now or after the next command. */
import { type ChildProcess, spawn } from 'node:child_process';
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import test from 'ava';
import { completeInstallation, isBeingInstalled } from '../../src/pki/files/store.js';
import { makeStage } from '../support/cert-stage.js';

const MAIN = new URL('../../src/main.js', import.meta.url).pathname;
const TIMES = 25;

function renew(directory: string): ChildProcess {
  const args = ['cert', 'renew', '--dir', directory, '--ca-key', join(directory, 'cakey.pem')];
  return spawn(process.execPath, [MAIN, ...args], { stdio: 'ignore' });
}

/** How long a whole renewal takes here, so that the kills fall all over it. */
async function wholeMs(directory: string): Promise<number> {
  const before = performance.now();
  await once(renew(directory), 'exit');
  return performance.now() - before;
}

test('a renewal killed at any moment leaves no half pair', async (t) => {
  const stage = await makeStage();
  t.teardown(stage.remove);
  const { directory, path } = stage;
  await stage.cert(['init', directory, '--key-type', 'p-256']);
  const isPair = async (file: string) => {
    const certificate = new X509Certificate(await readFile(path(file)));
    return certificate.checkPrivateKey(createPrivateKey(await readFile(path('openemr.key'))));
  };
  const whole = await wholeMs(directory);

  for (let turn = 0; turn < TIMES; turn += 1) {
    const child = renew(directory);
    const exited = once(child, 'exit');
    // Mostly late, when there are files to be put into place.
    await sleep(whole * (turn / TIMES) ** 0.5);
    child.kill('SIGKILL');
    await exited;
    const interrupted = isBeingInstalled(directory);
    completeInstallation(directory);
    t.true(await isPair('openemrcert.pem'), `turn ${turn}, interrupted: ${interrupted}`);
    t.true(await isPair('openemrcertkey.pem'), `turn ${turn}, interrupted: ${interrupted}`);
  }

  await once(renew(directory), 'exit');
  t.true(await isPair('openemrcert.pem'));
  t.false((await readdir(directory)).includes('.certificates-being-installed'));
});
