/**
 * OpenEMR writes while every part of the chain is killed at random moments;
 * in the end each row of the tables is in the files once, at each collector at
 * least once, and `verify` and `export --reconcile` agree.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { ExecutionContext } from 'ava';
import type { Chain, Part } from './chain.js';
import { type Counted, count, linesIn, rowsOf, storedNames, type TableRows } from './chain-count.js';
import { OpenemrWriter, type WritingHabits } from './openemr-database.js';
import { sealColumns } from './openemr-writing.js';
import { until } from './wait.js';

export interface ChainStoryOptions {
  /** Rows that are there already when the export begins. */
  readonly before: number;
  readonly habits: WritingHabits;
  /** Rows after which "Eventlog backup" is run. */
  readonly swapsAt: readonly number[];
  /** Rows after which it is run and fails, behind all of those; undefined: never. */
  readonly failsAt?: number;
  /** Of each part, at least. */
  readonly kills: number;
  readonly longestPauseMs: number;
  readonly longestOutageMs: number;
}

export async function playChain(t: ExecutionContext, chain: Chain, options: ChainStoryOptions): Promise<Counted> {
  const { before, habits, swapsAt, failsAt } = options;
  const writer = new OpenemrWriter(chain.database.server, 'openemr');
  await writer.fill(before);
  for (const part of chain.parts) if (part !== chain.database) await part.start();

  const tables: TableRows[] = [];
  let dropped: readonly string[] = [];
  let isWriting = true;
  const writing = writer.write(habits).finally(() => {
    isWriting = false;
  });
  const swapping = (async () => {
    for (const [index, at] of swapsAt.entries()) {
      await until(() => !isWriting || writer.written.length >= before + at, { ...LONG, what: `row ${at}` });
      await writer.backUp(async () => {
        tables.push(await rowsOf(writer, 'log_backup'));
        await until(() => replacements(chain) > index, { ...LONG, what: 'the old table to be exported' });
      });
    }
    if (failsAt === undefined) return;
    await until(() => !isWriting || writer.written.length >= before + failsAt, { ...LONG, what: `row ${failsAt}` });
    dropped = await writer.failToBackUp(async () => {
      await until(() => replacements(chain) > swapsAt.length, { ...LONG, what: 'the new table to be seen' });
    });
    await until(() => restorations(chain) > 0, { ...LONG, what: 'the old table to be known again' });
  })();
  const killing = killAll(chain.parts, options, () => isWriting);
  await Promise.all([writing, swapping, killing]);

  tables.push(await rowsOf(writer, 'log'));
  // Of the rows that it dropped those count that the export had read by then.
  if (failsAt !== undefined) tables.push(filedOf(dropped, chain));
  const rows = tables.reduce((sum, { size }) => sum + size, 0);
  await grownTo(rows, () => linesIn(chain.logs).rows.size);
  for (const { collector } of chain.lanes) await grownTo(rows, () => storedNames(collector.files).size);
  for (const { agent } of chain.lanes) t.is(await agent.terminate(), 0, `${agent.name} stops in order`);
  await chain.exporter.terminate();

  const seals = new Map(writer.written.map(({ id, columns }) => [columns.comments, sealColumns(id, columns).checksum]));
  const stores = chain.lanes.map(({ collector }) => collector.files);
  const counted = count(tables, seals, chain.logs, stores);
  const kills = await killing;
  t.log(
    `${counted.rows} rows in ${tables.length} tables; kills: ${[...kills].map(([name, n]) => `${name} ${n}`).join(', ')}; ` +
      `repeats at the collectors: ${counted.lanes.map(({ repeats }) => repeats).join(', ')}`,
  );
  return counted;
}

/** By the independent count, by `verify` and by `export --reconcile`. */
export async function assertWhole(t: ExecutionContext, chain: Chain, { file, lanes }: Counted): Promise<void> {
  // Nobody has changed a row.
  const changes = linesIn(chain.logs).others.filter((line) => /audit-trail-row-(?:edited|deleted)/.test(line));
  t.deepEqual(changes.slice(0, 3), []);
  t.deepEqual(shortened(file), { missing: [], repeated: [], differing: [], unsealed: [], foreign: [] });
  for (const lane of chain.lanes) {
    const { status, output } = await lane.verify();
    t.is(status, 0, output);
    t.log(lane.profile, output.split('\n').find((line) => line.startsWith('COMPLETE')) ?? '');
  }
  for (const { missing, altered, renamed } of lanes) {
    t.deepEqual(shortened({ missing, altered, renamed }), { missing: [], altered: [], renamed: [] });
  }
  for (const { config } of chain.lanes) {
    const { status, output } = await chain.exporter.run('--reconcile', '--agent', config);
    t.is(status, 0, output);
  }
}

/** Names enough to look for what happened to them. */
function shortened(names: Readonly<Record<string, readonly string[]>>): Record<string, readonly string[]> {
  return Object.fromEntries(
    Object.entries(names).map(([what, all]) => [
      what,
      all.length > 10 ? [...all.slice(0, 10), `… ${all.length} in all`] : all,
    ]),
  );
}

/** Waits as long as more comes. What has not come then is missing, and the count says what it is. */
async function grownTo(goal: number, size: () => number): Promise<void> {
  for (let before = -1; before < goal; ) {
    const reached = before;
    const grown = until(() => size() > reached, { what: 'more', timeoutMs: 60_000, everyMs: 500 });
    if (
      await grown.then(
        () => false,
        () => true,
      )
    )
      return;
    before = size();
  }
}

const LONG = { timeoutMs: 600_000, everyMs: 500 };

/** Tables whose end is in the files, with all that they held. */
function replacements(chain: Chain): number {
  return linesIn(chain.logs).others.filter((line) => line.includes('audit-trail-table-replaced')).length;
}

/** Tables that were put back and known again. */
function restorations(chain: Chain): number {
  return linesIn(chain.logs).others.filter((line) => line.includes('audit-trail-table-restored')).length;
}

/** Of these comments those that are in the files, by the id of their row. */
function filedOf(comments: readonly string[], chain: Chain): TableRows {
  const wanted = new Set(comments);
  const found = [...linesIn(chain.logs).rows.values()].flatMap(([line = '']) => {
    const [, id, comment = ''] = /^\{"id":(\d+),.*"comments":"([^"]*)"/.exec(line) ?? [];
    return wanted.has(comment) ? [[Number(id), comment] as const] : [];
  });
  return new Map(found);
}

async function killAll(
  parts: readonly Part[],
  { kills, longestPauseMs, longestOutageMs, habits }: ChainStoryOptions,
  isWriting: () => boolean,
): Promise<ReadonlyMap<string, number>> {
  const { random } = habits;
  const done = new Map(parts.map(({ name }) => [name, 0]));
  while (isWriting() || [...done.values()].some((each) => each < kills)) {
    await sleep(random() * longestPauseMs);
    // Now and then two at once: a machine that goes down takes several parts with it.
    const victims = [...parts].sort(() => random() - 0.5).slice(0, random() < 0.3 ? 2 : 1);
    await Promise.all(
      victims.map(async (part) => {
        await part.kill();
        done.set(part.name, (done.get(part.name) ?? 0) + 1);
        await sleep(random() * longestOutageMs);
        await part.start();
      }),
    );
  }
  return done;
}
