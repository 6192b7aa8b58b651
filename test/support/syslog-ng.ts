/**
 * A real syslog-ng, as a TLS collector that stores each message as it came, a
 * message a line; or with any other configuration. As a package it excludes
 * rsyslog, so it is unpacked beside it: `.ci/syslog-ng` does that.
 */
import { existsSync, readdirSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestPki } from './certificates.js';
import { Daemon } from './daemon.js';
import { freePort, isListening } from './free-port.js';
import { runProgram } from './program.js';

const ROOT = process.env.SYSLOG_NG_ROOT ?? '/var/cache/openemr-audit-forwarder/syslog-ng';
const PROGRAM = join(ROOT, 'usr/sbin/syslog-ng');
const LIBRARIES = join(ROOT, 'usr/lib/syslog-ng');

/** `undefined` when it is not there. */
export async function syslogNgVersion(): Promise<string | undefined> {
  if (!existsSync(PROGRAM)) return undefined;
  const { output } = await runProgram(PROGRAM, ['--version'], { env: { LD_LIBRARY_PATH: LIBRARIES } });
  return /^syslog-ng \S+ \(([\d.]+)\)/.exec(output)?.[1];
}

/** With this configuration, which needs no `@version`; its own files go to `directory`. */
export async function startSyslogNg(
  directory: string,
  configuration: string,
  ready: () => boolean | Promise<boolean>,
): Promise<Daemon> {
  if (!existsSync(PROGRAM)) throw new Error(`there is no ${PROGRAM}; as root: .ci/syslog-ng`);
  const version = readdirSync(LIBRARIES).find((name) => /^\d+\.\d+$/.test(name));
  const file = join(directory, 'syslog-ng.conf');
  await writeFile(file, `@version: ${version}\n${configuration}`);
  const own = ['-R', join(directory, 'persist'), '-p', join(directory, 'pid'), '-c', join(directory, 'ctl')];
  return Daemon.start({
    command: PROGRAM,
    args: ['-F', '--no-caps', `--module-path=${join(LIBRARIES, version!)}`, '-f', file, ...own],
    env: { LD_LIBRARY_PATH: LIBRARIES },
    outputFile: join(directory, 'out'),
    ready,
  });
}

export class SyslogNg {
  static async start({ pki }: { readonly pki: TestPki }): Promise<SyslogNg> {
    const directory = await mkdtemp(join(tmpdir(), 'syslog-ng-'));
    const port = await freePort();
    try {
      const daemon = await startSyslogNg(directory, configuration(pki, directory, port), () => isListening(port));
      return new SyslogNg(daemon, directory, port);
    } catch (error) {
      await rm(directory, { recursive: true, force: true });
      throw error;
    }
  }

  private constructor(
    private readonly daemon: Daemon,
    private readonly directory: string,
    readonly port: number,
  ) {}

  /** What it stores. */
  get file(): string {
    return join(this.directory, 'stored');
  }

  /** Kills it. */
  async stop(): Promise<void> {
    await this.daemon.stop();
    await rm(this.directory, { recursive: true, force: true });
  }
}

function configuration(pki: TestPki, directory: string, port: number): string {
  return `
options { keep-hostname(yes); };
source s_audit {
  syslog(ip("127.0.0.1") port(${port}) transport("tls") log-msg-size(262144) flags(no-parse)
    tls(ca-file("${pki.caFile}") cert-file("${pki.collectorCert}") key-file("${pki.collectorKey}")
        peer-verify(required-trusted)));
};
destination d_audit { file("${join(directory, 'stored')}" template("\${MSG}\\n") perm(0600)); };
log { source(s_audit); destination(d_audit); flags(flow-control); };
`;
}
