import test from 'ava';
import { FeedbackLoops } from '../../src/ingest/feedback-loop.js';
import { Problems } from '../../src/lib/problems.js';
import type { Chunk } from '../../src/model/line.js';
import { ManualClock } from '../support/manual-clock.js';
import { silent } from '../support/silent.js';

const RUN = '0123456789abcdef';

function chunkOf(text: string, path = '/var/log/audit.log'): Chunk {
  const identity = { inode: 1, device: 1, birthtimeMs: 0, head: '', last: '' };
  const from = { tailId: '00000000000000aa', source: 'main', path, offset: 0, identity };
  return { from, to: { ...from, offset: text.length }, bytes: Buffer.from(text), ending: 'newline', readAtMs: 0 };
}

function watched() {
  const held: string[] = [];
  const told: string[] = [];
  const report = { ...silent, error: (message: string) => void told.push(message) };
  const problems = new Problems(new ManualClock()).of(report);
  const tails = new FeedbackLoops(RUN, problems, (tailId) => void held.push(tailId));
  return { tails, held, told };
}

test('a file that holds messages of this run is reported once and held back each time', (t) => {
  const { tails, held, told } = watched();
  const loop = chunkOf(`<85>1 - - - - - [audit@32473 run="${RUN}" seq="7" id="x:0" source="main"] a line\n`);
  tails.look(loop);
  tails.look(loop);
  t.is(held.length, 2);
  t.is(told.length, 1);
  t.deepEqual([...tails.paths], ['/var/log/audit.log']);
});

test('lines of any other kind, even of other runs, are read as fast as ever', (t) => {
  const { tails, held, told } = watched();
  tails.look(chunkOf('{"id": 1}\n'));
  tails.look(chunkOf('[audit@32473 run="fedcba9876543210" seq="7"]\n'));
  t.deepEqual([held, told], [[], []]);
});
