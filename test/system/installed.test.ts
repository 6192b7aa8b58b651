/**
 * The life of a package on a Debian 12 that has nothing but it and rsyslog:
 * installed, started, reloaded, killed, stopped, upgraded, rebooted, removed,
 * while audit entries keep coming. One machine, one story after another.
 */
import { copyFile, mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { crc32 } from 'node:zlib';
import test from 'ava';
import { Debian } from '../support/debian.js';
import { Clinic, CONFIGURATION, PATIENT, STORE, setUpCollector, TLS } from '../support/installed.js';
import { thisPackage } from '../support/package.js';
import { runProgram } from '../support/program.js';
import { until } from '../support/wait.js';

const UNIT = 'openemr-audit-forwarder';
const STATE = '/var/lib/openemr-audit-forwarder';
const NEWER = '99.0.0';
/** So that what systemd waits for takes seconds here. The hardening and all else is as shipped. */
const HASTE = '[Service]\nRestartSec=500ms\nWatchdogSec=4s\n';

let debian: Debian;
let clinic: Clinic;
let packages: string;
let present: string;
let newer: string;

async function makeDeb(...args: string[]): Promise<string> {
  const main = fileURLToPath(new URL('dist/.ci/package/main.js', thisPackage));
  const wanted = ['--quick', '--arch', 'amd64', '--kind', 'deb', '--output', packages, ...args];
  const { stdout, output } = await runProgram(process.execPath, [main, ...wanted], { timeoutMs: 300_000 });
  if (!stdout.includes('.deb')) throw new Error(output);
  return basename(stdout.trim());
}

test.before('a machine is booted, with two packages on it', async (t) => {
  t.timeout(600_000);
  packages = await mkdtemp(join(tmpdir(), 'packages-'));
  present = await makeDeb();
  newer = await makeDeb('--version', NEWER);
  debian = await Debian.boot();
  for (const file of [present, newer]) await copyFile(join(packages, file), join(debian.root, 'root', file));
});

test.after.always(async () => {
  await clinic?.close();
  await debian?.remove();
  await rm(packages, { recursive: true, force: true });
});

function inside(path: string): string {
  return join(debian.root, path);
}

function apt(...args: string[]): Promise<string> {
  return debian.done('apt-get', '--yes', '--quiet=2', '--option=Dpkg::Use-Pty=0', ...args);
}

async function unit(property: string): Promise<string> {
  return (await debian.done('systemctl', 'show', '--value', `--property=${property}`, UNIT)).trim();
}

/** That of the agent's process, in the container. */
async function mainPid(): Promise<string> {
  const pid = await unit('MainPID');
  if (pid === '0') throw new Error('the agent does not run');
  return pid;
}

async function active(): Promise<void> {
  await until(async () => (await unit('ActiveState')) === 'active', { what: 'the agent to be ready', everyMs: 100 });
}

async function ownLog(): Promise<string> {
  return debian.done('journalctl', '--no-pager', '--output=cat', '-u', UNIT);
}

test.serial('installed, it starts nothing, and says what is next', async (t) => {
  const said = await apt('install', `/root/${present}`);
  t.regex(
    said,
    /is not started: its configuration is the default\. Next:\n.*certificates.*\n.*config\.yaml.*\n.*check &&/,
  );
  t.deepEqual([await unit('ActiveState'), await unit('UnitFileState')], ['inactive', 'disabled']);
  const owner = (path: string) => debian.done('stat', '--format=%U:%G %a', path);
  t.is(await owner('/etc/openemr-audit-forwarder'), 'root:openemr-audit 750\n');
  t.is(await owner(TLS), 'root:openemr-audit 750\n');
  const compiled = await debian.done(
    'sh',
    '-c',
    'stat --format="%U:%G %a" /usr/lib/openemr-audit-forwarder/*.compiled',
  );
  t.is(compiled, 'root:root 644\nroot:root 644\n');
});

test.serial('its units are clean and tight in the eyes of this systemd', async (t) => {
  const units = [
    'openemr-audit-forwarder.service',
    'openemr-audit-forwarder@siem.service',
    'openemr-audit-export.service',
  ];
  t.is(
    await debian.done(
      'systemd-analyze',
      'verify',
      '--man=no',
      ...units.map((name) => `/usr/lib/systemd/system/${name}`.replace('siem', '')),
    ),
    '',
  );
  for (const name of units) {
    const said = await debian.done(
      'systemd-analyze',
      'security',
      '--no-pager',
      '--offline=true',
      `/usr/lib/systemd/system/${name.replace('siem', '')}`,
    );
    const [, exposure] = /Overall exposure level for .*: ([\d.]+)/.exec(said) ?? [];
    t.true(Number(exposure) <= 1.5, `${name}: ${exposure}`);
  }
});

test.serial('the default configuration explains what is missing', async (t) => {
  const { status, output } = await debian.run(UNIT, 'check', '--offline');
  t.is(status, 1);
  t.regex(
    output,
    /FAILED +tls\.ca .*cacert\.pem: the authority's certificate does not exist\n +hint: .*cert import --help/,
  );
});

test.serial('with certificates and a collector it starts, and systemctl status shows the live line', async (t) => {
  await debian.done(UNIT, 'cert', 'init', TLS);
  t.is(await debian.done('stat', '--format=%U:%G %a', `${TLS}/openemr.key`), 'root:openemr-audit 640\n');
  await setUpCollector(debian);
  clinic = await Clinic.open(debian);
  await writeFile(inside('etc/openemr-audit-forwarder/config.yaml'), CONFIGURATION);
  await mkdir(inside(`etc/systemd/system/${UNIT}.service.d`));
  await writeFile(inside(`etc/systemd/system/${UNIT}.service.d/haste.conf`), HASTE);
  await debian.done('systemctl', 'daemon-reload');

  t.regex(await debian.done(UNIT, 'check'), /^ok +collector localhost:6514/m);
  await debian.done('chmod', '0600', `${TLS}/openemr.key`);
  const { output } = await debian.run(UNIT, 'check', '--offline');
  t.regex(output, /FAILED +tls\.key .*openemr\.key: root can read it, the agent cannot\n +hint: run as root: chgrp/);
  await debian.done('chmod', '0640', `${TLS}/openemr.key`);
  await debian.done('systemctl', 'enable', '--now', UNIT);

  await until(async () => /Status: "OK/.test((await debian.run('systemctl', 'status', '--no-pager', UNIT)).stdout), {
    what: 'the live line to say OK',
    everyMs: 200,
  });
  t.regex(await clinic.verdict(), /^0: /);
});

/** In his log directory: links to what he may not read, and names as weapons. */
const HOSTILE = `
  cd /var/log/web
  echo 'his line 1' >web.log
  ln -s ${TLS}/openemr.key key.log
  ln -s ${TLS}/openemr.key web.log.1
  ln -s ${TLS} tls
  ln -s ${STATE} state
  ln -s ${STATE}/status.json status.log
  ln -s /etc/shadow shadow.log
  ln -s /proc/self/environ environ.log
  ln -s / root
  mkfifo fifo.log
  echo 'his line 2' >"$(printf 'odd\\033[31m;$(id).log')"
  ln -s web.log hop.log
`;

test.serial(
  'the web server’s user, who may write to a log directory, gets nothing sent but his own lines',
  async (t) => {
    const config = inside('etc/openemr-audit-forwarder/config.yaml');
    const web = '  - { name: web, paths: ["/var/log/web/**/*.log"], format: text }\n';
    await debian.done('install', '-d', '-o', 'www-data', '-g', 'openemr-audit', '-m', '0750', '/var/log/web');
    const asWeb = ['--reuid=www-data', '--regid=www-data', '--clear-groups'];
    await debian.done('setpriv', ...asWeb, 'sh', '-ec', HOSTILE);
    await writeFile(config, CONFIGURATION.replace('sources:\n', `sources:\n${web}`));
    await debian.done('systemctl', 'reload', UNIT);
    const stored = () => readFile(inside(STORE), 'utf8');
    for (const line of ['his line 1', 'his line 2']) {
      await until(async () => (await stored()).includes(`] ${line}\n`), { what: line, everyMs: 100 });
    }
    const refused = ['key.log', 'web.log.1', 'tls', 'state', 'status.log', 'shadow.log', 'environ.log', 'root'];
    const named = async () => {
      const { stdout } = await debian.run(UNIT, 'status');
      return refused.every((name) => stdout.includes(`/var/log/web/${name}`));
    };
    await until(named, { what: 'each of his links to be named in status', everyMs: 200 });

    t.regex(await clinic.verdict(), /^0: /);
    const text = await stored();
    const key = await readFile(inside(`${TLS}/openemr.key`), 'utf8');
    const shadow = await readFile(inside('etc/shadow'), 'utf8');
    const secrets = [...key.split('\n'), ...shadow.split('\n')].filter((line) => line.length > 10);
    // A segment of the journal, a receipt, the state, an environment.
    for (const secret of [...secrets, 'OAFJ', '"stretches"', '"writtenAtMs"', 'NOTIFY_SOCKET']) {
      t.false(text.includes(secret), secret.slice(0, 12));
    }
    t.deepEqual([...new Set(text.match(/(?<=source="web"[^\n]*\] )[^\n]*/g))].sort(), ['his line 1', 'his line 2']);

    await debian.done('rm', '-r', '/var/log/web');
    await writeFile(config, CONFIGURATION);
    await debian.done('systemctl', 'reload', UNIT);
  },
);

test.serial('reloaded again and again, nothing is lost', async (t) => {
  const pid = await mainPid();
  for (let turn = 0; turn < 5; turn++) {
    const { length } = await reloads();
    await debian.done('systemctl', 'reload', UNIT);
    await until(async () => (await reloads()).length > length, {
      what: 'the configuration to be read again',
      everyMs: 100,
    });
  }
  t.regex(await clinic.verdict(), /^0: /);
  t.is(await unit('MainPID'), pid);
});

async function reloads(): Promise<string[]> {
  return [...(await ownLog()).matchAll(/The configuration was read again/g)].map(([text]) => text);
}

test.serial('killed, it comes back, and nothing is lost', async (t) => {
  const pid = await mainPid();
  await debian.done('kill', '-KILL', pid);
  await until(async () => ![pid, '0'].includes(await unit('MainPID')), { what: 'another process', everyMs: 100 });
  await active();
  t.regex(await clinic.verdict(), /^0: /);
});

test.serial('stopped by a signal, it is ended by the watchdog and comes back, and nothing is lost', async (t) => {
  const pid = await mainPid();
  await debian.done('kill', '-STOP', pid);
  await until(async () => ![pid, '0'].includes(await unit('MainPID')), {
    what: 'the watchdog',
    everyMs: 200,
    timeoutMs: 60_000,
  });
  await active();
  t.regex(await debian.done('journalctl', '--no-pager', '-u', UNIT), /Watchdog timeout/);
  t.regex(await clinic.verdict(), /^0: /);
});

test.serial(
  'upgraded, it runs the new version with the configuration it had; nothing is lost, nothing is repeated',
  async (t) => {
    const repeats = await clinic.repeats();
    const pid = await mainPid();
    t.notRegex(await apt('install', `/root/${newer}`), /did not start again/);
    t.is(await debian.done(UNIT, '--version'), `${NEWER}\n`);
    await active();
    t.not(await unit('MainPID'), pid);
    t.is(await readFile(inside('etc/openemr-audit-forwarder/config.yaml'), 'utf8'), CONFIGURATION);
    t.regex(await clinic.verdict(), /^0: /);
    t.is(await clinic.repeats(), repeats);
  },
);

test.serial('rebooted with a backlog, it goes on by itself, and nothing is lost', async (t) => {
  await debian.done('systemctl', 'stop', 'rsyslog');
  const before = clinic.written;
  await until(() => clinic.written > before + 2000, { what: 'a backlog', timeoutMs: 60_000 });
  await debian.reboot();
  await active();
  t.regex(await clinic.verdict(), /^0: /);
});

test.serial('an older version refuses the journal of a later one in words, and leaves it as it is', async (t) => {
  await debian.done('systemctl', 'stop', UNIT);
  const cursor = inside(`${STATE}/cursor.json`);
  const ours = await readFile(cursor, 'utf8');
  const theirs = ofLaterVersion(ours);
  await writeFile(cursor, theirs);

  await apt('install', '--allow-downgrades', `/root/${present}`);
  t.true((await debian.run('systemctl', 'start', UNIT)).status > 0);
  t.regex(
    await ownLog(),
    /cursor\.json was written by a later version of this program \(format 2\)\n.*install that version again/,
  );
  t.is(await readFile(cursor, 'utf8'), theirs);

  await debian.run('systemctl', 'stop', UNIT);
  await writeFile(cursor, ours);
  await debian.done('systemctl', 'start', UNIT);
  t.regex(await clinic.verdict(), /^0: /);
});

/** The version that comes after, with the CRC that makes it believable. */
function ofLaterVersion(cursor: string): string {
  const [, fields = ''] = /^(.*),"crc32":/.exec(cursor.replace('"version":1', '"version":2')) ?? [];
  return `${fields},"crc32":"${crc32(fields).toString(16).padStart(8, '0')}"}\n`;
}

test.serial('nothing that it says of itself has a word of the audit trail', async (t) => {
  const log = await debian.done('journalctl', '--no-pager', '--output=cat');
  t.regex(log, /Started/);
  const said = [log, await debian.done('systemctl', 'status', '--no-pager', UNIT)];
  said.push(await readFile(inside(`${STATE}/status.json`), 'utf8'), await overHttp('/metrics'), await overHttp('/'));
  t.regex(said.join('\n'), /openemr_audit_forwarder_sent_messages_total \d/);
  for (const planted of [PATIENT, Buffer.from(`SELECT '${PATIENT}'`).toString('base64')])
    for (const text of said) t.false(text.includes(planted));
});

test.serial('status says OK first, with exit status 0', async (t) => {
  // A moment after the start it says OK already, while it is still connecting.
  const connected = async () => / connected to localhost:6514 /.test((await debian.run(UNIT, 'status')).stdout);
  await until(connected, { what: 'a connection', everyMs: 200 });
  const { status, stdout } = await debian.run(UNIT, 'status');
  t.is(status, 0);
  t.regex(stdout, /^OK: connected to localhost:6514 /);
  const health = await overHttp('/healthz');
  t.true(health.startsWith('HTTP/1.1 200 OK') && health.includes('\r\n\r\nOK: connected'), health);
});

/** As nothing but bash can ask, for there is nothing else. */
function overHttp(path: string): Promise<string> {
  const ask = `exec 3<>/dev/tcp/127.0.0.1/9614; printf 'GET ${path} HTTP/1.1\\r\\nHost: localhost\\r\\nConnection: close\\r\\n\\r\\n' >&3; cat <&3`;
  return debian.done('bash', '-c', ask);
}

test.serial('removed, it leaves journal, configuration and users; purged, no journal', async (t) => {
  await clinic.close();
  await apt('remove', UNIT);
  t.is((await debian.run('pgrep', '-f', 'openemr-audit-forwarder.cjs')).stdout, '');
  t.true((await stat(inside(`${STATE}/segments`))).isDirectory());
  await t.throwsAsync(stat(inside('usr/lib/openemr-audit-forwarder')), { code: 'ENOENT' });
  t.is(await readFile(inside('etc/openemr-audit-forwarder/config.yaml'), 'utf8'), CONFIGURATION);

  const said = await apt('purge', UNIT);
  t.regex(said, /left in place, with keys or files of your own: \/etc\/openemr-audit-forwarder/);
  await t.throwsAsync(stat(inside(STATE)), { code: 'ENOENT' });
  await t.throwsAsync(stat(inside('etc/openemr-audit-forwarder/config.yaml')), { code: 'ENOENT' });
  t.true((await stat(inside(`${TLS}/openemr.key`))).isFile());
  t.true((await stat(inside('var/log/openemr-audit/audit.log'))).isFile());
  t.regex(await debian.done('getent', 'passwd', 'openemr-audit'), /nologin/);
  t.is((await debian.run('systemctl', '--failed', '--plain', '--no-legend')).stdout, '');
});
