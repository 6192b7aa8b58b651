/**
 * The machine loses its power while the agent is under load: its journal lies on
 * a file system of its own, whose device is copied at random moments, and an
 * agent starts on each copy.
 *
 * What a copy shows: everything that ext4 had handed to its device, in the order
 * in which it did, and nothing that was still in the memory of the machine;
 * mounting it plays back ext4's own journal. The agent stands still (SIGSTOP)
 * for the moment of the copy, so that what the collector holds just then is what
 * it would hold after the cut. What it does not show: a disk that has a cache
 * of its own and lies about flushing it; writes that a disk tears or reorders
 * (test/journal/power-cut.test.ts does that with every page on its own).
 */
import { copyFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import test, { type ExecutionContext } from 'ava';
import { Stage } from '../support/agent.js';
import { makeTestPki, type TestPki } from '../support/certificates.js';
import { collectingProcess } from '../support/collecting.js';
import { storedIn } from '../support/delivered.js';
import { freePort } from '../support/free-port.js';
import { Volume } from '../support/volume.js';
import { until } from '../support/wait.js';

const CUTS = 4;

let pki: TestPki;
test.before(async () => {
  pki = await makeTestPki();
});
test.after.always(() => pki.remove());

test.serial('whenever the power goes, no line is lost and no name is used for two messages', async (t) => {
  const host = Volume.make(t, 'xfs', 512);
  const volume = Volume.make(t, 'ext4', 96, host.path);
  const port = await freePort();
  const stage = new Stage(t, { pki, collectors: [{ host: 'localhost', port }], journal: { parent: volume.path } });
  const { file } = await collectingProcess(t, pki, stage.directory, { port });
  const agent = await stage.startProgram();

  const writing = new AbortController();
  const written = write(stage, writing.signal);
  const cuts: Cut[] = [];
  for (let cut = 1; cut <= CUTS; cut += 1) {
    await sleep(200 + Math.random() * 800);
    agent.signal('SIGSTOP');
    await drained(file);
    const image = join(host.path, `cut-${cut}`);
    volume.copyImage(image);
    const stored = join(stage.directory, `stored-${cut}`);
    copyFileSync(file, stored);
    cuts.push({ image, stored, lines: stage.written });
    agent.signal('SIGCONT');
  }
  writing.abort();
  await written;
  t.is(await agent.terminate(), 0);

  await Promise.all(cuts.map((cut) => startAfter(t, stage, cut)));
});

interface Cut {
  readonly image: string;
  /** What the collector held. */
  readonly stored: string;
  /** Written to the log so far. */
  readonly lines: number;
}

/** The machine is on again: the log is as it is, the journal as the cut has left it. */
async function startAfter(t: ExecutionContext, { log, written }: Stage, cut: Cut): Promise<void> {
  const volume = Volume.of(t, cut.image);
  const port = await freePort();
  const stage = new Stage(t, { pki, collectors: [{ host: 'localhost', port }], journal: { parent: volume.path }, log });
  stage.written = written;
  const { file } = await collectingProcess(t, pki, stage.directory, { port });
  copyFileSync(cut.stored, file);
  const before = stage.delivered(storedIn(file));
  const agent = await stage.startProgram();
  await until(() => stage.complete(storedIn(file)), { what: 'all lines', everyMs: 100 });
  await agent.terminate();

  const { lost, altered, holes, repeated, renamed } = stage.delivered(storedIn(file));
  t.log(
    `cut at line ${cut.lines}, ${written - before.lost.length} stored: ${repeated} repeated, ${renamed.length} read again`,
  );
  t.deepEqual({ lost, altered, holes }, { lost: [], altered: [], holes: [] });
  t.deepEqual(renamed, [], 'what the collector had got was on the disk');
  const verified = await stage.verify(file);
  t.is(verified.status, 0, verified.output);
}

async function write(stage: Stage, stop: AbortSignal): Promise<void> {
  while (!stop.aborted) {
    stage.write(40);
    await sleep(20);
  }
}

/** What was under way to the collector has come. */
async function drained(file: string): Promise<void> {
  for (let before = -1, size = 0; before !== size; ) {
    before = size;
    await sleep(50);
    size = statSync(file, { throwIfNoEntry: false })?.size ?? 0;
  }
}
