/** stunnel, which ends TLS in front of a collector that speaks none. Needs the package stunnel4. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestPki } from './certificates.js';
import { Daemon } from './daemon.js';
import { freePort, isListening } from './free-port.js';

export class Stunnel {
  /** `behind`: the port of the collector. */
  static async start({ pki, behind }: { readonly pki: TestPki; readonly behind: number }): Promise<Stunnel> {
    const directory = await mkdtemp(join(tmpdir(), 'stunnel-'));
    const port = await freePort();
    const file = join(directory, 'stunnel.conf');
    await writeFile(file, configuration(pki, port, behind));
    try {
      const daemon = await Daemon.start({
        command: 'stunnel4',
        args: [file],
        outputFile: join(directory, 'out'),
        ready: () => isListening(port),
      });
      return new Stunnel(daemon, directory, port);
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

  /** Kills it. */
  async stop(): Promise<void> {
    await this.daemon.stop();
    await rm(this.directory, { recursive: true, force: true });
  }
}

function configuration({ caFile, collectorCert, collectorKey }: TestPki, port: number, behind: number): string {
  return `
foreground = yes
pid =
[audit]
accept = 127.0.0.1:${port}
connect = 127.0.0.1:${behind}
cert = ${collectorCert}
key = ${collectorKey}
CAfile = ${caFile}
verifyChain = yes
`;
}
