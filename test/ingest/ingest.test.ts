import test from 'ava';
import type { OwnMessage } from '../../src/encode/own-message.js';
import { Ingest, type IngestDependencies } from '../../src/ingest/ingest.js';
import { JournalFailed } from '../../src/journal/write/writer.js';
import { AgentError } from '../../src/lib/errors.js';
import type { NewEntry } from '../../src/model/entry.js';
import type { Chunk } from '../../src/model/line.js';
import type { Position } from '../../src/model/position.js';
import { NOTICE } from '../../src/syslog/priority.js';
import { positionAt } from '../support/positions.js';
import { silent } from '../support/silent.js';
import { until } from '../support/wait.js';

const RUN = '00112233445566ff';

/** Ten-octet chunks of one endless file, a journal that syncs when told to and can fail, and what lies in it. */
class Paper {
  readonly disk: NewEntry[] = [];
  #queue: { entry: NewEntry; resolve: () => void; reject: (error: Error) => void }[] = [];
  #nextSeq = 1;
  #offset = 0;
  #failed = false;
  full = false;
  turns = 0;
  /** The disk takes what it is given, and never says so. */
  hanging = false;
  /** Its code is at fault. */
  broken = false;
  wake: () => void = () => undefined;
  /** How many chunks the file has still to give. */
  chunks = 0;
  /** And how many more there are that only an open descriptor keeps. */
  deletedChunks = 0;

  readonly ingest = new Ingest(this.#dependencies());
  readonly stop = new AbortController();
  readonly run = this.ingest.run(this.stop.signal);

  /** Offsets and kinds in the order in which they lie on disk. */
  get story(): string[] {
    return this.disk.map(({ from, first, frames }) => `${first.seq} ${from ?? frames.toString()}`);
  }

  write(chunks: number): void {
    this.chunks += chunks;
    this.wake();
  }

  sync(): void {
    for (const { entry, resolve } of this.#queue.splice(0)) {
      this.disk.push(entry);
      resolve();
    }
  }

  fail(): void {
    this.#failed = true;
    for (const { reject } of this.#queue.splice(0)) reject(refusal());
  }

  get queued(): number {
    return this.#queue.length;
  }

  async end(): Promise<void> {
    this.stop.abort();
    await this.run;
  }

  #dependencies(): IngestDependencies {
    return {
      journal: {
        append: async (entry) => {
          if (this.hanging) await new Promise(() => undefined);
          if (this.broken) throw new TypeError('Patient Doe is not a number');
          if (this.#failed) throw refusal();
          const { promise } = this.#enqueue(entry);
          promise.catch(() => undefined);
        },
        flushed: () => this.#last,
        room: async (signal) => {
          while (this.full && !signal.aborted) await this.#woken(signal);
        },
        recover: async () => {
          this.#failed = false;
          this.#last = Promise.resolve();
          const last = this.disk.at(-1);
          const position = this.disk.findLast(({ to }) => to !== undefined)?.to;
          return {
            positions: [position ?? positionAt(0)],
            nextSeq: last === undefined ? 1 : last.first.seq + last.count,
          };
        },
      },
      sources: {
        read: async (signal) => {
          while (this.chunks === 0 && !signal.aborted) await this.#woken(signal);
          if (signal.aborted) return undefined;
          this.chunks -= 1;
          return this.#chunk();
        },
        readDeleted: async (room) => {
          if (this.deletedChunks === 0 || !(await room())) return undefined;
          this.deletedChunks -= 1;
          return this.#chunk();
        },
        rewind: ([position]: readonly Position[]) => {
          const back = (this.#offset - (position?.offset ?? 0)) / 10;
          this.chunks += back;
          this.#offset -= back * 10;
        },
      },
      encoder: this.#encoder(),
      look: () => undefined,
      took: () => undefined,
      turned: () => {
        this.turns += 1;
      },
      nowMs: () => 0,
      report: silent,
    };
  }

  #last: Promise<void> = Promise.resolve();

  #enqueue(entry: NewEntry): { promise: Promise<void> } {
    const promise = new Promise<void>((resolve, reject) => this.#queue.push({ entry, resolve, reject }));
    this.#last = promise;
    return { promise };
  }

  #woken(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      this.wake = resolve;
      signal.addEventListener('abort', () => resolve(), { once: true });
    });
  }

  #chunk(): Chunk {
    const from = positionAt(this.#offset);
    this.#offset += 10;
    return { from, to: positionAt(this.#offset), bytes: Buffer.from('123456789\n'), ending: 'newline', readAtMs: 0 };
  }

  #encoder(): IngestDependencies['encoder'] {
    const take = (from: number | undefined, to: Position | undefined, frames: string): NewEntry => {
      this.#nextSeq += 1;
      return { from, to, first: { run: RUN, seq: this.#nextSeq - 1 }, count: 1, frames: Buffer.from(frames) };
    };
    const nextSeq = () => this.#nextSeq;
    return {
      get nextSeq() {
        return nextSeq();
      },
      encode: ({ from, to }) => take(from.offset, to, 'line'),
      encodeAgain: ({ from }) => take(from.offset, undefined, 'again'),
      own: (kind) => take(undefined, undefined, kind),
      reset: (seq) => {
        this.#nextSeq = seq;
      },
    };
  }
}

const refusal = () => new JournalFailed('/journal', new Error('EIO'));

const said = (kind: string): OwnMessage => ({ kind, fields: [], severity: NOTICE });

test('lines and own messages go into the journal in the order in which they come', async (t) => {
  const paper = new Paper();
  paper.ingest.say(said('start'));
  paper.write(2);
  await until(() => paper.queued === 3, { what: 'three entries' });
  paper.ingest.say(said('heartbeat'));
  paper.sync();
  t.deepEqual(paper.story, ['1 start', '2 0', '3 10', '4 heartbeat']);
  await paper.end();
});

test('after a failure numbers and tails go back to what is on disk, and nothing is missing or twice', async (t) => {
  const paper = new Paper();
  paper.ingest.say(said('start'));
  paper.write(2);
  await until(() => paper.queued === 3, { what: 'three entries' });
  paper.sync();
  paper.write(2);
  await until(() => paper.queued === 2, { what: 'two more' });
  paper.ingest.say(said('full'));

  paper.fail();
  paper.ingest.say(said('gap'));
  await until(() => paper.queued >= 4, { what: 'all of it again' });
  paper.sync();

  t.deepEqual(paper.story.slice(0, 3), ['1 start', '2 0', '3 10']);
  const seqs = paper.disk.map(({ first }) => first.seq);
  t.deepEqual(seqs, [1, 2, 3, 4, 5, 6, 7]);
  const again = paper.story.slice(3).map((entry) => entry.split(' ')[1]);
  t.deepEqual(
    again.filter((word) => /\d/.test(word ?? '')),
    ['20', '30'],
  );
  t.deepEqual(
    again.filter((word) => !/\d/.test(word ?? '')),
    ['full', 'gap'],
  );
  await paper.end();
});

test('what is left of deleted files goes into the journal at the end, as far as there is room', async (t) => {
  const paper = new Paper();
  paper.write(1);
  await until(() => paper.queued === 1, { what: 'an entry' });
  await paper.end();
  paper.deletedChunks = 2;
  await paper.ingest.takeDeleted(new AbortController().signal);
  paper.sync();
  t.deepEqual(paper.story, ['1 0', '2 10', '3 20']);

  paper.deletedChunks = 2;
  paper.full = true;
  await paper.ingest.takeDeleted(AbortSignal.abort());
  t.is(paper.queued, 0);
});

test('a fault of the program ends the loop, names its place without content, and nothing follows it', async (t) => {
  const paper = new Paper();
  paper.write(1);
  await until(() => paper.queued === 1, { what: 'an entry' });
  paper.sync();

  paper.broken = true;
  paper.write(2);
  const error = await t.throwsAsync(paper.run, { instanceOf: AgentError, code: 'program-fault' });
  t.regex(error.message, /bytes 10 to 20 of \S+ \(tail [0-9a-f]{16}\): TypeError at ingest\.test\.[jt]s:\d+/);
  t.notRegex(error.message + error.hint, /Doe/);

  paper.broken = false;
  paper.ingest.say(said('stop'));
  paper.deletedChunks = 1;
  await paper.ingest.takeDeleted(new AbortController().signal);
  paper.sync();
  t.deepEqual(paper.story, ['1 0']);
});

test('a fault of the program in a message of its own ends the loop, too, while it waits for lines', async (t) => {
  const paper = new Paper();
  paper.broken = true;
  paper.ingest.say(said('heartbeat'));
  const error = await t.throwsAsync(paper.run, { instanceOf: AgentError, code: 'program-fault' });
  t.regex(error.message, /a message of its own: TypeError/);
});

test('a full journal is not waited for at the end when nobody has deleted a file', async (t) => {
  const paper = new Paper();
  paper.full = true;
  await paper.end();
  await paper.ingest.takeDeleted(new AbortController().signal);
  t.is(paper.queued, 0);
});

test('a failure while nothing is written is mended without waiting for a line', async (t) => {
  const paper = new Paper();
  paper.write(1);
  await until(() => paper.queued === 1, { what: 'an entry' });
  paper.fail();
  await until(() => paper.queued === 1, { what: 'the entry again' });
  paper.sync();
  t.deepEqual(paper.story, ['1 0']);
  await paper.end();
});

test('a loop that waits for lines begins a new turn when it is told to, and reads what comes then', async (t) => {
  const paper = new Paper();
  for (let turn = 1; turn <= 3; turn++) {
    paper.ingest.endTurn();
    await until(() => paper.turns === turn + 1, { what: `turn ${turn}` });
  }
  paper.write(1);
  await until(() => paper.queued === 1, { what: 'an entry' });
  t.is(paper.chunks, 0);
  await paper.end();
});

test('a loop that the disk does not let go does not turn, whatever it is told', async (t) => {
  const paper = new Paper();
  paper.hanging = true;
  paper.write(2);
  await until(() => paper.chunks === 1, { what: 'a chunk to be read' });
  const { turns } = paper;
  for (let told = 0; told < 3; told++) {
    paper.ingest.endTurn();
    await new Promise(setImmediate);
  }
  t.is(paper.turns, turns);
});

test('a new turn lets nothing be read while the journal is full', async (t) => {
  const paper = new Paper();
  paper.full = true;
  paper.wake();
  // The read that was waiting for the file may still bring one chunk.
  paper.write(5);
  await until(() => paper.chunks <= 5, { what: 'reading to wait' });
  const { turns, chunks } = paper;
  for (let told = 1; told <= 3; told++) {
    paper.ingest.endTurn();
    await until(() => paper.turns >= turns + told, { what: 'a turn' });
  }
  t.true(paper.chunks >= chunks - 1, `${paper.chunks}`);
  paper.full = false;
  paper.wake();
  await until(() => paper.chunks === 0, { what: 'reading to go on' });
  await paper.end();
});

test('nothing is read while the journal is full', async (t) => {
  const paper = new Paper();
  paper.write(1);
  await until(() => paper.queued === 1, { what: 'an entry' });
  paper.full = true;
  paper.sync();
  paper.write(5);
  await until(() => paper.queued <= 1, { what: 'reading to wait' });
  // The read that was waiting for the file may still bring one chunk.
  t.true(paper.chunks >= 4);
  paper.ingest.say(said('full'));
  t.true(paper.queued >= 1, 'an own message needs no room');
  paper.full = false;
  paper.wake();
  await until(() => paper.chunks === 0, { what: 'reading to go on' });
  await paper.end();
});
