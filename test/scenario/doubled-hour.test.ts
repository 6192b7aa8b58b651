import { appendFileSync } from 'node:fs';
import test from 'ava';
import { parseMessage } from '../../src/syslog/rfc5424.js';
import { Stage } from '../support/agent.js';
import { makeTestPki, type TestPki } from '../support/certificates.js';
import { collecting } from '../support/collecting.js';
import { auditRow, rowFile } from '../support/openemr-rows.js';
import { until } from '../support/wait.js';

let pki: TestPki;
test.before(async () => {
  pki = await makeTestPki();
});
test.after.always(() => pki.remove());

const MINUTE_MS = 60_000;
/** 1 November 2026, New York: the clock goes from 01:59:59 back to 01:00:00. */
const CHANGE_MS = Date.parse('2026-11-01T06:00:00Z');
const MINUTES = 240;

test('a night with a doubled hour arrives with the right offsets, although the agent is killed in each pass', async (t) => {
  const collector = await collecting(t, pki);
  const source = { format: 'openemr', timeZone: 'America/New_York' };
  const stage = new Stage(t, { pki, collectors: [{ host: 'localhost', port: collector.port }], source });
  // Killed at 01:40 of the first pass, at 01:20 of the second, and at 02:10.
  for (const [from, to] of [
    [0, 100],
    [100, 140],
    [140, 190],
    [190, MINUTES],
  ] as const) {
    const agent = await stage.startProgram();
    appendFileSync(stage.log, rowFile(rows().slice(from, to)));
    await until(() => timesAt(collector.messages).size === to, { what: `the rows up to minute ${to}`, everyMs: 50 });
    await agent.kill();
  }

  const times = timesAt(collector.messages);
  for (let minute = 0; minute < MINUTES; minute += 1) {
    const { wall, offset } = shownAt(minute);
    const doubled = minute >= 60 && minute < 180;
    t.is(times.get(String(minute + 1)), `${wall}${offset}${doubled ? ' in doubt' : ''}`);
  }
});

/** A row a minute, two hours before the change to two hours after it; ids from 1. */
function rows() {
  return Array.from({ length: MINUTES }, (_, minute) =>
    auditRow({ id: minute + 1, date: shownAt(minute).wall.replace('T', ' ') }),
  );
}

function shownAt(minute: number): { wall: string; offset: string } {
  const ms = CHANGE_MS + (minute - MINUTES / 2) * MINUTE_MS;
  const hours = ms < CHANGE_MS ? 4 : 5;
  const wall = new Date(ms - hours * 60 * MINUTE_MS).toISOString().slice(0, 'YYYY-MM-DDTHH:MM:SS'.length);
  return { wall, offset: `-0${hours}:00` };
}

/** TIMESTAMP by the row's id, and whether it is said to be in doubt. */
function timesAt(messages: readonly Buffer[]): Map<string, string> {
  const times = new Map<string, string>();
  for (const bytes of messages) {
    const parsed = parseMessage(bytes);
    if (!parsed.ok) throw parsed.fault;
    const { structuredData, timestamp } = parsed.message;
    const row = structuredData.flatMap(({ params }) => params).find(([name]) => name === 'row')?.[1];
    const doubt = structuredData.some(({ id }) => id === 'timeQuality') ? ' in doubt' : '';
    if (row !== undefined) times.set(row.split(':').at(-1)!, `${timestamp}${doubt}`);
  }
  return times;
}
