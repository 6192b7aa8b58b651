/**
 * From OpenEMR's tables to rsyslog, with both profiles, while every part is
 * killed: no row is missing, and what the programs say of it is true.
 */
import test from 'ava';
import { Chain } from '../support/chain.js';
import { assertWhole, playChain } from '../support/chain-story.js';
import { chance } from '../support/crash-story.js';

const SEED = Number(process.env.CRASH_SEED ?? Date.now() % 1_000_000);

test('each row is in the files once and at rsyslog, whatever part is killed', async (t) => {
  t.log(`CRASH_SEED=${SEED}`);
  const chain = await Chain.open(t, ['plain', 'atna']);
  const counted = await playChain(t, chain, {
    before: 1500,
    habits: { rows: 1500, sessions: 4, pauseMs: 10, random: chance(SEED) },
    swapsAt: [700],
    kills: 2,
    longestPauseMs: 700,
    longestOutageMs: 500,
  });

  t.true(counted.rows > 2000);
  await assertWhole(t, chain, counted);
});
