import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import {
  CollectorMemories,
  type CollectorMemory,
  learn,
  UNKNOWN_COLLECTOR,
} from '../../src/delivery/collector-memory.js';
import { systemFiles } from '../../src/lib/files.js';
import type { Problem } from '../../src/lib/problems.js';
import { type Ending, judge, type Level, type Observation } from '../../src/link/acknowledge.js';
import { temporaryDirectory } from '../support/files.js';
import { silentProblems } from '../support/silent.js';

const context = { files: systemFiles, problems: silentProblems };
const HIE = { host: 'hie.example.org', port: 6514 };
const learnt = { level: 'fin', weaker: undefined, oneAtATime: true } as const;

test('what was learnt of a collector is there after a restart', async (t) => {
  const directory = temporaryDirectory(t);
  const memories = await CollectorMemories.open(directory, context);
  t.deepEqual(memories.of('hie.example.org', 6514), UNKNOWN_COLLECTOR);
  await memories.keep(HIE, learnt);
  const again = await CollectorMemories.open(directory, context);
  t.deepEqual(again.of('hie.example.org', 6514), learnt);
  t.deepEqual(again.of('hie.example.org', 6515), UNKNOWN_COLLECTOR);
});

test('what the disk refused to keep is written at the next ending, although nothing new is learnt', async (t) => {
  const directory = join(temporaryDirectory(t), 'journal');
  const memories = await CollectorMemories.open(directory, context);
  await memories.keep(HIE, learnt);
  mkdirSync(directory);
  await memories.keep(HIE, learnt);
  t.deepEqual((await CollectorMemories.open(directory, context)).of('hie.example.org', 6514), learnt);
});

test('a doubt that is not a level yet is not written', async (t) => {
  const directory = temporaryDirectory(t);
  const memories = await CollectorMemories.open(directory, context);
  const doubtful = { ...UNKNOWN_COLLECTOR, weaker: { level: 'window', count: 1 } } as const;
  await memories.keep(HIE, doubtful);
  t.deepEqual(memories.of('hie.example.org', 6514), doubtful);
  t.throws(() => readFileSync(join(directory, 'collectors.json')), { code: 'ENOENT' });
});

for (const [what, content] of [
  ['rubbish', '{"hie'],
  ['another kind of JSON', '[1, null, "x"]'],
  ['null', 'null'],
  ['a level that there is not', '{"hie.example.org:6514":{"level":"certain","oneAtATime":"yes"}}'],
]) {
  test(`a file of ${what} is as good as none`, async (t) => {
    const directory = temporaryDirectory(t);
    writeFileSync(join(directory, 'collectors.json'), content ?? '');
    const memories = await CollectorMemories.open(directory, context);
    t.deepEqual(memories.of('hie.example.org', 6514), UNKNOWN_COLLECTOR);
  });
}

test('a disk that takes nothing is warned of, and what was learnt holds until the restart', async (t) => {
  const directory = temporaryDirectory(t);
  const raised: string[] = [];
  const problems = { ...silentProblems, raise: ({ key }: Problem) => void raised.push(key) };
  const memories = await CollectorMemories.open(directory, { ...context, problems });
  rmSync(directory, { recursive: true });
  await memories.keep(HIE, learnt);
  t.deepEqual(raised, [`write ${join(directory, 'collectors.json')}`]);
  t.deepEqual(memories.of('hie.example.org', 6514), learnt);
});

const closeWait = { state: 'close-wait', unconfirmedBytes: 0 } as const;
const established = { state: 'established', unconfirmedBytes: 0 } as const;
const base: Observation = {
  answer: 'close-notify',
  finSeen: true,
  ourFinFirst: false,
  kernel: closeWait,
  error: undefined,
};

function ending(change: Partial<Observation>): Ending {
  return judge({ ...base, ...change });
}
const answered = ending({});
const finOnly = ending({ answer: 'fin' });
const unanswered = ending({ answer: 'none', finSeen: false, kernel: established });
const broken = ending({ answer: 'broken', error: new Error('reset') });

function after(memory: CollectorMemory, endings: readonly Ending[], fixed?: Level) {
  const answers: boolean[] = [];
  let present = memory;
  for (const one of endings) {
    const lesson = learn(present, one, fixed);
    answers.push(lesson.acknowledged);
    present = lesson.memory;
  }
  return { answers, level: present.level };
}

test('a close_notify that answers ours acknowledges at once and is remembered', (t) => {
  t.deepEqual(after(UNKNOWN_COLLECTOR, [answered]), { answers: [true], level: 'close-notify' });
});

test('a collector that only ever sends FIN is acknowledged at level fin', (t) => {
  t.deepEqual(after(UNKNOWN_COLLECTOR, [finOnly, finOnly]), { answers: [true, true], level: 'fin' });
});

test('a collector that never answers is believed after three quiet epochs, at level window', (t) => {
  t.deepEqual(after(UNKNOWN_COLLECTOR, [unanswered, unanswered, unanswered, unanswered]), {
    answers: [false, false, true, true],
    level: 'window',
  });
});

test('a stronger answer raises the level', (t) => {
  const window = after(UNKNOWN_COLLECTOR, [unanswered, unanswered, unanswered]).level;
  t.is(window, 'window');
  t.deepEqual(after({ ...UNKNOWN_COLLECTOR, level: 'window' }, [answered]), { answers: [true], level: 'close-notify' });
});

test('a learnt level is weakened only by three equal weaker answers in a row', (t) => {
  const learnt: CollectorMemory = { ...UNKNOWN_COLLECTOR, level: 'close-notify' };
  t.deepEqual(after(learnt, [finOnly, finOnly, answered, finOnly, finOnly]), {
    answers: [false, false, true, false, false],
    level: 'close-notify',
  });
  t.deepEqual(after(learnt, [finOnly, finOnly, finOnly, finOnly]), {
    answers: [false, false, true, true],
    level: 'fin',
  });
});

test('crashes prove nothing and weaken nothing', (t) => {
  const learnt: CollectorMemory = { ...UNKNOWN_COLLECTOR, level: 'close-notify' };
  t.deepEqual(after(learnt, Array<Ending>(20).fill(broken)), { answers: Array(20).fill(false), level: 'close-notify' });
});

test('a level fixed by the operator is neither learnt nor weakened', (t) => {
  t.deepEqual(after(UNKNOWN_COLLECTOR, [finOnly, finOnly, finOnly, finOnly], 'close-notify'), {
    answers: [false, false, false, false],
    level: undefined,
  });
  t.deepEqual(after(UNKNOWN_COLLECTOR, [answered], 'fin').answers, [true]);
});

test('too little proof is refused with the reason, and a level that changes is reported', async (t) => {
  const happened: Omit<Problem, 'over'>[] = [];
  const problems = { ...silentProblems, happened: (problem: Omit<Problem, 'over'>) => void happened.push(problem) };
  const memories = await CollectorMemories.open(temporaryDirectory(t), { ...context, problems });
  const target = { ...HIE, address: '192.0.2.1' };
  const circumstances = { fixedLevel: undefined, closedFirst: false };
  t.is(await memories.levelOf(answered, target, circumstances), 'close-notify');
  for (let time = 0; time < 2; time += 1) {
    await t.throwsAsync(memories.levelOf(finOnly, target, circumstances), { message: /closed without close_notify/ });
  }
  t.deepEqual(happened, []);
  t.is(await memories.levelOf(finOnly, target, circumstances), 'fin');
  t.like(happened, [{ facts: { before: 'close-notify', now: 'fin' } }]);
  await t.throwsAsync(memories.levelOf(broken, target, circumstances), { message: /reset/ });
});
