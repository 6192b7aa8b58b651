import test from 'ava';
import { Problems } from '../../src/lib/problems.js';
import type { Facts, Report } from '../../src/model/report.js';
import { ManualClock } from '../support/manual-clock.js';

function stage() {
  const clock = new ManualClock();
  const said: [level: string, message: string, facts: Facts][] = [];
  const say =
    (level: string) =>
    (message: string, facts: Facts = {}) =>
      void said.push([level, message, facts]);
  const report: Report = {
    debug: say('debug'),
    info: say('info'),
    notice: say('notice'),
    warning: say('warning'),
    error: say('error'),
  };
  const problems = new Problems(clock);
  return { clock, said, problems, part: problems.of(report) };
}

const unwritable = {
  key: 'cursor',
  level: 'error',
  message: 'The cursor cannot be written',
  facts: { code: 'ENOSPC' },
  remedy: 'free space on this volume',
  over: 'The cursor can be written again',
} as const;

test('a problem is logged when it begins, listed while it lasts, and logged again when it is over', async (t) => {
  const { clock, said, problems, part } = stage();
  const beganMs = clock.nowMs();
  part.raise(unwritable);
  await clock.advance(1_000);
  part.raise({ ...unwritable, facts: { code: 'EIO' } });
  t.like(problems.present[0], { sinceMs: beganMs, atMs: beganMs + 1_000, times: 2, facts: { code: 'EIO' } });
  part.clear('cursor');
  t.deepEqual(problems.present, []);
  t.like(problems.past[0], { message: unwritable.message, sinceMs: beganMs, overMs: beganMs + 1_000 });
  t.deepEqual(said, [
    ['error', unwritable.message, { code: 'ENOSPC', remedy: unwritable.remedy }],
    ['notice', unwritable.over, {}],
  ]);
});

test('a problem that lasts is logged again after ten minutes, with how often it was met in between', async (t) => {
  const { clock, said, part } = stage();
  for (let minute = 0; minute <= 10; minute += 1) {
    part.raise(unwritable);
    await clock.advance(60_000);
  }
  t.is(said.length, 2);
  t.is(said[1]![2].unsaid, 9);
});

test('another sentence under the same key is logged at once', (t) => {
  const { said, part } = stage();
  part.raise(unwritable);
  part.raise({ ...unwritable, message: 'The volume is read-only' });
  t.deepEqual(
    said.map(([, message]) => message),
    [unwritable.message, 'The volume is read-only'],
  );
});

test('clearing a key clears what was raised about each file under it, and no other key', (t) => {
  const { problems, part } = stage();
  part.raise({ key: 'blocked /a', message: 'A file cannot be read' });
  part.raise({ key: 'blocked /b', message: 'A file cannot be read' });
  part.raise({ key: 'blockedness', message: 'Something else' });
  part.clear('blocked');
  t.deepEqual(
    problems.present.map(({ key }) => key),
    ['blockedness'],
  );
});

test('what is not so is cleared without a word', (t) => {
  const { said, problems, part } = stage();
  part.clear('cursor');
  t.deepEqual(said, []);
  t.deepEqual(problems.past, []);
});

test('what happened once is listed as over', (t) => {
  const { said, problems, part } = stage();
  part.happened({ key: 'gap', message: 'Lines were lost' });
  t.deepEqual(problems.present, []);
  t.is(problems.past[0]!.overMs, problems.past[0]!.sinceMs);
  t.is(said.length, 1);
});

test('what happens again and again is logged each time, or as often as it may be, with how often it was left out', async (t) => {
  const { clock, said, problems, part } = stage();
  const gap = { key: 'gap', message: 'Lines were lost' };
  part.happened(gap);
  part.happened(gap);
  t.is(said.length, 2);
  const fault = { key: 'fault', message: 'A line could not be understood', repeatMs: 1_000 };
  for (let time = 0; time < 5; time += 1) part.happened(fault);
  await clock.advance(1_000);
  part.happened(fault);
  t.deepEqual(
    said.slice(2).map(([, , facts]) => facts.unsaid),
    [undefined, 4],
  );
  t.is(problems.past[0]!.times, 6);
});

test('a problem that comes back is listed once, as present, and then once, as over', (t) => {
  const { problems, part } = stage();
  for (let time = 0; time < 3; time += 1) {
    part.raise(unwritable);
    part.clear('cursor');
  }
  t.is(problems.past.length, 1);
});

test('however many problems there are, each is logged, and the lists stay short', (t) => {
  const { said, problems, part } = stage();
  for (let file = 0; file < 1_000; file += 1) part.raise({ key: `blocked /${file}`, message: 'A file cannot be read' });
  t.is(problems.present.length, 100);
  t.is(problems.count, 1_000);
  t.is(said.length, 1_000);
  part.clear('blocked');
  t.is(problems.past.length, 10);
});

test('several problems that end together in the same words are over once, and whoever hears of a problem hears of it as often as the log', async (t) => {
  const { clock, said, part } = stage();
  let heard = 0;
  const logged = () => {
    heard += 1;
  };
  for (let time = 0; time < 3; time += 1) {
    part.raise({ key: 'forward refused', message: 'Failed', over: 'It works again', logged });
    part.raise({ key: 'forward no-dns', message: 'Failed', over: 'It works again' });
  }
  await clock.advance(600_000);
  part.raise({ key: 'forward refused', message: 'Failed', over: 'It works again', logged });
  t.is(heard, 2);
  part.clear('forward');
  t.is(said.filter(([, message]) => message === 'It works again').length, 1);
});

test('what happens again is listed with its count', async (t) => {
  const { clock, problems, part } = stage();
  const beganMs = clock.nowMs();
  part.happened({ key: 'gap', message: 'A range is lost' });
  await clock.advance(5_000);
  part.happened({ key: 'gap', message: 'A range is lost' });
  t.like(problems.past, [{ times: 2, sinceMs: beganMs, overMs: beganMs + 5_000 }]);
});

test('the end of an agent ends its problems without a word', (t) => {
  const { said, problems, part } = stage();
  part.raise(unwritable);
  problems.endAll();
  t.deepEqual(problems.present, []);
  t.is(problems.past.length, 1);
  t.is(said.length, 1);
});
