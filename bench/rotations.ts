/**
 * What is lost and repeated when Debian's logrotate rotates a log under a steady
 * writer, by each recipe of docs/tailing.md? All senders follow the same file
 * at the same time, each with a collector of its own; afterwards the numbers in what
 * the collectors stored are held against those in the files, by this script
 * alone. In turn a sender runs on, is killed and comes back at once before the
 * rotation, and is away while it happens. By hand, as root, after `npm run build`:
 *
 *     node dist/bench/rotations.js --rounds 6 [RECIPE...]
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { Logrotate, linesIn, recipes } from '../test/support/logrotate.js';
import { SteadyWriter } from '../test/support/steady-writer.js';
import { until } from '../test/support/wait.js';
import { machineLine } from './parts/machine.js';
import { Workplace } from './parts/workplace.js';
import { Follower, followers } from './peers/followers.js';

const { values, positionals } = parseArgs({
  options: { rounds: { type: 'string', default: '6' } },
  allowPositionals: true,
});
const rounds = Number(values.rounds);
const LINES_PER_SECOND = 2_000;
const KINDS = ['runs on', 'killed, back at once', 'away'] as const;
/** Nothing new for this long, and nothing more will come: the slowest look of any of the senders is each 5 s. */
const QUIET_MS = 10_000;
const LIMIT_MS = 2 * 60_000;

interface Round {
  readonly kind: (typeof KINDS)[number];
  /** Its last line. */
  readonly to: number;
}

const workplace = await Workplace.open();
try {
  process.stdout.write(`${await machineLine()}\n\n`);
  process.stdout.write(`| ${rounds} rotations | sender | lost: ${KINDS.join(' | lost: ')} | repeated | crashes |\n`);
  process.stdout.write('| --- | --- | --- | --- | --- | --- | --- |\n');
  for (const recipe of positionals.length > 0 ? positionals : recipes.keys()) await play(recipe);
} finally {
  await workplace.close();
}

async function play(recipe: string): Promise<void> {
  const logs = workplace.place();
  const log = join(logs, 'audit.log');
  writeFileSync(log, '');
  mkdirSync(join(logs, 'old'));
  const logrotate = new Logrotate(logs, recipe);
  // By the document: `compress` is for a program that opens its log for each write.
  const opens = recipe === 'compress' ? 'each time' : 'once';
  const writer = new SteadyWriter({ path: log, linesPerSecond: LINES_PER_SECOND, opens });
  const rotated = recipe === 'olddir' ? [join(logs, 'old', '*.log*')] : [join(logs, 'audit.log[.-]*')];
  const following: Follower[] = [];
  try {
    for (const choice of await followers()) {
      following.push(await Follower.begin(choice, { directory: workplace.place(), log, pki: workplace.pki }, rotated));
    }
    const played = await rotate(writer, logrotate, following);
    await quiet(following);
    tell(recipe, played, linesIn(logs), following);
  } finally {
    writer.stop();
    for (const follower of following) await follower.close();
  }
}

async function rotate(writer: SteadyWriter, logrotate: Logrotate, following: readonly Follower[]): Promise<Round[]> {
  const all = (act: (follower: Follower) => Promise<void>) => Promise.all(following.map(act));
  const seconds = (count: number) => {
    const enough = writer.written + count * LINES_PER_SECOND;
    return until(() => writer.written >= enough, { what: 'more lines', timeoutMs: LIMIT_MS });
  };
  writer.start();
  await until(() => following.every(({ octets }) => octets > 0), { what: 'the first lines to arrive' });
  const played: Round[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const kind = KINDS[round % KINDS.length]!;
    await seconds(1);
    if (kind !== 'runs on') await all((follower) => follower.kill());
    if (kind === 'killed, back at once') await all((follower) => follower.start());
    await seconds(1);
    await logrotate.rotate();
    writer.reopen();
    if (kind === 'away') await all((follower) => follower.start());
    await seconds(2);
    played.push({ kind, to: writer.written });
  }
  writer.stop();
  return played;
}

async function quiet(following: readonly Follower[]): Promise<void> {
  const octets = () => following.reduce((sum, follower) => sum + follower.octets, 0);
  let [before, changedAtMs] = [octets(), performance.now()];
  const settled = () => {
    const now = octets();
    if (now !== before) [before, changedAtMs] = [now, performance.now()];
    return performance.now() - changedAtMs > QUIET_MS;
  };
  await until(settled, { what: 'the collectors to have everything', timeoutMs: LIMIT_MS, everyMs: 500 });
}

/** Lines that are in no file were destroyed by the rotation itself, and are no sender's loss. */
function tell(recipe: string, played: readonly Round[], left: ReadonlySet<number>, following: Follower[]): void {
  const written = played.at(-1)?.to ?? 0;
  const all = `${recipe}: ${written} lines, ${written - left.size} destroyed by logrotate`;
  for (const follower of following) {
    const { numbers, repeated } = follower.stored();
    const lost = [...left].filter((number) => !numbers.has(number));
    const kinds = lost.map((number) => played.find(({ to }) => number <= to)?.kind);
    const counts = KINDS.map((kind) => kinds.filter((other) => other === kind).length);
    process.stdout.write(`| ${all} | ${follower.name} | ${counts.join(' | ')} | ${repeated} | ${follower.crashes} |\n`);
  }
}
