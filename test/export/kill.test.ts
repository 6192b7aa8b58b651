/**
 * The promise of the export: whatever OpenEMR does meanwhile, and wherever the
 * process dies, each row is in the file whole and once.
 */
import assert from 'node:assert/strict';
import test from 'ava';
import fc from 'fast-check';
import { LOG_TRAIL } from '../../src/export/database/audit-tables.js';
import { Follower } from '../../src/export/follow/follower.js';
import type { FollowerLimits } from '../../src/export/options.js';
import { FakeOpenemr, type Writing } from '../support/fake-openemr.js';
import { ManualClock } from '../support/manual-clock.js';
import { type LogColumns, type SealColumns, sealColumns } from '../support/openemr-writing.js';
import { Killed, Paper } from '../support/paper.js';
import { silent, silentProblems } from '../support/silent.js';

const SETTLE_MS = 30_000;
const EXAMINE_MS = 60_000;
/** Of a table that has been in use for a while. */
const FIRST_ID = 5000;
const TABLE_REPLACED = 'audit-trail-table-replaced';

interface Expected {
  readonly columns: LogColumns;
  readonly seal: SealColumns;
  /** Its side rows came when nobody waited any more. */
  mayLackSides: boolean;
}

/** OpenEMR, the export and the ways in which both can be interrupted. */
class World {
  readonly database = new FakeOpenemr();
  readonly paper = new Paper();
  readonly clock = new ManualClock();
  readonly expected = new Map<string, Expected>();
  #follower: Follower;
  #open: Writing[] = [];
  #halfWritten: Writing[] = [];

  constructor(readonly limits: FollowerLimits) {
    this.database.table('log').next = FIRST_ID;
    this.#follower = this.#start();
  }

  write(): void {
    this.#expect(this.database.write());
  }

  writeHalf(): void {
    const writing = this.database.insertLog();
    this.#expect(writing);
    this.#halfWritten.push(writing);
  }

  finishHalf(): void {
    const writing = this.#halfWritten.shift();
    if (writing !== undefined) this.database.insertSides(writing);
  }

  begin(): void {
    this.#open.push(this.database.begin());
  }

  /** Not in the order in which they began. */
  commit(): void {
    const writing = this.#open.pop();
    if (writing === undefined) return;
    this.database.insertSides(this.database.commit(writing));
    this.#expect(writing);
  }

  rollBack(): void {
    this.#open.shift();
  }

  /** Longer than anything is waited for. What commits later than that is found again inside the window only. */
  async settle(): Promise<void> {
    if (this.limits.windowRows < 100) while (this.#open.length > 0) this.commit();
    for (const { columns } of this.#halfWritten) this.expected.get(columns.comments)!.mayLackSides = true;
    await this.clock.advance(SETTLE_MS);
  }

  /**
   * A rename waits for transactions; the statements that follow it go to the
   * new side tables, where they can be told from others by their large ids. A
   * table that nobody has seen before it is renamed is lost.
   */
  async swap(): Promise<void> {
    const last = this.paper.lines().at(-1);
    if (this.#open.length > 0 || last === undefined || last.event === TABLE_REPLACED) return;
    const hasSmallIds = this.database.table('log').next < FIRST_ID;
    while (hasSmallIds && this.#halfWritten.length > 0) this.finishHalf();
    this.database.swap();
    while (this.#halfWritten.length > 0) this.finishHalf();
    const { generation } = this.paper.rows().at(-1)!;
    const isClosed = () =>
      this.paper.findings().some((line) => line.event === TABLE_REPLACED && line.generation === generation);
    for (let turn = 0; turn < 200 && !isClosed(); turn += 1) await this.step();
    this.database.dropBackup();
  }

  async step(tearAfter?: number, hole = 0): Promise<void> {
    this.paper.tearAfter = tearAfter;
    this.paper.hole = hole;
    try {
      await this.#follower.step();
    } catch (error) {
      if (!(error instanceof Killed)) throw error;
      this.#follower = this.#start();
    }
    this.paper.tearAfter = undefined;
  }

  async end(): Promise<void> {
    while (this.#open.length > 0) this.commit();
    while (this.#halfWritten.length > 0) this.finishHalf();
    for (let turn = 0; turn < 6; turn += 1) {
      for (let steps = 0; steps < 30; steps += 1) await this.step();
      await this.clock.advance(EXAMINE_MS);
    }
  }

  /** What is wrong with the file, in words; empty when each row is there whole and once. */
  faults(): string[] {
    const missing = new Set(this.expected.keys());
    const faults: string[] = [];
    for (const row of this.paper.rows()) {
      const comments = String(row.comments);
      const expected = this.expected.get(comments);
      const name = `${row.generation}:${row.id}`;
      if (expected === undefined) faults.push(`${name} was never written`);
      else if (!missing.delete(comments)) faults.push(`${name} is there again`);
      else if (row.date !== expected.columns.date || row.user !== expected.columns.user) faults.push(`${name} differs`);
      else if (row.checksum !== expected.seal.checksum && !expected.mayLackSides) faults.push(`${name} has no seal`);
    }
    for (const comments of missing)
      faults.push(`${JSON.stringify(Buffer.from(comments, 'base64').toString())} is missing`);
    for (const { event } of this.paper.findings()) if (event !== TABLE_REPLACED) faults.push(String(event));
    return faults;
  }

  #expect({ id, columns }: Writing): void {
    this.expected.set(columns.comments, { columns, seal: sealColumns(id, columns), mayLackSides: false });
  }

  #start(): Follower {
    const { database, paper: log, clock, limits } = this;
    const options = { site: 'default', trail: LOG_TRAIL, settleMs: SETTLE_MS, examineMs: EXAMINE_MS, limits };
    return new Follower(
      { ...options, startAt: { kind: 'beginning' } },
      { database, log, clock, report: silent, problems: silentProblems },
    );
  }
}

type Change = 'write' | 'writeHalf' | 'finishHalf' | 'begin' | 'commit' | 'rollBack';

type Action =
  | { readonly name: Change | 'swap' | 'settle' | 'step' }
  /** The process dies when so many bytes of an append are written, the first of them as zeros. */
  | { readonly name: 'die'; readonly tearAfter: number; readonly hole: number }
  /** OpenEMR goes on between two statements of one step. */
  | { readonly name: 'interleave'; readonly change: Change; readonly call: number };

const changes: readonly Change[] = ['write', 'write', 'writeHalf', 'finishHalf', 'begin', 'commit', 'rollBack'];

const action: fc.Arbitrary<Action> = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom(...changes).map((name) => ({ name })) },
  { weight: 1, arbitrary: fc.constantFrom<Action>({ name: 'swap' }, { name: 'settle' }) },
  { weight: 3, arbitrary: fc.constant<Action>({ name: 'step' }) },
  {
    weight: 3,
    arbitrary: fc.record({
      name: fc.constant('die' as const),
      tearAfter: fc.nat(5000),
      hole: fc.constantFrom(0, 0, 0.5, 1),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      name: fc.constant('interleave' as const),
      change: fc.constantFrom(...changes),
      call: fc.nat(8),
    }),
  },
);

async function act(world: World, action: Action): Promise<void> {
  switch (action.name) {
    case 'die':
      return world.step(action.tearAfter, action.hole);
    case 'interleave': {
      let call = 0;
      world.database.beforeCall = () => {
        if (call++ === action.call) world[action.change]();
      };
      await world.step();
      world.database.beforeCall = () => undefined;
      return;
    }
    default:
      return world[action.name]();
  }
}

for (const limits of [
  { windowRows: 10_000, batchRows: 1000, skewRows: 1000 },
  { windowRows: 2, batchRows: 3, skewRows: 20 },
]) {
  test(`each row is in the file whole and once, wherever the process dies, with a window of ${limits.windowRows}`, async (t) => {
    await fc.assert(
      fc.asyncProperty(fc.array(action, { maxLength: 80, size: 'max' }), async (actions) => {
        const world = new World(limits);
        // Behind the first row of the file nobody looks for one that comes later than anybody waits.
        world.write();
        await world.step();
        await world.step();
        for (const each of actions) await act(world, each);
        await world.end();

        assert.deepEqual(world.faults(), []);
      }),
      { numRuns: 200 },
    );
    t.pass();
  });
}

test('each row carries the side rows that OpenEMR gave it, also across table swaps', async (t) => {
  const world = new World({ windowRows: 100, batchRows: 10, skewRows: 10 });
  for (let round = 0; round < 3; round += 1) {
    for (let n = 0; n < 30; n += 1) world.write();
    for (let n = 0; n < 5; n += 1) await world.step();
    world.write();
    world.writeHalf();
    await world.swap();
  }
  await world.end();

  t.deepEqual(world.faults(), []);
  t.is(new Set(world.paper.rows().map(({ generation }) => generation)).size, 3);
  for (const row of world.paper.rows()) t.is(row.api === null, row.event !== 'api');
});
