import test from 'ava';
import { type CollectorMemory, learn, UNKNOWN_COLLECTOR } from '../../src/delivery/collector-memory.js';
import { type Ending, judge, type Level, type Observation } from '../../src/link/acknowledge.js';

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
const silent = ending({ answer: 'none', finSeen: false, kernel: established });
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
  t.deepEqual(after(UNKNOWN_COLLECTOR, [silent, silent, silent, silent]), {
    answers: [false, false, true, true],
    level: 'window',
  });
});

test('a stronger answer raises the level', (t) => {
  const window = after(UNKNOWN_COLLECTOR, [silent, silent, silent]).level;
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
