/**
 * The web server's user does with the log directory, which is his, what he can. The agent may read everything, as root
 * and as a user of its own; what the collector stores is searched for what was not his to send.
 */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, chmodSync, chownSync, linkSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { Stage } from '../support/agent.js';
import { makeTestPki, type TestPki } from '../support/certificates.js';
import { collecting } from '../support/collecting.js';
import { temporaryDirectory } from '../support/files.js';
import { runProgram } from '../support/program.js';
import { until } from '../support/wait.js';

const WEB = 33;
const AGENT = 64_997;
const AS_WEB = ['setpriv', '--reuid', `${WEB}`, '--regid', `${WEB}`, '--clear-groups'];
const AS_AGENT = ['setpriv', '--reuid', `${AGENT}`, '--regid', `${AGENT}`, '--clear-groups'];
const READS_ALL = ['--inh-caps', '+dac_read_search', '--ambient-caps', '+dac_read_search'];
const SECRET = 'what only root may read';

let pki: TestPki;
test.before(async () => {
  pki = await makeTestPki();
});
test.after.always(() => pki.remove());

/** Swaps a directory of his with a link to one that is not, as fast as he can. */
const SWAP = `
const { mkdirSync, renameSync, symlinkSync, unlinkSync, writeFileSync } = require('node:fs');
const [, logs, secrets] = process.argv;
mkdirSync(logs + '/real');
writeFileSync(logs + '/real/root.log', '');
symlinkSync(secrets, logs + '/.link');
symlinkSync(secrets + '/root.log', logs + '/.file');
for (const end = Date.now() + 4000; Date.now() < end; ) {
  renameSync(logs + '/real', logs + '/sub');
  renameSync(logs + '/sub', logs + '/real');
  renameSync(logs + '/.link', logs + '/sub');
  renameSync(logs + '/sub', logs + '/.link');
  writeFileSync(logs + '/turn.log', '');
  renameSync(logs + '/.file', logs + '/turn.log');
  renameSync(logs + '/turn.log', logs + '/.file');
}
`;

for (const [who, inside] of [
  ['root', undefined],
  ['a user of its own that may read all', [...AS_AGENT, ...READS_ALL]],
] as const) {
  test.serial(`with an agent of ${who} nothing is sent of what the web server's user links to`, async (t) => {
    const collector = await collecting(t, pki);
    const top = temporaryDirectory(t);
    const [logs, secrets] = [join(top, 'logs'), join(top, 'secrets')];
    chmodSync(top, 0o755);
    for (const directory of [logs, secrets]) mkdirSync(directory);
    chmodSync(secrets, 0o700);
    writeFileSync(join(secrets, 'root.log'), `${SECRET}\n`, { mode: 0o600 });
    chownSync(logs, WEB, WEB);
    const stage = new Stage(t, {
      pki,
      collectors: [{ host: 'localhost', port: collector.port }],
      ...(inside && { inside }),
      source: { paths: [join(logs, '**', '*.log')] },
    });
    if (inside) for (const directory of [stage.directory, stage.journal]) chownSync(directory, AGENT, AGENT);
    const asWeb = (script: string) =>
      execFileSync(AS_WEB[0]!, [...AS_WEB.slice(1), 'sh', '-ec', script], { cwd: logs });
    asWeb(`
      echo 'his line 1' >audit.log
      ln -s ${pki.agentKey} key.log
      ln -s ${pki.agentKey} audit.log.1
      ln -s ${stage.journal}/status.json state.log
      ln -s ${stage.journal} journal
      ln -s ${secrets}/root.log root.log
      ln -s /etc/shadow shadow.log
      ln -s /proc/self/environ environ.log
      ln -s / rootdir
      ln -s shadow.log hop.log
      mkfifo fifo.log
      echo 'his line 2' >"$(printf 'odd\\033[31m;$(id).log')"
    `);
    linkSync(join(secrets, 'root.log'), join(logs, 'hard.log'));
    const agent = await stage.startProgram();
    const stored = () => collector.messages.map((message) => message.toString());
    const arrived = async (line: string) =>
      until(() => stored().some((message) => message.endsWith(line)), { what: `the line ${line}` });
    await arrived('his line 1');
    await arrived('his line 2');

    const swapping = spawn(AS_WEB[0]!, [...AS_WEB.slice(1), process.execPath, '-e', SWAP, logs, secrets]);
    await once(swapping, 'exit');
    appendFileSync(join(logs, 'audit.log'), 'his line 3\n');
    await arrived('his line 3');

    const { output } = await runProgram(process.execPath, [
      new URL('../../src/main.js', import.meta.url).pathname,
      'check',
      '--offline',
      '--config',
      join(stage.directory, 'config.yaml'),
    ]);
    t.true(output.includes(join(logs, 'key.log')), output);
    t.false(/setfacl|usermod/.test(output), 'nothing is advised about what a link leads to');
    t.false(output.includes('\u001b[31m;'), 'names are shown escaped');
    const named = agent.log.filter((line) => line.includes('is not followed'));
    for (const name of ['key.log', 'audit.log.1', 'state.log', 'journal', 'root.log', 'shadow.log', 'environ.log'])
      t.true(
        named.some((line) => line.includes(join(logs, name))),
        name,
      );
    t.true(
      named.some((line) => line.includes(join(logs, 'hard.log'))),
      'hard.log',
    );
    t.is(await agent.terminate(), 0);

    const own = (message: string) => message.includes('[agent@');
    const lines = stored().filter((message) => !own(message));
    t.deepEqual(lines.map((message) => message.split('] ').at(-1)).sort(), ['his line 1', 'his line 2', 'his line 3']);
    const all = stored().join('\n');
    const keyLines = readFileSync(pki.agentKey, 'utf8')
      .split('\n')
      .filter((line) => line.length > 20);
    for (const secret of [SECRET, 'root:', ...keyLines]) t.false(all.includes(secret));
  });
}

/** Renames fifty files of his to and fro, as fast as he can, until he is ended. */
const STORM = `
const { renameSync, writeFileSync } = require('node:fs');
const [, logs] = process.argv;
const names = Array.from({ length: 50 }, (_, n) => logs + '/storm-' + n);
for (const name of names) writeFileSync(name + '.log', '');
for (;;) {
  for (const name of names) {
    renameSync(name + '.log', name + '-moved.log');
    renameSync(name + '-moved.log', name + '.log');
  }
}
`;
const NAMES = 5_000;

test.serial(
  'amid thousands of names, of rotated files and a storm of renames a stop is orderly, and no line is lost',
  async (t) => {
    const collector = await collecting(t, pki);
    const top = temporaryDirectory(t);
    const logs = join(top, 'logs');
    chmodSync(top, 0o755);
    mkdirSync(logs);
    chownSync(logs, WEB, WEB);
    const write = (name: string, line: string) => writeFileSync(join(logs, name), `${line}\n`);
    const lines = Array.from({ length: NAMES / 5 }, (_, n) => `generation ${n}`);
    for (const [n, line] of lines.entries()) write(n === 0 ? 'audit.log' : `audit.log.${n}`, line);
    for (let n = 0; n < NAMES; n++) writeFileSync(join(logs, `name-${n}.log`), '');
    const stage = new Stage(t, {
      pki,
      collectors: [{ host: 'localhost', port: collector.port }],
      source: { paths: [join(logs, '*.log')] },
    });
    const first = await stage.startProgram();
    const storm = spawn(AS_WEB[0]!, [...AS_WEB.slice(1), process.execPath, '-e', STORM, logs]);
    t.teardown(() => storm.kill('SIGKILL'));
    await until(() => collector.messages.some((message) => message.includes('generation')), { what: 'the first line' });
    t.is(await first.terminate(), 0);
    const stopped = collector.messages.length;

    storm.kill('SIGKILL');
    const second = await stage.startProgram();
    const stored = () => collector.messages.map((message) => message.toString().split('] ').at(-1) ?? '');
    const arrived = () => {
      const found = new Set(stored());
      return lines.every((line) => found.has(line));
    };
    await until(() => arrived(), { what: 'all lines', timeoutMs: 120_000 });
    t.is(await second.terminate(), 0);
    t.log(`${stopped} messages before the stop`);
    const found = stored().filter((line) => line.startsWith('generation'));
    t.deepEqual(found.toSorted(), lines.toSorted(), 'each once');
  },
);
