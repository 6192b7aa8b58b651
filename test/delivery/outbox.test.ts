import test from 'ava';
import fc from 'fast-check';
import { type EntryReader, type Mark, Outbox, type SentJournal } from '../../src/delivery/outbox.js';
import type { Entry } from '../../src/model/entry.js';
import { positionAt } from '../support/positions.js';

const RUN = '00112233445566ff';

/** Entries whose messages say their own seq; `counts` says how many each has, 0 included. */
function entriesOf(counts: readonly number[]): Entry[] {
  let seq = 1;
  let offset = 0;
  return counts.map((count, index) => {
    const messages = Array.from({ length: count }, (_, at) =>
      `message ${seq + at} `.padEnd(11 + ((seq + at) % 7), '.'),
    );
    const from = offset;
    offset += 10;
    const entry = {
      number: index + 1,
      from,
      to: positionAt(offset),
      first: { run: RUN, seq },
      count,
      frames: Buffer.from(messages.map((message) => `${message.length} ${message}`).join('')),
    };
    seq += count;
    return entry;
  });
}

/** A journal of these entries; `cursor` may move while it is read. */
class Entries implements SentJournal {
  opened = 0;
  closed = 0;
  cursor = 0;
  /** An acknowledgement moves the cursor. */
  moves = true;
  constructor(private readonly entries: readonly Entry[]) {}

  async acknowledge(entry: number): Promise<void> {
    if (this.moves) this.cursor = entry;
  }

  reader(): EntryReader {
    this.opened += 1;
    let at = this.cursor;
    return {
      next: async () => {
        const found = this.entries.slice(at, at + 2);
        at += found.length;
        return found;
      },
      grown: async () => undefined,
      close: async () => {
        this.closed += 1;
      },
    };
  }
}

async function rest(outbox: Outbox, maxBytes: number, most = Number.POSITIVE_INFINITY) {
  const seqs: number[] = [];
  let mark: Mark | undefined;
  let repeated = 0;
  for (let count = 0; count < most; count += 1) {
    const batch = await outbox.next(maxBytes);
    if (batch === undefined) break;
    const texts = batch.frames.toString().match(/message \d+/g) ?? [];
    seqs.push(...texts.map((text) => Number(text.slice('message '.length))));
    mark = batch.mark;
    repeated += batch.repeated;
  }
  return { seqs, mark, repeated };
}

const counts = fc.array(fc.nat(6), { minLength: 1, maxLength: 12 });

test('all messages come out once and in order, wherever entries are cut', async (t) => {
  await fc.assert(
    fc.asyncProperty(counts, fc.integer({ min: 1, max: 200 }), async (given, maxBytes) => {
      const outbox = new Outbox(new Entries(entriesOf(given)));
      const { seqs, mark } = await rest(outbox, maxBytes);
      const all = given.reduce((sum, count) => sum + count, 0);
      t.deepEqual(
        seqs,
        Array.from({ length: all }, (_, index) => index + 1),
      );
      t.deepEqual(mark, { entry: given.length, messages: 0 });
    }),
  );
});

test('after a rewind sending starts exactly behind what was acknowledged, inside an entry too', async (t) => {
  await fc.assert(
    fc.asyncProperty(
      counts,
      fc.integer({ min: 1, max: 60 }),
      fc.nat(20),
      fc.nat(20),
      async (given, size, one, more) => {
        const journal = new Entries(entriesOf(given));
        const outbox = new Outbox(journal);
        const first = await rest(outbox, size, one);
        const second = await rest(outbox, size, more);

        await outbox.acknowledge(first.mark ?? { entry: 0, messages: 0 }, first.seqs.length);
        outbox.rewind();

        const all = given.reduce((sum, count) => sum + count, 0);
        const again = await rest(outbox, size);
        t.is(again.repeated, second.seqs.length, 'what was sent and not acknowledged is counted as repeated');
        t.deepEqual(
          [...first.seqs, ...again.seqs],
          Array.from({ length: all }, (_, index) => index + 1),
        );
        t.is(journal.closed, 1, 'the reader before is closed');
      },
    ),
  );
});

test('when the cursor had to stay behind, whole entries are sent again and none is cut', async (t) => {
  const journal = new Entries(entriesOf([3, 3, 3]));
  const outbox = new Outbox(journal);
  await rest(outbox, 1, 5);
  journal.moves = false;
  await outbox.acknowledge({ entry: 1, messages: 2 }, 5);
  outbox.rewind();
  t.deepEqual((await rest(outbox, 1_000)).seqs, [1, 2, 3, 4, 5, 6, 7, 8, 9]);
});

test('one message is given out however little is asked for, and never half of one', async (t) => {
  const outbox = new Outbox(new Entries(entriesOf([2])));
  const batch = await outbox.next(1);
  t.is(batch?.count, 1);
  t.deepEqual(batch?.mark, { entry: 0, messages: 1 });
  t.deepEqual(batch?.first, { run: RUN, seq: 1 });
  t.like((await outbox.next(1))?.first, { seq: 2 });
  t.is(await outbox.next(1), undefined);
});

test('an entry without messages moves the mark', async (t) => {
  const outbox = new Outbox(new Entries(entriesOf([0])));
  t.like(await outbox.next(100), { count: 0, mark: { entry: 1, messages: 0 } });
});
