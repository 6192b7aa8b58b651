/**
 * What finds each forged store of `test/support/forged.ts`: with receipts, with seals,
 * with both and with neither. The independent program of docs/seals.md must say of each
 * what `verify --trust` says.
 */
import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import test from 'ava';
import { distrustBy } from '../../src/seal/trust.js';
import type { Receipt } from '../../src/verify/receipt.js';
import { makeTestPki } from '../support/certificates.js';
import { temporaryDirectory } from '../support/files.js';
import { type Messages, makeWorld, signer, stories, time, type World } from '../support/forged.js';
import { sealedRun } from '../support/sealed.js';
import { asLines, examineFiles, receiptOf, runId } from '../support/stored.js';

const PROGRAM = fileURLToPath(new URL('../../../docs/seals.py', import.meta.url));

let world: World;

test.before(async () => {
  world = await makeWorld();
});

test.after.always(() => world.pki.remove());

/** Epochs of seven messages. */
function receiptsOf(sent: readonly Messages[]): Receipt[] {
  return sent.flatMap((messages) => {
    const run = /run="(\w+)"/.exec(messages[0]!.toString('latin1'))![1]!;
    return Array.from({ length: Math.ceil(messages.length / 7) }, (_, index) => {
      const epoch = messages.slice(7 * index, 7 * index + 7);
      return receiptOf(epoch, { stretches: [{ run, first: 7 * index + 1, last: 7 * index + epoch.length }] });
    });
  });
}

test('there are at least sixty', (t) => {
  t.true(stories.length >= 60, String(stories.length));
});

test('each is judged as it should be, with receipts, with seals, with both and with neither', async (t) => {
  const distrust = distrustBy([world.pki.authority.certificate]);
  for (const {
    name,
    finds,
    store,
    sent = (w: World) => [w.one.messages, w.two.messages, w.three.messages],
  } of stories) {
    const content = [asLines(store(world))];
    const receipts = async function* () {
      yield* receiptsOf(sent(world));
    };
    const found = await Promise.all(
      [{}, { receipts }, { distrust }, { receipts, distrust }].map(
        async (given) => (await examineFiles(content, given)).objections,
      ),
    );
    const words = JSON.stringify(found);
    t.deepEqual(
      found.map((objections) => objections.length > 0),
      [finds.includes('n'), finds.includes('r'), finds.includes('s'), finds !== ''],
      `${name}: ${words}`,
    );
  }
});

test('RSA keys seal as well', async (t) => {
  const pki = await makeTestPki({ key: 'rsa-2048' });
  t.teardown(() => pki.remove());
  const run = sealedRun({ run: runId(1), signer: signer(pki.agent), lines: [4, 4], time });
  const distrust = distrustBy([pki.authority.certificate]);

  t.deepEqual((await examineFiles([asLines(run.messages)], { distrust })).objections, []);
  t.is(await ask(t, pki.ca, run.messages), 0);
});

test('an independent program in Python says the same of each', async (t) => {
  for (const { name, finds, store } of stories)
    t.is(await ask(t, world.pki.ca, store(world)), finds.includes('s') ? 1 : 0, name);
});

function ask(t: import('ava').ExecutionContext, ca: string, messages: Messages): Promise<number> {
  const directory = temporaryDirectory(t);
  const [caFile, storeFile] = [join(directory, 'ca.pem'), join(directory, 'store.log')];
  writeFileSync(caFile, ca);
  writeFileSync(storeFile, asLines(messages));
  return new Promise((resolve) => {
    execFile('python3', [PROGRAM, caFile, storeFile], (error) => resolve(error === null ? 0 : Number(error.code)));
  });
}
