import test from 'ava';
import fc from 'fast-check';
import type { Beginning, RunFindings } from '../../src/verify/chain.js';
import type { Findings } from '../../src/verify/completeness.js';
import { objections } from '../../src/verify/verdict.js';
import { modelStores } from '../support/store-model.js';
import { asFrames, asLines, auditMessage, auditMessages, examineFiles, ownMessage, runId } from '../support/stored.js';

const [one, two, three, four] = [runId(1), runId(2), runId(3), runId(4)];

/** Each list is a file. */
async function findingsOf(
  files: readonly (readonly Buffer[])[],
  beginnings: readonly Beginning[] = [],
): Promise<Findings> {
  return (await examineFiles(files.map(asLines), { beginnings })).findings;
}

function gapsOf({ runs }: Findings): string[] {
  return runs.flatMap(({ run, gaps }) =>
    gaps.map(({ first, last, declaredBy }) => `${run}:${first}-${last}${declaredBy === undefined ? '' : ' told'}`),
  );
}

function predecessors({ runs }: Findings): Record<string, RunFindings['predecessor']> {
  return Object.fromEntries(runs.map(({ run, predecessor }) => [run, predecessor]));
}

function total({ runs }: Findings, of: (run: RunFindings) => number): number {
  return runs.reduce((sum, run) => sum + of(run), 0);
}

function names(findings: Findings): string[] {
  return objections(findings).map(({ name }) => name);
}

test('whatever a collector loses, repeats, alters and shuffles, it is found and counted', async (t) => {
  await fc.assert(
    fc.asyncProperty(modelStores, async ({ files, altered, missing, absentRuns, different }) => {
      const findings = await findingsOf(files.map((messages) => messages.map(({ bytes }) => bytes)));

      const found = findings.runs.flatMap(({ run, gaps }) =>
        gaps.flatMap(({ first, last }) =>
          Array.from({ length: last - first + 1 }, (_, index) => `${run}:${first + index}`),
        ),
      );
      t.deepEqual(found.sort(), missing);
      const absent = findings.runs
        .filter(({ predecessor }) => predecessor === 'missing')
        .map(({ follows }) => follows!.run);
      t.deepEqual(absent.sort(), absentRuns);
      t.is(
        total(findings, ({ altered: found }) => found.count),
        altered.length,
      );
      const shown = findings.runs.flatMap((run) => run.altered.examples.map((seq) => `${run.run}:${seq}`));
      t.true(shown.every((name) => altered.includes(name)));
      t.is(findings.messages, files.flat().length);
      t.is(
        total(findings, ({ messages }) => messages),
        different,
      );
      t.is(total(findings, ({ repeats }) => repeats) + altered.length, files.flat().length - different);
      const clean = missing.length === 0 && absentRuns.length === 0 && altered.length === 0 && different > 0;
      t.is(objections(findings).length === 0, clean);
    }),
    { numRuns: 300 },
  );
});

test('runs are told in the order of their chain, whatever the order of the files', async (t) => {
  const chain = [
    auditMessages(one, 1, 3),
    [auditMessage(two, 1, { follows: `${one}:3` })],
    [auditMessage(three, 1, { follows: `${two}:1` })],
  ];

  for (const files of [chain, chain.toReversed(), [chain[1]!, chain[2]!, chain[0]!]]) {
    const findings = await findingsOf(files);
    t.deepEqual(
      findings.runs.map(({ run }) => run),
      [one, two, three],
    );
    t.deepEqual(predecessors(findings), { [one]: 'none', [two]: 'stored', [three]: 'stored' });
    t.deepEqual(names(findings), []);
  }
});

test('two agents in one store are two chains', async (t) => {
  const findings = await findingsOf([[...auditMessages(one, 1, 3), ...auditMessages(two, 1, 4)]]);

  t.deepEqual(predecessors(findings), { [one]: 'none', [two]: 'none' });
  t.deepEqual(names(findings), []);
});

test('the first run seen may begin at 1 only', async (t) => {
  const findings = await findingsOf([auditMessages(one, 5, 9)]);

  t.deepEqual(gapsOf(findings), [`${one}:1-4`]);
  t.is(findings.runs[0]?.predecessor, 'unknown');
  t.deepEqual(names(findings), ['missing']);
});

test('a store may be said to begin with a run, at its first message or at a later one', async (t) => {
  const files = [auditMessages(one, 5, 9), [auditMessage(two, 1, { follows: `${one}:9` })]];

  t.deepEqual(names(await findingsOf(files, [{ run: one, seq: undefined }])), []);
  t.deepEqual(names(await findingsOf(files, [{ run: one, seq: 6 }])), []);
  t.deepEqual(gapsOf(await findingsOf(files, [{ run: one, seq: 3 }])), [`${one}:3-4`]);
});

test('what comes before the beginning is not judged', async (t) => {
  const told = ownMessage(one, 8, 'gap', ' reason="truncated"');
  const files = [
    [...auditMessages(one, 5, 7), told],
    [auditMessage(two, 1, { follows: `${one}:9` }), auditMessage(two, 2)],
  ];

  const findings = await findingsOf(files, [{ run: two, seq: undefined }]);

  t.deepEqual(predecessors(findings), { [one]: 'earlier', [two]: 'not-asked' });
  t.deepEqual(names(findings), []);
});

test('a beginning that is not stored is not passed over', async (t) => {
  t.deepEqual(names(await findingsOf([auditMessages(one, 1, 2)], [{ run: two, seq: undefined }])), [
    'beginning-absent',
  ]);
});

test('a run that follows one of which nothing is stored says so', async (t) => {
  const findings = await findingsOf([[auditMessage(two, 1, { follows: `${one}:3` }), auditMessage(two, 2)]]);

  t.deepEqual(objections(findings), [{ name: 'predecessor-missing', run: two, follows: { run: one, seq: 3 } }]);
});

test('the end of a run is known from the run that follows it', async (t) => {
  const findings = await findingsOf([[...auditMessages(one, 1, 7), auditMessage(two, 1, { follows: `${one}:9` })]]);

  t.deepEqual(gapsOf(findings), [`${one}:8-9`]);
});

test('a machine set back to yesterday: what was sent since is no fault, nor are two runs that follow one', async (t) => {
  const findings = await findingsOf([
    [
      ...auditMessages(one, 1, 9),
      auditMessage(two, 1, { follows: `${one}:9` }),
      auditMessage(three, 1, { follows: `${one}:5` }),
    ],
  ]);

  t.deepEqual(predecessors(findings), { [one]: 'none', [two]: 'stored', [three]: 'stored' });
  t.deepEqual(names(findings), []);
});

test('numbers that the agent told of as lost are told apart from others, to the seq', async (t) => {
  const gap = ownMessage(two, 2, 'gap', ` reason="journal-damaged" missing="${one}:4-6" missing="${one}:15-*"`);
  const present = auditMessages(one, 1, 20).filter((_, index) => ![3, 4, 5, 6, 15, 16, 17, 18].includes(index + 1));
  const findings = await findingsOf([[...present, auditMessage(two, 1, { follows: `${one}:22` }), gap]]);

  t.deepEqual(gapsOf(findings), [`${one}:3-3`, `${one}:4-6 told`, `${one}:15-18 told`, `${one}:21-22 told`]);
  t.deepEqual(objections(findings), [
    { name: 'missing', messages: 10, told: 9 },
    { name: 'told-losses', losses: 1 },
  ]);
});

test('losses at the source are the word of the agent, and once is enough', async (t) => {
  const loss = ownMessage(one, 2, 'gap', ' reason="truncated" file="/var/log/a.log" tail="aa" from="10" to=""');
  const findings = await findingsOf([[auditMessage(one, 1), loss, loss]]);

  t.deepEqual(findings.runs[0]?.losses, {
    count: 1,
    examples: [{ seq: 2, kind: 'gap', facts: { reason: 'truncated', file: '/var/log/a.log', tail: 'aa', from: '10' } }],
  });
  t.deepEqual(names(findings), ['told-losses']);
});

test('the latest heartbeat is the one with the latest time, not the last one stored', async (t) => {
  const beat = (seq: number, time: string) => ownMessage(one, seq, 'heartbeat', ' last="1"', { time });
  const findings = await findingsOf([
    [beat(2, '2026-11-23T11:00:00Z'), beat(1, '2026-11-23T10:00:00Z'), beat(3, '2026-11-23T12:00:00+02:00')],
  ]);

  t.deepEqual(findings.heartbeat, { run: one, seq: 2, timeMs: Date.UTC(2026, 10, 23, 11) });
});

test('a run has stopped when the word of it is its last message', async (t) => {
  const stop = ownMessage(one, 3, 'stop', ' reason="SIGTERM"');

  t.true((await findingsOf([[...auditMessages(one, 1, 2), stop]])).runs[0]?.stopped);
  t.false((await findingsOf([[...auditMessages(one, 1, 2), stop, auditMessage(one, 4)]])).runs[0]?.stopped);
});

test('order is counted within a file, for messages that had not come before', async (t) => {
  const all = auditMessages(one, 1, 6) as [Buffer, Buffer, Buffer, Buffer, Buffer, Buffer];
  const [m1, m2, m3, m4, m5, m6] = all;

  t.is((await findingsOf([[m1, m2, m3, m2, m3, m4, m5, m6]])).runs[0]?.disordered, 0);
  t.is(
    (
      await findingsOf([
        [m4, m5, m6],
        [m1, m2, m3],
      ])
    ).runs[0]?.disordered,
    0,
  );
  t.is((await findingsOf([[m1, m4, m2, m3, m5, m6]])).runs[0]?.disordered, 2);
});

test('a message with its control characters rewritten repeats the one that kept them', async (t) => {
  const as = (msg: string) => auditMessage(one, 1, { msg });
  const findings = await findingsOf([[as('a\tb\0c')], [as('a#011b#000c')]]);

  t.is(findings.runs[0]?.repeats, 1);
  t.is(findings.runs[0]?.altered.count, 0);
});

test('others, and lines that are no messages, are counted and are no objection', async (t) => {
  const foreign = Buffer.from('<13>1 - - - - - - text');
  const findings = await findingsOf([[foreign, Buffer.from('rsyslogd: start'), auditMessage(one, 1), foreign]]);

  t.is(findings.foreign, 2);
  t.deepEqual(findings.unreadable, {
    count: 1,
    examples: [{ file: 'file 0', offset: foreign.length + 1, reason: 'priority' }],
  });
  t.deepEqual(names(findings), []);
});

test('a message that is not whole is missing, unless it is there whole as well', async (t) => {
  const whole = ownMessage(one, 2, 'stop');
  const cut = whole.subarray(0, whole.length - 1);

  const without = await findingsOf([[auditMessage(one, 1), cut]]);
  t.deepEqual(gapsOf(without), [`${one}:2-2`]);
  t.is(without.damaged.count, 1);
  t.deepEqual(names(await findingsOf([[auditMessage(one, 1), cut, whole]])), []);
});

test('a run of which only a cut message is there has all its messages missing', async (t) => {
  const findings = await findingsOf([[ownMessage(one, 2, 'stop').subarray(0, -1)]]);

  t.deepEqual(gapsOf(findings), [`${one}:1-2`]);
  t.is(findings.runs[0]?.messages, 0);
});

test('a last line or frame that is being written is neither there nor missing', async (t) => {
  const whole = auditMessage(one, 1);
  const { findings } = await examineFiles([
    Buffer.concat([asLines([whole]), auditMessage(one, 2)]),
    Buffer.concat([asFrames([whole]), Buffer.from('300 <85>1 ')]),
  ]);

  t.is(findings.runs[0]?.last, 1);
  t.deepEqual(
    findings.unfinished.examples.map(({ offset }) => offset),
    [whole.length + 1, asFrames([whole]).length],
  );
  t.deepEqual(names(findings), []);
});

test('a line too long for any message is no message, and the next is found', async (t) => {
  const { findings } = await examineFiles([
    Buffer.concat([Buffer.alloc(17 * 1024 * 1024, 'x'), Buffer.from('\n'), asLines([auditMessage(one, 1)])]),
  ]);

  t.deepEqual(findings.unreadable, { count: 1, examples: [{ file: 'file 0', offset: 0, reason: 'too-long' }] });
  t.is(findings.messages, 1);
});

test('a file that cannot be read to its end is an objection', async (t) => {
  const { findings } = await examineFiles([Buffer.concat([asFrames([auditMessage(one, 1)]), Buffer.from('nonsense')])]);

  t.deepEqual(names(findings), ['broken']);
});

test('a store without a message of ours proves nothing', async (t) => {
  t.deepEqual(names(await findingsOf([[]])), ['nothing']);
});

test('runs that follow each other in a ring are all told of, and no agent makes them', async (t) => {
  const ring = [
    auditMessage(two, 1, { follows: `${three}:1` }),
    auditMessage(three, 1, { follows: `${two}:1` }),
    auditMessage(four, 1, { follows: `${four}:1` }),
    auditMessage(one, 1),
  ];

  const findings = await findingsOf([ring], [{ run: two, seq: undefined }]);
  t.deepEqual(findings.runs.map(({ run }) => run).sort(), [one, two, three, four]);
  t.deepEqual(findings.rings, [[two, three], [four]]);
  t.deepEqual(names(await findingsOf([ring])), ['ring', 'ring']);
});

test("a run ends where the run after it says, and what is stored beyond that is not its agent's", async (t) => {
  const store = [...auditMessages(one, 1, 12), auditMessage(two, 1, { follows: `${one}:9` })];

  const findings = await findingsOf([store]);
  t.deepEqual(findings.runs[0]?.beyond, [{ first: 10, last: 12 }]);
  t.deepEqual(objections(findings), [{ name: 'beyond-end', run: one, end: 9, messages: 3 }]);
});
