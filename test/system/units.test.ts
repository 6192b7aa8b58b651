/** The files for systemd, as systemd itself judges them. Runs as root, as it is there that users and directories are made. */
import { execFile } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { appendFile, chmod, copyFile, mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import test, { type ExecutionContext } from 'ava';
import { thisPackage } from '../support/package.js';

const run = promisify(execFile);
const SHIPPED = fileURLToPath(new URL('systemd/', thisPackage));
const AGENTS = ['openemr-audit-forwarder.service', 'openemr-audit-forwarder@.service'];
const EXPORT = 'openemr-audit-export.service';
const UNITS = [...AGENTS, EXPORT];

/** Of 10; below 2 is what systemd calls "OK", and few units that use the network come below 1.5. */
const EXPOSURE_LIMIT = 1.5;

async function directory(t: ExecutionContext): Promise<string> {
  const made = await mkdtemp(join(tmpdir(), 'units-'));
  t.teardown(() => rm(made, { recursive: true }));
  return made;
}

/** The unit beside a program that it can start, changed by `change`; its path. */
async function installed(t: ExecutionContext, unit: string, change = (text: string) => text): Promise<string> {
  const place = await directory(t);
  const program = join(place, 'openemr-audit-forwarder');
  await writeFile(program, '#!/bin/sh\n');
  await chmod(program, 0o755);
  const text = await shipped(unit);
  const file = join(place, unit);
  await writeFile(file, change(text.replace('/usr/bin/openemr-audit-forwarder', program)));
  return file;
}

function shipped(unit: string): Promise<string> {
  return readFile(join(SHIPPED, unit), 'utf8');
}

/** Without comments and empty lines. */
function settingsOf(text: string): string[] {
  return text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
}

async function verify(file: string): Promise<{ failed: boolean; said: string }> {
  try {
    const { stdout, stderr } = await run('systemd-analyze', ['verify', '--man=no', '--recursive-errors=no', file]);
    return { failed: false, said: stdout + stderr };
  } catch (error) {
    return { failed: true, said: String(error) };
  }
}

for (const unit of UNITS) {
  test(`${unit} is clean in the eyes of systemd-analyze verify`, async (t) => {
    t.deepEqual(await verify(await installed(t, unit)), { failed: false, said: '' });
  });

  test(`a slip in ${unit} would be found`, async (t) => {
    const { said } = await verify(await installed(t, unit, (text) => text.replace('Restart=', 'Restrat=')));
    t.regex(said, /Restrat/);
  });

  test(`${unit} is exposed at most ${EXPOSURE_LIMIT} of 10`, async (t) => {
    const file = await installed(t, unit);
    const { stdout } = await run('systemd-analyze', ['security', '--offline=true', '--no-pager', file]);
    const [, exposure] = /Overall exposure level for .*: ([\d.]+)/.exec(stdout) ?? [];
    t.log(`exposure ${exposure}`);
    t.true(Number(exposure) > 0 && Number(exposure) <= EXPOSURE_LIMIT, exposure);
  });
}

test('an instance is as well guarded as the unit itself', async (t) => {
  const [one, instance] = await Promise.all(AGENTS.map(shipped));
  const own = /^(Description=|ExecStart=|StateDirectory=|Environment=OAF_JOURNAL_DIRECTORY=).*$/;
  const settings = (text = '') => settingsOf(text).filter((line) => !own.test(line));
  t.deepEqual(settings(instance), settings(one));
  t.true(settings(one).includes('StateDirectoryMode=0700'));
});

test('the export is as well guarded as the forwarder, and its key is out of reach', async (t) => {
  const [forwarder = '', exporter = ''] = await Promise.all([AGENTS[0]!, EXPORT].map(shipped));
  const guards = (text: string) =>
    settingsOf(text.slice(text.indexOf('# What an intruder'), text.indexOf('# What stays open')));
  const key = 'InaccessiblePaths=-/etc/openemr-audit-forwarder/tls';
  t.true(guards(forwarder).length > 20);
  t.deepEqual(guards(exporter), [...guards(forwarder), key]);
});

test('what the export writes the forwarder can read, and not write', async (t) => {
  const [forwarder = '', exporter = ''] = await Promise.all([AGENTS[0]!, EXPORT].map(shipped));
  const [user, group] = settingsOf(forwarder).filter((line) => /^(User|Group)=/.test(line));
  t.true(settingsOf(exporter).includes(group!));
  t.false(settingsOf(exporter).includes(user!));
  for (const line of ['LogsDirectory=openemr-audit', 'LogsDirectoryMode=0750', 'UMask=0027']) {
    t.true(settingsOf(exporter).includes(line), line);
  }
});

for (const example of readdirSync(join(SHIPPED, 'examples'))) {
  test(`the unit is clean with the drop-in ${example}`, async (t) => {
    const file = await installed(t, UNITS[0]!);
    await mkdir(`${file}.d`);
    await copyFile(join(SHIPPED, 'examples', example), join(`${file}.d`, example));
    t.deepEqual(await verify(file), { failed: false, said: '' });

    // That it was looked at: a slip in it is found.
    await appendFile(join(`${file}.d`, example), 'Nonsense=yes\n');
    t.regex((await verify(file)).said, /Nonsense/);
  });
}

test('the users and the directories are made, and only root writes where the keys lie', async (t) => {
  const root = await directory(t);
  await mkdir(join(root, 'etc'));
  const place = (name: string) => join(SHIPPED, `openemr-audit-forwarder.${name}.conf`);

  await run('systemd-sysusers', [`--root=${root}`, place('sysusers')]);
  await run('systemd-tmpfiles', [`--root=${root}`, '--create', place('tmpfiles')]);

  const passwd = await readFile(join(root, 'etc/passwd'), 'utf8');
  const user = (name: string) =>
    passwd
      .split('\n')
      .find((line) => line.startsWith(`${name}:`))
      ?.split(':') ?? [];
  const [, , uid, gid, , home, shell] = user('openemr-audit');
  t.deepEqual([home, shell], ['/var/lib/openemr-audit-forwarder', '/usr/sbin/nologin']);
  const [, , exportUid, , , exportHome, exportShell] = user('openemr-audit-export');
  t.deepEqual([exportHome, exportShell], ['/var/log/openemr-audit', '/usr/sbin/nologin']);
  t.is(new Set(['0', uid, exportUid]).size, 3);
  for (const path of ['etc/openemr-audit-forwarder', 'etc/openemr-audit-forwarder/tls']) {
    const made = await stat(join(root, path));
    t.deepEqual([made.mode & 0o7777, made.uid, made.gid], [0o750, 0, Number(gid)]);
  }
});
