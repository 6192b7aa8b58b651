import { mkdirSync, readdirSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { type AgentState, checkedState, keepStateFile, readStateFile } from '../../src/agent/state.js';
import { reportOf } from '../../src/cli/status/status-report.js';
import { statusText } from '../../src/cli/status/status-text.js';
import { systemFiles } from '../../src/lib/files.js';
import { Problems } from '../../src/lib/problems.js';
import type { Facts } from '../../src/model/report.js';
import { temporaryDirectory } from '../support/files.js';
import { ManualClock } from '../support/manual-clock.js';
import { NOW_MS, stateWith, WELL } from '../support/sample-state.js';
import { silent, silentProblems } from '../support/silent.js';
import { until } from '../support/wait.js';

const stateOf = (pid: number): AgentState => ({ ...WELL, pid });
const PROBLEM = {
  key: 'it',
  level: 'warning',
  message: 'It fails',
  facts: { code: 'x' },
  remedy: 'mend it',
  sinceMs: NOW_MS - 1,
  atMs: NOW_MS,
  overMs: undefined,
  times: 1,
} as const;
const asleep = (clock: ManualClock) => until(() => clock.sleepers === 1, { what: 'the state to be written' });

test('the state on disk is renewed every two seconds and once more at the end', async (t) => {
  const directory = temporaryDirectory(t);
  const clock = new ManualClock();
  const stop = new AbortController();
  let pid = 1;
  const kept = keepStateFile(
    directory,
    () => stateOf(pid),
    { clock, files: systemFiles, problems: silentProblems },
    stop.signal,
  );
  await asleep(clock);
  t.is((await readStateFile(directory))?.pid, 1);
  pid = 2;
  await clock.advance(2_000);
  await asleep(clock);
  t.is((await readStateFile(directory))?.pid, 2);
  pid = 3;
  stop.abort();
  await kept;
  t.is((await readStateFile(directory))?.pid, 3);
  t.deepEqual(readdirSync(directory), ['status.json']);
  t.is(statSync(join(directory, 'status.json')).mode & 0o777, 0o600);
});

test('while nothing changes the file is not written again, and its time of change says that it is still so', async (t) => {
  const directory = temporaryDirectory(t);
  const path = join(directory, 'status.json');
  const clock = new ManualClock();
  const stop = new AbortController();
  let [sent, writtenAtMs] = [1, 1];
  const state = () => ({
    ...WELL,
    writtenAtMs: writtenAtMs++,
    // Other programs write to the same disk.
    journal: { ...WELL.journal, freeBytes: 50e9 - 4096 * writtenAtMs },
    delivery: { ...WELL.delivery, sent },
  });
  const kept = keepStateFile(directory, state, { clock, files: systemFiles, problems: silentProblems }, stop.signal);
  await asleep(clock);
  const { ino } = statSync(path);
  utimesSync(path, 2, 2);
  for (let seconds = 2; seconds <= 10; seconds += 2) {
    await clock.advance(2_000);
    await asleep(clock);
  }
  t.is(statSync(path).ino, ino, 'not written');
  t.true(((await readStateFile(directory))?.writtenAtMs ?? 0) > 1_700_000_000_000);

  // Numbers can wait for ten seconds, and no longer.
  sent = 2;
  await clock.advance(2_000);
  await asleep(clock);
  t.is((await readStateFile(directory))?.delivery.sent, 1);
  for (let seconds = 2; seconds < 10; seconds += 2) {
    await clock.advance(2_000);
    await asleep(clock);
  }
  t.is((await readStateFile(directory))?.delivery.sent, 2);
  stop.abort();
  await kept;
});

test('without an agent, or with half a file, there is no state', async (t) => {
  const directory = temporaryDirectory(t);
  t.is(await readStateFile(directory), undefined);
  writeFileSync(join(directory, 'status.json'), '{"pid":');
  t.is(await readStateFile(directory), undefined);
});

test('a disk that takes nothing does not end the agent, and is told of once, as is its end', async (t) => {
  const directory = join(temporaryDirectory(t), 'journal');
  const stop = new AbortController();
  const clock = new ManualClock();
  const told: string[] = [];
  const tell = (message: string, facts: Facts = {}) => told.push(`${message}: ${facts.file}`);
  const problems = new Problems(clock).of({ ...silent, error: tell, notice: tell });
  const kept = keepStateFile(directory, () => stateOf(1), { clock, files: systemFiles, problems }, stop.signal);
  await asleep(clock);
  await clock.advance(2_000);
  await asleep(clock);
  mkdirSync(directory);
  await clock.advance(2_000);
  await asleep(clock);
  stop.abort();
  await t.notThrowsAsync(kept);
  const file = join(directory, 'status.json');
  t.deepEqual(told, [
    `The state for status cannot be written; status will show an old one: ${file}`,
    `A file of the agent can be written again: ${file}`,
  ]);
});

/** Every place within `value` replaced by each of `others`, one at a time. */
function* mutations(value: unknown, others: readonly unknown[]): Iterable<unknown> {
  yield* others;
  if (typeof value !== 'object' || value === null) return;
  for (const [name, inner] of Object.entries(value)) {
    for (const mutated of mutations(inner, others)) {
      yield Array.isArray(value) ? value.with(Number(name), mutated) : { ...value, [name]: mutated };
    }
  }
}

test('a state with a value of another type is refused, or can be shown all the same', (t) => {
  const full = stateWith({
    problems: [{ ...PROBLEM, level: 'error' }],
    delivery: { outage: { sinceMs: NOW_MS, failure: undefined } },
  });
  let refused = 0;
  for (const mutated of mutations(full, [null, 'x', -1.5, 1e300, true, [], {}, [null], undefined])) {
    let state: AgentState;
    try {
      state = checkedState(mutated);
    } catch (error) {
      t.true(error instanceof SyntaxError);
      refused += 1;
      continue;
    }
    t.notThrows(() => statusText(reportOf(state, { name: 'present' }), NOW_MS), JSON.stringify(mutated));
    t.notThrows(() => statusText(reportOf(state, { name: 'absent' }), NOW_MS), JSON.stringify(mutated));
  }
  t.true(refused > 500);
});
