import test from 'ava';
import { Lag } from '../../src/agent/lag.js';
import type { FileState } from '../../src/source/sources.js';

function fileOf(
  tailId: string,
  offset: number,
  lagBytes: number | undefined,
  change: Partial<FileState> = {},
): FileState {
  const path = `/var/log/${tailId}.log`;
  const nothing = { size: undefined, code: undefined, open: true, unlinked: false, holeBytes: 0 };
  return { path, source: 'main', tailId, offset, lagBytes, ...nothing, ...change };
}

test('the lag of a source is that of its files, and every source is named, also one without files', (t) => {
  const lag = new Lag();
  const files = [fileOf('a', 10, 100), fileOf('b', 0, 50), fileOf('z', 0, undefined, { code: 'EACCES' })];
  t.deepEqual(lag.states(['main', 'other'], files, 0), [
    { name: 'main', files: 2, unreadable: 1, lagBytes: 150, lagLines: undefined, lagMs: 0 },
    { name: 'other', files: 0, unreadable: 0, lagBytes: 0, lagLines: 0, lagMs: 0 },
  ]);
});

test('unread lines are estimated by those that were read', (t) => {
  const lag = new Lag();
  lag.took('main', 1_000, 10);
  lag.took('other', 1_000, 1_000);
  t.is(lag.states(['main'], [fileOf('a', 1_000, 250)], 0)[0]?.lagLines, 3);
});

test('the oldest unread byte is as old as the first look that saw it, however fast reading goes on behind it', (t) => {
  const lag = new Lag();
  const ageOf = (offset: number, lagBytes: number, atMs: number) => {
    const files = [fileOf('a', offset, lagBytes)];
    lag.look(files, atMs);
    return lag.states(['main'], files, atMs)[0]?.lagMs;
  };
  t.is(ageOf(0, 100, 0), 0);
  t.is(ageOf(0, 100, 5_000), 5_000);
  t.is(ageOf(50, 150, 10_000), 10_000, 'a byte of the first look is still unread');
  t.is(ageOf(100, 200, 15_000), 5_000, 'the oldest came by the third look');
  t.is(ageOf(300, 0, 20_000), 0);
  t.is(ageOf(300, 10, 25_000), 0, 'all was read meanwhile');
});

test('a file that grows at every look keeps the age of its oldest byte, about', (t) => {
  const lag = new Lag();
  for (let look = 0; look <= 1_000; look++) lag.look([fileOf('a', 0, 100 + look)], look * 5_000);
  t.is(lag.states(['main'], [fileOf('a', 0, 1_100)], 5_000_000)[0]?.lagMs, 5_000_000);
});
