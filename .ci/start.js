/**
 * `npm start`: builds the program when its sources have changed since the last build, then runs
 * the demo. JavaScript, because it runs before the build, and in words that an old Node.js reads.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const MAIN = join(root, 'dist/src/main.js');
const COMPILER = join(root, 'node_modules/typescript/bin/tsc');

/** What the build is made from. */
const SOURCES = ['src', 'tsconfig.json', '.ci/tsconfig.start.json', 'package-lock.json'];

function newestMs(path) {
  const stats = statSync(path);
  if (!stats.isDirectory()) return stats.mtimeMs;
  return Math.max(stats.mtimeMs, ...readdirSync(path).map((name) => newestMs(join(path, name))));
}

function say(text) {
  process.stderr.write(`${text}\n`);
}

function isTooOld() {
  const { engines } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  const needed = engines.node.replace('>=', '');
  const [major, minor] = process.versions.node.split('.').map(Number);
  const [neededMajor, neededMinor] = needed.split('.').map(Number);
  if (major > neededMajor || (major === neededMajor && minor >= neededMinor)) return false;
  say(`openemr-audit-forwarder: needs Node.js ${needed} or later; this is ${process.versions.node}`);
  return true;
}

function built() {
  const newest = Math.max(...SOURCES.map((path) => newestMs(join(root, path))));
  if (existsSync(MAIN) && statSync(MAIN).mtimeMs >= newest) return true;
  if (!existsSync(COMPILER)) {
    say('openemr-audit-forwarder: the packages that it is built with are not here\nhint: run: npm ci');
    return false;
  }
  say('building… (half a minute; a minute or two on a busy machine)');
  const args = [COMPILER, '-p', join(root, '.ci/tsconfig.start.json')];
  return spawnSync(process.execPath, args, { stdio: 'inherit' }).status === 0;
}

if (isTooOld()) process.exitCode = 2;
else if (!built()) process.exitCode = 1;
else {
  process.argv.splice(2, 0, 'demo');
  await import(MAIN);
}
