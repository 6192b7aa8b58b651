/** The journal's disk is filled by somebody else's file under the running program, and freed again. */
import { rmdirSync } from 'node:fs';
import test, { type ExecutionContext } from 'ava';
import { Stage } from '../support/agent.js';
import { makeTestPki, type TestPki } from '../support/certificates.js';
import { collectingProcess } from '../support/collecting.js';
import { storedIn } from '../support/delivered.js';
import { freePort } from '../support/free-port.js';
import { Volume, type VolumeKind } from '../support/volume.js';
import { until } from '../support/wait.js';

let pki: TestPki;
test.before(async () => {
  pki = await makeTestPki();
});
test.after.always(() => pki.remove());

async function begin(t: ExecutionContext, kind: VolumeKind, { mebibytes = 24, keepFree = '0%' } = {}) {
  const volume = Volume.make(t, kind, mebibytes);
  const port = await freePort();
  const stage = new Stage(t, {
    pki,
    collectors: [{ host: 'localhost', port }],
    journal: { parent: volume.path, keepFree },
  });
  const store = { file: '', messages: () => storedIn(store.file) };
  const collect = async () => {
    const { file } = await collectingProcess(t, pki, stage.directory, { port });
    store.file = file;
  };
  const told = (kindOfMessage: string) =>
    store.messages().some((message) => message.includes(`[agent@32473 kind="${kindOfMessage}"`));
  return { volume, stage, store, collect, told };
}

/** Every line once, by our own count and by `verify`. */
async function proveComplete(t: ExecutionContext, stage: Stage, store: { file: string; messages: () => Buffer[] }) {
  const { lost, repeated, altered, renamed, holes } = stage.delivered(store.messages());
  t.deepEqual({ lost, altered, renamed, holes }, { lost: [], altered: [], renamed: [], holes: [] });
  const verified = await stage.verify(store.file);
  t.is(verified.status, 0, verified.output);
  return { repeated };
}

for (const kind of ['ext4', 'tmpfs'] as const) {
  test.serial(
    `a full disk (${kind}) stops the reading alone, is told while it is full, and loses nothing`,
    async (t) => {
      const { volume, stage, store, collect, told } = await begin(t, kind);
      await collect();
      const agent = await stage.startProgram();
      stage.write(1000);
      await until(() => stage.complete(store.messages()), { what: 'the first lines' });

      volume.fill();
      stage.write(20_000);
      await until(() => told('full'), { what: 'the collector to be told of the full disk' });
      await until(() => agent.state()?.journal.limit === 'disk', { what: 'the state to say so' });
      t.false(stage.complete(store.messages()));
      volume.free();

      await until(() => stage.complete(store.messages()), { what: 'all lines', everyMs: 200 });
      await until(() => told('room'), { what: 'the collector to be told that there is room' });
      t.is(await agent.terminate(), 0);
      t.deepEqual(await proveComplete(t, stage, store), { repeated: 0 });
      t.is(agent.log.filter((line) => line.includes('The journal cannot be written')).length, 1);
      t.is(agent.log.filter((line) => line.includes('The journal is full')).length, 1);
    },
  );
}

test.serial(
  'a disk that fills while no collector is there is told of first, and killing the agent changes nothing',
  async (t) => {
    const { volume, stage, store, collect, told } = await begin(t, 'ext4');
    const first = await stage.startProgram();
    stage.write(5_000);
    await until(() => (first.state()?.journal.messagesWaiting ?? 0) > 5_000, {
      what: 'the lines to be in the journal',
    });
    volume.fill();
    stage.write(20_000);
    await until(() => first.log.some((line) => line.includes('The journal is full')), {
      what: 'the journal to be full',
    });
    await first.kill();
    const second = await stage.startProgram();

    await collect();
    await until(() => told('full'), { what: 'the collector to be told of the full disk' });
    t.false(stage.complete(store.messages()));
    volume.free();
    await until(() => stage.complete(store.messages()), { what: 'all lines', everyMs: 200 });
    t.is(await second.terminate(), 0);
    await proveComplete(t, stage, store);
  },
);

test.serial('a volume that the journal itself has filled is read and emptied all the same', async (t) => {
  const { volume, stage, store, collect } = await begin(t, 'tmpfs', { mebibytes: 12 });
  const agent = await stage.startProgram();
  while (volume.freeBytes > 1024 * 1024 && agent.state()?.journal.limit !== 'disk') {
    stage.write(2_000, 1_000);
    await until(() => agent.state()?.files[0]?.lagBytes === 0 || agent.state()?.journal.limit === 'disk', {
      what: 'the lines to be read',
    });
  }
  stage.write(5_000, 1_000);
  await until(() => agent.state()?.journal.limit === 'disk', { what: 'the disk to be full' });

  await collect();
  await until(() => stage.complete(store.messages()), { what: 'all lines', everyMs: 200 });
  t.is(await agent.terminate(), 0);
  await proveComplete(t, stage, store);
  t.true((agent.state()?.journal.bytes ?? 0) < 2 * 1024 * 1024, 'what is acknowledged has left the disk');
});

test.serial(
  'a volume without inodes is named by status and check, messages go out, and it is over when there are some',
  async (t) => {
    const { volume, stage, store, collect } = await begin(t, 'tmpfs');
    await collect();
    const agent = await stage.startProgram();
    stage.write(100);
    await until(() => stage.complete(store.messages()), { what: 'the first lines' });

    volume.useUpInodes();
    stage.write(100);
    await until(() => stage.complete(store.messages()), { what: 'lines written meanwhile' });
    const status = async () => (await stage.ask('status')).stdout.replaceAll(/\s+/g, ' ');
    const isNamed = async () => {
      // What was acknowledged leaves the journal, and gives back an inode.
      volume.useUpInodes();
      return /^PROBLEM: .* no inodes left/.test(await status());
    };
    await until(isNamed, { what: 'status to say so', everyMs: 200 });
    const checked = await stage.ask('check', '--offline');
    t.regex(checked.stdout, /^FAILED +journal .* no inodes left.*\n +hint: .*df -i/m);
    volume.free();

    await until(async () => /^OK: /.test(await status()), { what: 'status to be OK', everyMs: 200 });
    t.is(await agent.terminate(), 0);
    await proveComplete(t, stage, store);
  },
);

test.serial('with keepFree the others on a volume are left their share, and no write ever fails', async (t) => {
  const { volume, stage, store, collect, told } = await begin(t, 'ext4', { keepFree: '50%' });
  await collect();
  const agent = await stage.startProgram();
  stage.write(1000);
  await until(() => stage.complete(store.messages()), { what: 'the first lines' });

  volume.fill(8 * 1024 * 1024);
  // The volume is looked at twice a second; what is written before it is seen goes out.
  await until(
    () => {
      stage.write(1);
      return told('full');
    },
    { what: 'the collector to be told', everyMs: 50 },
  );
  stage.write(1000);
  await until(() => agent.state()?.journal.limit === 'keepFree', { what: 'the state to say so' });
  t.false(stage.complete(store.messages()));
  volume.free();

  await until(() => stage.complete(store.messages()), { what: 'all lines' });
  t.is(await agent.terminate(), 0);
  await proveComplete(t, stage, store);
  t.is(agent.log.filter((line) => line.includes('cannot be written')).length, 0);
});

test.serial(
  'a first start on a disk that is full, or read-only, says which of the two, where, and what to do',
  async (t) => {
    const { volume, stage } = await begin(t, 'ext4');
    rmdirSync(stage.journal);
    const refusal = async () => {
      const error = await t.throwsAsync(stage.startProgram());
      return error?.message.replaceAll('\n', ' ').replaceAll(stage.journal, 'JOURNAL');
    };
    volume.fill();
    t.regex((await refusal()) ?? '', /cannot use the journal at JOURNAL: ENOSPC: .* hint: free space on this volume/);
    volume.free();
    volume.failReadOnly();
    t.regex((await refusal()) ?? '', /cannot use the journal at JOURNAL: EROFS: .* hint: mount its volume for writing/);
  },
);
