/** glibc and Debian's tzdata have an opinion of their own on what clocks showed: GNU date is asked for it. Debian: coreutils, tzdata. */
import { spawnSync } from 'node:child_process';
import test from 'ava';
import type { DoubledHour } from '../../src/model/position.js';
import { ZoneClock } from '../../src/openemr/wall-time.js';

const HOUR_S = 3600;
const ZONES = [
  'America/New_York',
  'America/St_Johns',
  'America/Sao_Paulo',
  'Europe/Berlin',
  'Europe/London',
  'Africa/Cairo',
  'Asia/Tehran',
  'Australia/Lord_Howe',
  'Pacific/Apia',
];

for (const zone of ZONES) {
  test(`${zone}: around every change since 2005, each fifth minute is read as GNU date shows it`, (t) => {
    const changes = changesSince2005(zone);
    t.true(changes.length > 4, `${changes.length}`);
    for (const change of changes) {
      const seconds = Array.from({ length: 96 }, (_, index) => change + (index - 48) * 300);
      const clock = new ZoneClock(zone);
      let state: DoubledHour | undefined;
      for (const shown of date(zone, seconds)) {
        const read = clock.at(shown.slice(0, 'YYYY-MM-DDTHH:MM:SS'.length), undefined, state);
        state = read.doubledHour;
        t.is(read.timestamp, shown);
      }
    }
  });
}

/** To the second, found by asking for each hour and then for less and less. */
function changesSince2005(zone: string): number[] {
  const hours: number[] = [];
  for (let s = Date.UTC(2005, 0, 1) / 1000; s < Date.UTC(2027, 0, 1) / 1000; s += HOUR_S) hours.push(s);
  const offsets = date(zone, hours).map(offsetIn);
  return hours
    .filter((_, index) => index > 0 && offsets[index] !== offsets[index - 1])
    .map((hour) => {
      const quarters = [hour - HOUR_S, hour - 2700, hour - 1800, hour - 900, hour];
      const shown = date(zone, quarters).map(offsetIn);
      return quarters[shown.findIndex((offset) => offset !== shown[0])]!;
    });
}

function offsetIn(shown: string): string {
  return shown.slice(-'+00:00'.length);
}

/** What the clocks of a zone showed at these seconds since 1970. */
function date(zone: string, seconds: readonly number[]): string[] {
  const input = seconds.map((second) => `@${second}\n`).join('');
  const { stdout, stderr, status } = spawnSync('date', ['--file=-', '+%Y-%m-%dT%H:%M:%S%:z'], {
    input,
    encoding: 'utf8',
    env: { PATH: process.env.PATH, TZ: zone },
    maxBuffer: 1 << 26,
  });
  if (status !== 0) throw new Error(stderr);
  return stdout.trimEnd().split('\n');
}
