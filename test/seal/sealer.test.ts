import { createHash, createPublicKey, generateKeyPairSync } from 'node:crypto';
import test, { type ExecutionContext } from 'ava';
import type { NewEntry } from '../../src/model/entry.js';
import type { Field } from '../../src/model/record.js';
import { chained, isSignedBy, readSeal } from '../../src/seal/seal.js';
import { SEAL_EVERY_MESSAGES, Sealer, type Signer } from '../../src/seal/sealer.js';
import { runId } from '../support/stored.js';

const run = runId(9);

function signerNamed(id: string): Signer {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return { key: privateKey, chain: [Buffer.from(`certificate ${id}`)], id: id.repeat(64) };
}

/** An encoder that numbers what it gets, and what came of it. */
class Desk {
  seq = 1;
  readonly entries: { kind: string; fields: Readonly<Record<string, string>>; entry: NewEntry }[] = [];
  signer: Signer | undefined = signerNamed('a');
  readonly sealer = new Sealer({
    run,
    maxBytes: 8192,
    signer: () => this.signer,
    say: ({ kind, fields, severity }) => void this.encoder.own(kind, fields, 0, severity),
  });
  readonly encoder = this.sealer.around<number, never>(this.#plain());

  constructor(private readonly t: ExecutionContext) {}

  /** As many messages, in one entry. */
  send(count: number): void {
    this.encoder.encode(count);
    this.sealer.look();
  }

  get seals() {
    return this.entries
      .filter(({ kind }) => kind === 'seal')
      .map(({ fields, entry }) => ({ fields, seq: entry.first.seq }));
  }

  /** `first-last`; each is checked against the frames. */
  covered(): string[] {
    return this.seals.map(({ fields }) => {
      const { seal, signature } = readSeal(run, fields)!;
      const hash = createHash('sha256').update(chained(seal.before));
      for (const { entry } of this.entries)
        if (entry.first.seq >= seal.first && entry.first.seq <= seal.last) hash.update(entry.frames);
      this.t.is(seal.sha256, hash.digest('hex'));
      this.t.true(isSignedBy(seal, signature, createPublicKey(this.signer!.key)) || this.signer!.id !== seal.key);
      return `${seal.first}-${seal.last}${seal.before === '' ? ' new' : ''}`;
    });
  }

  #plain() {
    const desk = this;
    const entryOf = (kind: string, fields: readonly Field[], count: number) => {
      const first = { run, seq: desk.seq };
      const frames = Buffer.from(Array.from({ length: count }, (_, at) => `5 m${desk.seq + at}`.padEnd(7)).join(''));
      const entry: NewEntry = { from: undefined, to: undefined, first, count, frames };
      desk.seq += count;
      desk.entries.push({ kind, fields: Object.fromEntries(fields), entry });
      return entry;
    };
    return {
      get nextSeq() {
        return desk.seq;
      },
      encode: (count: number) => entryOf('', [], count),
      encodeAgain: (count: number) => entryOf('', [], count),
      own: (kind: string, fields: readonly Field[]) => entryOf(kind, fields, 1),
      reset: (nextSeq: number) => {
        desk.seq = nextSeq;
        desk.entries.splice(desk.entries.findIndex(({ entry }) => entry.first.seq + entry.count > nextSeq));
      },
    };
  }
}

test('a seal covers everything since the one before, that one among it', (t) => {
  const desk = new Desk(t);
  desk.send(10);
  desk.sealer.seal();
  desk.send(3);
  desk.send(4);
  desk.sealer.seal();

  // The certificate is message 11.
  t.deepEqual(desk.covered(), ['1-11 new', '12-19']);
  t.is(desk.seals[1]!.fields.before, desk.seals[0]!.fields.sha256);
});

test('many messages are sealed at once, and a quiet agent seals nothing', (t) => {
  const desk = new Desk(t);
  desk.send(SEAL_EVERY_MESSAGES - 1);
  t.deepEqual(desk.covered(), []);
  desk.send(1);
  t.is(desk.seals.length, 1);

  for (let minute = 0; minute < 5; minute++) desk.sealer.seal();
  t.is(desk.seals.length, 1);
});

test('the certificate is in the trail before the first seal, and again when it is renewed', (t) => {
  const desk = new Desk(t);
  desk.sealer.announce();
  desk.send(1);
  desk.sealer.seal();
  desk.signer = signerNamed('b');
  desk.send(1);
  desk.sealer.seal();

  t.deepEqual(
    desk.entries
      .filter(({ kind }) => kind !== '')
      .map(({ kind, fields }) => [kind, kind === 'seal' ? fields.key![0] : fields.part]),
    [
      ['seal-certificate', '1/1'],
      ['seal', 'a'],
      ['seal-certificate', '1/1'],
      ['seal', 'b'],
    ],
  );
  t.deepEqual(desk.covered(), ['1-2 new', '3-5']);
});

test('numbers that go back take the seals with them, and the chain goes on', (t) => {
  const desk = new Desk(t);
  desk.sealer.announce();
  desk.send(5);
  desk.sealer.seal();
  desk.send(5);
  desk.send(5);
  desk.encoder.reset(13, []);
  desk.send(2);
  desk.sealer.seal();
  t.deepEqual(desk.covered(), ['1-6 new', '7-14']);

  // The seal itself is not on disk.
  desk.encoder.reset(15, []);
  desk.send(1);
  desk.sealer.seal();
  t.deepEqual(desk.covered(), ['1-6 new', '7-15']);
});

test('numbers that go back further than is remembered begin a new chain', (t) => {
  const desk = new Desk(t);
  desk.sealer.announce();
  for (let count = 0; count < 3; count++) {
    desk.send(5);
    desk.sealer.seal();
  }
  desk.encoder.reset(8, []);
  desk.send(5);
  desk.sealer.seal();

  t.deepEqual(desk.covered(), ['1-6 new', '8-12 new']);
});

test('while there is no key nothing is sealed, and all of it when there is one again', (t) => {
  const desk = new Desk(t);
  const { signer } = desk;
  desk.signer = undefined;
  desk.send(5);
  desk.sealer.seal();
  t.deepEqual(desk.seals, []);
  desk.signer = signer;
  desk.sealer.seal();

  t.deepEqual(desk.covered(), ['1-6 new']);
});
