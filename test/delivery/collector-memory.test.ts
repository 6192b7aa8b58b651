import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { CollectorMemories, UNKNOWN_COLLECTOR } from '../../src/delivery/collector-memory.js';
import { systemFiles } from '../../src/lib/files.js';
import type { Problem } from '../../src/lib/problems.js';
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
