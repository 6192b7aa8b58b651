/**
 * A Debian 12 of its own, booted with systemd in a container without a
 * network: for tests of what is installed. Bootstrapped once a machine, then
 * kept; each container is an overlay on it, so that nothing of it lasts. Needs
 * root and the packages debootstrap and systemd-container.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, open, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Ended, runProgram } from './program.js';
import { until } from './wait.js';

const PACKAGES = 'systemd,systemd-sysv,dbus,procps,rsyslog,rsyslog-gnutls';
const KEPT = `/var/cache/openemr-audit-forwarder-test/bookworm-${PACKAGES.replaceAll(',', '-')}`;
/** On a slow network it takes minutes; it is ended by the test's own time. */
const BOOTSTRAP = ['--variant=minbase', `--include=${PACKAGES}`, 'bookworm'];

/** Where the bootstrapped system lies. */
async function bootstrapped(): Promise<string> {
  if (existsSync(KEPT)) return KEPT;
  const coming = `${KEPT}.${process.pid}`;
  await mkdir(coming, { recursive: true });
  const child = spawn('debootstrap', [...BOOTSTRAP, coming], { stdio: ['ignore', 'pipe', 'inherit'] });
  const said: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => said.push(chunk));
  const [status] = await once(child, 'close');
  if (status !== 0) throw new Error(`debootstrap ended with ${status}: ${Buffer.concat(said)}`);
  await writeFile(join(coming, 'etc/hosts'), '127.0.0.1 localhost emr.clinic.example\n');
  await writeFile(join(coming, 'etc/hostname'), 'emr\n');
  await rename(coming, KEPT).catch(async (error: unknown) => {
    // Somebody else was quicker.
    if (!existsSync(KEPT)) throw error;
    await rm(coming, { recursive: true, force: true });
  });
  return KEPT;
}

export class Debian {
  /** Its `/`, seen from here. */
  readonly root: string;
  #container: ChildProcess | undefined;
  #leader = 0;

  static async boot(): Promise<Debian> {
    const base = await bootstrapped();
    const place = await mkdtemp(join(tmpdir(), 'debian-'));
    const [root = '', upper, work] = ['root', 'upper', 'work'].map((name) => join(place, name));
    for (const directory of [root, upper, work]) await mkdir(directory as string);
    const layers = `lowerdir=${base},upperdir=${upper},workdir=${work}`;
    await succeeded(runProgram('mount', ['-t', 'overlay', 'overlay', '-o', layers, root]));
    const debian = new Debian(place, root);
    try {
      await debian.boot();
    } catch (error) {
      await debian.remove();
      throw error;
    }
    return debian;
  }

  private constructor(
    private readonly place: string,
    root: string,
  ) {
    this.root = root;
  }

  /** Runs a command in it, as root at its console would, to the end. */
  run(command: string, ...args: readonly string[]): Promise<Ended> {
    // --root: of tests in a chroot, the namespaces alone still have that one's.
    const inside = ['--all', '--root', '--wd', `--target=${this.#leader}`, '--'];
    const clean = ['env', '-i', 'PATH=/usr/sbin:/usr/bin:/sbin:/bin', 'HOME=/root', 'LC_ALL=C.UTF-8'];
    return runProgram('nsenter', [...inside, ...clean, command, ...args], { timeoutMs: 180_000 });
  }

  /** What it printed; throws if its status is not 0. */
  async done(command: string, ...args: readonly string[]): Promise<string> {
    return (await succeeded(this.run(command, ...args))).output;
  }

  /** systemd takes everything down in order, and the container starts anew. */
  async reboot(): Promise<void> {
    const ended = once(this.#container as ChildProcess, 'exit');
    await this.run('systemctl', 'reboot');
    await ended;
    await this.boot();
  }

  async remove(): Promise<void> {
    if (this.#container?.exitCode === null) {
      const ended = once(this.#container, 'exit');
      // Without a first process inside, flock and systemd-nspawn end together, or have not begun.
      if (this.#leader > 0) process.kill(this.#leader, 'SIGKILL');
      else this.#container.kill();
      await ended;
    }
    await succeeded(runProgram('umount', [this.root]));
    await rm(this.place, { recursive: true, force: true });
  }

  async boot(): Promise<void> {
    // There is no systemd-machined to register with, and the unit to be kept is whatever runs the tests.
    const args = [`--directory=${this.root}`, '--boot', '--register=no', '--keep-unit', '--private-network'];
    const output = await open(join(this.place, 'console'), 'a');
    // One at a time: two would share the control group that they are in.
    const container = spawn('flock', [`${KEPT}.lock`, 'systemd-nspawn', ...args], {
      stdio: ['ignore', output.fd, output.fd],
    });
    await output.close();
    this.#container = container;
    this.#leader = await until(() => leaderOf(container), { what: 'the container to begin', timeoutMs: 600_000 });
    await until(async () => (await this.run('systemctl', 'is-system-running')).stdout === 'running\n', {
      what: `Debian to be up; see ${join(this.place, 'console')}`,
      everyMs: 100,
      timeoutMs: 60_000,
    });
  }
}

/** The first process inside: the child of systemd-nspawn, which is a child of flock. */
async function leaderOf({ pid = 0, exitCode }: ChildProcess): Promise<number | undefined> {
  if (exitCode !== null) throw new Error(`systemd-nspawn ended with ${exitCode}`);
  const leader = await firstChild(await firstChild(pid));
  // Before it is systemd it is systemd-nspawn, which sets the container up.
  return (await readFile(`/proc/${leader}/comm`, 'utf8').catch(() => '')) === 'systemd\n' ? leader : undefined;
}

async function firstChild(pid: number): Promise<number> {
  const children = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8').catch(() => '');
  return Number(children.trim().split(' ')[0]);
}

async function succeeded(ended: Promise<Ended>): Promise<Ended> {
  const { status, output } = await ended;
  if (status !== 0) throw new Error(`status ${status}: ${output}`);
  return ended;
}
