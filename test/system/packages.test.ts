/** What `npm run package` makes, as the tools of the distributions see it. Needs rpm and mandoc. */
import { cp, mkdir, mkdtemp, readdir, readFile, realpath, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import test from 'ava';
import { freePort } from '../support/free-port.js';
import { thisPackage } from '../support/package.js';
import { type Ended, runProgram } from '../support/program.js';

const checkout = fileURLToPath(thisPackage).replace(/\/$/, '');
const NAME = 'openemr-audit-forwarder';

let place: string;
let made: string[];
let said: string;
/** The .deb, unpacked. */
let root: string;

test.before('the packages are made, and the .deb is unpacked', async (t) => {
  t.timeout(300_000);
  place = await mkdtemp(join(tmpdir(), 'packages-'));
  ({ made, said } = await makePackages(checkout, join(place, 'made')));
  root = join(place, 'root');
  await done('dpkg-deb', '-x', packageOf('.deb'), root);
});

test.after.always(() => rm(place, { recursive: true, force: true }));

async function done(command: string, ...args: string[]): Promise<string> {
  const { stdout } = await ended(command, ...args);
  return stdout;
}

async function ended(command: string, ...args: string[]): Promise<Ended> {
  const program = await runProgram(command, args, { timeoutMs: 300_000 });
  if (program.status !== 0) throw new Error(`${command} ${args.join(' ')}: ${program.output}`);
  return program;
}

async function makePackages(from: string, output: string): Promise<{ made: string[]; said: string }> {
  const main = join(from, 'dist/.ci/package/main.js');
  const { stdout, stderr } = await ended(
    'env',
    'SOURCE_DATE_EPOCH=1790000000',
    process.execPath,
    main,
    '--quick',
    '--arch',
    'amd64',
    '--output',
    output,
  );
  return { made: stdout.trim().split('\n'), said: stderr };
}

function packageOf(ending: string): string {
  return made.find((file) => file.endsWith(ending)) ?? '';
}

test('whoever waits is told what is being made, and when it is done', (t) => {
  for (const what of ['the bundle of all packages', 'Node.js for amd64', 'deb for amd64', 'rpm for amd64']) {
    t.regex(said, new RegExp(`^${what} …\\n(.*\\n)*${what}: done in [\\d.]+ s$`, 'm'));
  }
});

test('there is one of each kind', (t) => {
  const names = made.map((file) => basename(file));
  t.is(names.length, 3);
  t.regex(names[0] ?? '', /^openemr-audit-forwarder_[\d.]+_amd64\.deb$/);
  t.regex(names[1] ?? '', /^openemr-audit-forwarder-[\d.]+-1\.x86_64\.rpm$/);
  t.regex(names[2] ?? '', /^openemr-audit-forwarder-[\d.]+-linux-x64\.tar\.gz$/);
});

test('made again from another directory, they have the same bytes', async (t) => {
  const other = join(place, 'elsewhere', 'checkout');
  await mkdir(other, { recursive: true });
  for (const entry of await readdir(checkout)) {
    if (['node_modules', 'coverage'].includes(entry) || entry === '.git') continue;
    await cp(join(checkout, entry), join(other, entry), { recursive: true });
  }
  await symlink(await realpath(join(checkout, 'node_modules')), join(other, 'node_modules'));

  const { made: again } = await makePackages(other, join(place, 'again'));
  for (const [index, file] of made.entries()) await done('cmp', file, again[index] ?? '');
  t.is(again.length, made.length);
});

test('the program runs with the Node.js that it brings, from wherever it was unpacked', async (t) => {
  const program = join(root, 'usr/bin', NAME);
  const { version } = JSON.parse(await readFile(join(checkout, 'package.json'), 'utf8'));
  t.is(await done('env', '-i', 'PATH=/usr/bin:/bin', program, '--version'), `${version}\n`);
  const { packaged } = JSON.parse(await readFile(join(checkout, '.ci/package/runtime.json'), 'utf8'));
  t.is(await done(join(root, 'usr/lib', NAME, 'bin/node'), '--version'), `v${packaged}\n`);

  const shown = await done(program, 'demo', '--for', '2s', '--port', String(await freePort()));
  t.regex(shown, /acknowledged/);
});

test('what V8 compiled is kept for run and status, and a copy that is damaged or is no copy is not believed', async (t) => {
  const lib = join(place, 'compiled');
  await cp(join(root, 'usr/lib', NAME), lib, { recursive: true });
  const node = join(lib, 'bin/node');
  t.is((await ended(node, join(lib, 'precompile.cjs'))).output, '');
  const kept = (await readdir(lib)).filter((name) => name.endsWith('.compiled'));
  t.deepEqual(kept.map((name) => name.replace(/-.*/, '')).sort(), ['run', 'status']);

  const status = join(lib, kept.find((name) => name.startsWith('status')) ?? '');
  const whole = await readFile(status);
  t.is((await stat(status)).mode & 0o777, 0o644);
  const damaged = Buffer.from(whole);
  damaged.fill(0xff, whole.length >> 1, (whole.length >> 1) + 4096);
  const config = join(place, 'none.yaml');
  for (const content of [whole, damaged, whole.subarray(0, -5000), Buffer.from('no copy'), Buffer.alloc(0)]) {
    await writeFile(status, content);
    const program = [join(lib, `${NAME}.cjs`), 'status', '--config', config];
    const { status: exit, output } = await runProgram(node, program);
    t.is(exit, 2, output);
    t.regex(output, /none\.yaml: there is no such file/);
  }
});

test('nothing in them tells where they were built', async (t) => {
  const { status, stdout } = await runProgram('grep', ['-rlF', '--', checkout, root]);
  t.deepEqual([status, stdout], [1, '']);
});

test('the manual pages are clean in the eyes of mandoc', async (t) => {
  for (const section of [1, 5]) {
    const page = join(root, `usr/share/man/man${section}/${NAME}.${section}.gz`);
    const { output } = await runProgram('mandoc', ['-Tlint', '-Wwarning', page]);
    t.is(output, '');
    t.true(gunzipSync(await readFile(page)).length > 5000);
  }
});

test('every package that was bundled has its licence there, and stands in the bill of materials', async (t) => {
  const doc = join(root, 'usr/share/doc', NAME);
  const copyright = await readFile(join(doc, 'copyright'), 'utf8');
  const bom = JSON.parse(await readFile(join(doc, 'sbom.cdx.json'), 'utf8'));
  t.is(bom.bomFormat, 'CycloneDX');
  const { dependencies } = JSON.parse(await readFile(join(checkout, 'package.json'), 'utf8'));
  const named = bom.components.map(({ name }: { name: string }) => name);
  for (const name of Object.keys(dependencies)) t.true(named.includes(name), name);
  t.true(named.includes('node'));
  for (const { name, version, hashes } of bom.components) {
    const title = name === 'node' ? `Node.js ${version}` : `${name} ${version} (`;
    t.true(copyright.includes(`\n${title}`), name);
    t.regex(hashes[0].content, /^[\da-f]{128}$/);
  }
});

test('the files are root’s, and nobody else writes them', async (t) => {
  const listed = await done('dpkg-deb', '-c', packageOf('.deb'));
  const lines = listed.trim().split('\n');
  t.true(lines.length > 30);
  for (const line of lines) t.regex(line, /^(d|-)rw[x-]r-[x-]r-[x-] root\/root /);
});

test('the maintainer scripts are sound shell, and the configuration is known as such', async (t) => {
  const control = join(place, 'control');
  await done('dpkg-deb', '-e', packageOf('.deb'), control);
  for (const script of ['postinst', 'prerm', 'postrm']) {
    await done('sh', '-n', join(control, script));
    t.is((await stat(join(control, script))).mode & 0o777, 0o755);
  }
  t.is(await readFile(join(control, 'conffiles'), 'utf8'), `/etc/${NAME}/config.yaml\n`);
  await done('sh', '-c', 'cd "$1" && md5sum --quiet --check "$2"', 'sh', root, join(control, 'md5sums'));
});

test('the .rpm holds the same files, and keeps the configuration of an administrator', async (t) => {
  const rpm = packageOf('.rpm');
  const inDeb = (await done('find', root, '-type', 'f', '-printf', '/%P\n')).trim();
  const inRpm = (await done('rpm', '-qlp', rpm)).trim().split('\n');
  for (const file of inDeb.split('\n')) t.true(inRpm.includes(file), file);
  t.is(await done('rpm', '-qp', '--configfiles', rpm), `/etc/${NAME}/config.yaml\n`);
  const flags = await done('rpm', '-qp', '--qf', '[%{FILENAMES} %{FILEFLAGS:fflags}\n]', rpm);
  t.true(flags.includes(`/etc/${NAME}/config.yaml cn`));
  const scripts = await done('rpm', '-qp', '--qf', '%{POSTIN}\n%{PREUN}\n%{POSTUN}', rpm);
  for (const word of ['systemd-sysusers', 'systemd-tmpfiles', 'disable --now', 'try-restart'])
    t.true(scripts.includes(word), word);
});

test('the .rpm installs and goes again, and leaves the journal', async (t) => {
  const system = join(place, 'system');
  const state = join(system, `var/lib/${NAME}/segments`);
  await mkdir(state, { recursive: true });
  // Without scripts: this root has no shell to run them.
  await done('rpm', '--root', system, '--install', '--nodeps', '--noscripts', packageOf('.rpm'));
  t.true((await stat(join(system, 'usr/bin', NAME))).isFile());
  await done('rpm', '--root', system, '--erase', '--noscripts', NAME);
  t.true((await stat(state)).isDirectory());
  await t.throwsAsync(stat(join(system, 'usr/bin', NAME)), { code: 'ENOENT' });
});
