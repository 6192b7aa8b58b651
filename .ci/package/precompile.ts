/**
 * Keeps what V8 compiles of the program, beside it, so that later starts need not compile it
 * again: lets an agent of its own start and end in a temporary directory, asks for its status,
 * and has both write down what they compiled. The packages run it as root once they are
 * installed. The copy beside the program is as safe as the program: root alone can write
 * either, the agent neither. Why so: docs/decisions/0037.
 */
import { type SpawnSyncReturns, spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** The name of the program's file, which lies beside this one. */
declare const PROGRAM: string;

const PATIENCE_MS = 20_000;
const LOOK_MS = 20;
const ROW = { id: 1, date: '2026-11-23 09:15:40', event: 'view', category: 'view', user: 'reception', success: 1 };

const program = join(__dirname, PROGRAM);
const place = mkdtempSync(join(tmpdir(), 'precompile-'));
const config = join(place, 'config.yaml');
const journal = join(place, 'journal');
const env = { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', OPENEMR_AUDIT_FORWARDER_COMPILED: 'keep' };

void work()
  .catch((error: unknown) => {
    process.stderr.write(
      `precompile: ${error instanceof Error ? error.message : error}; starts take a little longer\n`,
    );
    process.exitCode = 1;
  })
  .finally(() => rmSync(place, { recursive: true, force: true }));

async function work(): Promise<void> {
  for (const name of readdirSync(__dirname)) if (name.endsWith('.compiled')) rmSync(join(__dirname, name));
  const made = ended(['cert', 'init', join(place, 'tls'), '--key-type', 'p-256'], { PATH: env.PATH });
  if (made.status !== 0) throw new Error(`no certificates: ${made.stderr}`);
  mkdirSync(journal, { mode: 0o700 });
  writeFileSync(join(place, 'audit.log'), `${JSON.stringify(ROW)}\n`);
  writeFileSync(config, JSON.stringify(configuration()));
  await runAgent();
}

/** JSON is YAML. The collector is a port where nobody listens. */
function configuration(): object {
  const tls = (file: string) => join(place, 'tls', file);
  return {
    sources: [{ name: 'main', paths: [join(place, 'audit.log')], format: 'openemr', timeZone: 'America/New_York' }],
    collectors: [{ host: 'localhost', port: 1 }],
    tls: { ca: tls('cacert.pem'), cert: tls('openemrcert.pem'), key: tls('openemr.key') },
    journal: { directory: journal, keepFree: '0%' },
    message: { hostname: 'localhost.localdomain' },
    status: { listen: 'off' },
  };
}

/** Its exit writes down what was compiled of `run`. */
async function runAgent(): Promise<void> {
  const child = spawn(process.execPath, [program, 'run', '--config', config], {
    env,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let said = '';
  child.stderr.on('data', (text) => {
    said += text;
  });
  const ending = new Promise<void>((resolve) => void child.once('close', resolve));
  const kill = setTimeout(() => child.kill('SIGKILL'), 2 * PATIENCE_MS);
  const deadlineMs = performance.now() + PATIENCE_MS;
  while (!existsSync(join(journal, 'status.json')) && child.exitCode === null && performance.now() < deadlineMs) {
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
  const isUp = existsSync(join(journal, 'status.json'));
  ended(['status', '--config', config], env);
  child.kill('SIGTERM');
  await ending;
  clearTimeout(kill);
  if (!isUp || child.exitCode !== 0) throw new Error(`the agent did not start: ${said}`);
}

function ended(args: readonly string[], env: NodeJS.ProcessEnv): SpawnSyncReturns<string> {
  return spawnSync(process.execPath, [program, ...args], { env, encoding: 'utf8', timeout: PATIENCE_MS });
}
