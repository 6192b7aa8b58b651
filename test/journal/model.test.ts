import { randomBytes } from 'node:crypto';
import test from 'ava';
import fc from 'fast-check';
import { AuditedJournal, DIRECTORY, TAILS } from '../support/audited-journal.js';
import { MemoryFiles } from '../support/memory-files.js';

const RUNS = Number(process.env.JOURNAL_RUNS ?? 100);

interface Model {
  readonly steps: string[];
}

type Command = fc.AsyncCommand<Model, AuditedJournal>;

function command(name: string, run: (real: AuditedJournal) => Promise<void>): Command {
  return {
    check: () => true,
    run: async (model, real) => {
      model.steps.push(name);
      await run(real);
      if (real.broken.length > 0) throw new Error(real.broken.join('; '));
    },
    toString: () => name,
  };
}

/** What is done to the files while no agent has them. */
function fault(name: string, harm: (files: MemoryFiles) => void): Command {
  return command(name, async (real) => {
    await real.close();
    harm(real.files);
    await real.open();
  });
}

const segmentsOf = (files: MemoryFiles) => files.paths.filter((path) => path.endsWith('.segment'));

function pick(files: MemoryFiles, share: number): string | undefined {
  const paths = segmentsOf(files);
  return paths[Math.min(paths.length - 1, Math.floor(share * paths.length))];
}

function flip(files: MemoryFiles, path: string | undefined, share: number, bit: number): void {
  if (path === undefined) return;
  const content = Buffer.from(files.content(path));
  const at = Math.floor(share * content.length);
  if (at < content.length) content[at] = (content[at] ?? 0) ^ (1 << bit);
  files.put(path, content);
}

const share = fc.double({ min: 0, max: 0.999, noNaN: true });
const bit = fc.integer({ min: 0, max: 7 });
const cursorFile = `${DIRECTORY}/cursor.json`;

const usual: fc.Arbitrary<Command>[] = [
  fc
    .tuple(fc.constantFrom(...TAILS), fc.integer({ min: 0, max: 9 }))
    .map(([tail, lines]) => command(`write ${lines} of ${tail}`, (real) => real.write(tail, lines))),
  fc
    .tuple(fc.constantFrom(...TAILS), fc.integer({ min: 1, max: 60 }))
    .map(([tail, lines]) => command(`write ${lines} of ${tail}`, (real) => real.write(tail, lines))),
  fc.constant(command('flush', (real) => real.flush())),
  fc.integer({ min: 1, max: 3000 }).map((bytes) =>
    command(`read ${bytes}`, async (real) => {
      await real.read(bytes);
    }),
  ),
  share.map((part) => command(`acknowledge ${part}`, (real) => real.acknowledge(part))),
  fc.constant(command('rewind', (real) => real.rewind())),
  fc.constant(fault('reopen', () => {})),
];

const harmful: fc.Arbitrary<Command>[] = [
  fc.infiniteStream(share).map((chances) =>
    command('cut power', async (real) => {
      real.files = real.files.cutPower(() => chances.next().value ?? 0);
      await real.open();
    }),
  ),
  fc.integer({ min: 1, max: 400 }).map((bytes) =>
    fault(`tear ${bytes} off`, (files) => {
      const path = segmentsOf(files).at(-1);
      if (path !== undefined) files.put(path, files.content(path).subarray(0, -bytes));
    }),
  ),
  fc
    .tuple(share, share, bit)
    .map(([which, where, place]) =>
      fault(`flip ${which} ${where} ${place}`, (files) => flip(files, pick(files, which), where, place)),
    ),
  fc.tuple(share, share, bit).map(([which, where, place]) =>
    command(`flip alive ${which} ${where} ${place}`, async (real) => {
      await real.flush();
      flip(real.files, pick(real.files, which), where, place);
    }),
  ),
  share.map((which) =>
    fault(`remove ${which}`, (files) => {
      const path = pick(files, which);
      if (path !== undefined) files.remove(path);
    }),
  ),
  fc.tuple(share, share).map(([which, where]) =>
    fault(`truncate ${which} ${where}`, (files) => {
      const path = pick(files, which);
      if (path !== undefined) files.put(path, files.content(path).subarray(0, files.content(path).length * where));
    }),
  ),
  fc.tuple(share, fc.constantFrom(0, 1, 15, 700)).map(([which, bytes]) =>
    fault(`foreign ${which} ${bytes}`, (files) => {
      const path = pick(files, which);
      if (path !== undefined) files.put(path, randomBytes(bytes));
    }),
  ),
  fc.tuple(share, share).map(([which, other]) =>
    fault(`copy ${which} over ${other}`, (files) => {
      const [from, to] = [pick(files, which), pick(files, other)];
      if (from !== undefined && to !== undefined) files.put(to, files.content(from));
    }),
  ),
  fc
    .constantFrom<(files: MemoryFiles) => void>(
      (files) => files.remove(cursorFile),
      (files) => files.put(cursorFile, Buffer.alloc(90)),
      (files) => files.put(cursorFile, Buffer.from('{"version":1,"journal":"00","entry":9,"crc32":"0000b2a1"}')),
      (files) => flip(files, cursorFile, 0.5, 1),
    )
    .map((harm) =>
      command('cursor', async (real) => {
        // A lost segment whose loss nobody has noticed, and then a lost cursor, is more than the journal promises.
        await real.read(1);
        await real.close();
        harm(real.files);
        await real.open();
      }),
    ),
];

const play = (commands: fc.Arbitrary<Command>[], bound: number) =>
  fc.asyncProperty(fc.commands(commands, { maxCommands: bound, size: 'max' }), async (steps) => {
    const real = new AuditedJournal(new MemoryFiles());
    await real.open();
    await fc.asyncModelRun(() => ({ model: { steps: [] }, real }), steps);
    const lost = await real.drain();
    if (lost.length > 0) throw new Error(`lost: ${lost.join(' ')}`);
    if (real.broken.length > 0) throw new Error(real.broken.join('; '));
    await real.close();
  });

test('without faults every line is received once the journal is drained, whatever the order of the calls', async (t) => {
  await fc.assert(play(usual, 60), { numRuns: RUNS, includeErrorInReport: true });
  t.pass();
});

test('whatever happens to its files, the journal goes on and no line is lost', async (t) => {
  await fc.assert(play([...usual, ...usual, ...harmful], 60), { numRuns: RUNS, includeErrorInReport: true });
  t.pass();
});
