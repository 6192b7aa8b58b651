/**
 * 100 000 rows from OpenEMR's tables to rsyslog with both profiles, while every
 * part is killed and the tables are swapped; and ten minutes at some 200 rows a second,
 * in which a backup fails, too. CRASH_SEED repeats the choices, CRASH_ROWS makes it shorter.
 */
import test from 'ava';
import { Chain } from '../support/chain.js';
import { assertWhole, playChain } from '../support/chain-story.js';
import { chance } from '../support/crash-story.js';

const SEED = Number(process.env.CRASH_SEED ?? Date.now() % 1_000_000);
const ROWS = Number(process.env.CRASH_ROWS ?? 100_000);

test('each of 100 000 rows is in the files once and at rsyslog, whatever part is killed', async (t) => {
  t.timeout(1_800_000);
  t.log(`CRASH_SEED=${SEED}`);
  const chain = await Chain.open(t, ['plain', 'atna']);
  const counted = await playChain(t, chain, {
    before: ROWS / 2,
    habits: { rows: ROWS / 2, sessions: 6, pauseMs: 15, random: chance(SEED) },
    swapsAt: [0.1 * ROWS, 0.3 * ROWS],
    kills: 10,
    longestPauseMs: 4_000,
    longestOutageMs: 2_000,
  });

  t.true(counted.rows > 0.9 * ROWS);
  await assertWhole(t, chain, counted);
});

test('ten minutes at 200 rows/s with a swap, a failed backup and kills of every part: each row once', async (t) => {
  t.timeout(1_800_000);
  t.log(`CRASH_SEED=${SEED}`);
  const chain = await Chain.open(t, ['plain', 'atna']);
  const counted = await playChain(t, chain, {
    before: 1000,
    habits: { rows: 1.2 * ROWS, sessions: 6, pauseMs: 25, random: chance(SEED) },
    swapsAt: [0.3 * ROWS],
    failsAt: 0.8 * ROWS,
    kills: 10,
    longestPauseMs: 10_000,
    longestOutageMs: 3_000,
  });

  t.true(counted.rows > ROWS);
  await assertWhole(t, chain, counted);
});
