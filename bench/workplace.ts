/** Where a measurement is made: a temporary directory with certificates, and what to say of the machine. */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { cpus, loadavg, release, tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeTestPki, type TestPki } from '../test/support/certificates.js';
import { syslogNgVersion } from '../test/support/syslog-ng.js';
import { rsyslogVersion } from './peers/rsyslog.js';

export class Workplace {
  readonly directory = mkdtempSync(join(tmpdir(), 'bench-'));
  #places = 0;

  private constructor(readonly pki: TestPki) {}

  static async open(): Promise<Workplace> {
    return new Workplace(await makeTestPki());
  }

  /** A fresh directory in it. */
  place(): string {
    this.#places += 1;
    const directory = join(this.directory, String(this.#places));
    mkdirSync(directory);
    return directory;
  }

  async close(): Promise<void> {
    await this.pki.remove();
    rmSync(this.directory, { recursive: true, force: true });
  }
}

/** One line: processors, kernel, versions, and how busy the machine is with other things. */
export async function machine(): Promise<string> {
  const [load = 0] = loadavg();
  const processors = cpus();
  return [
    `${processors.length} × ${processors[0]?.model ?? 'unknown processor'}`,
    `Linux ${release()}`,
    `Node ${process.version}`,
    `rsyslog ${(await rsyslogVersion()) ?? 'not installed'}`,
    `syslog-ng ${(await syslogNgVersion()) ?? 'not installed'}`,
    `load ${load.toFixed(1)} before`,
  ].join(', ');
}
