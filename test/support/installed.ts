/**
 * A clinic's machine: rsyslog as the collector, OpenEMR's audit log growing all
 * the time, and what there is to ask about both. The rows are written from
 * outside, so that they go on while the machine is down.
 */
import { type FileHandle, open, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Debian } from './debian.js';
import { auditRow, rowFile } from './openemr-rows.js';
import { until } from './wait.js';

export const TLS = '/etc/openemr-audit-forwarder/tls';
export const STORE = '/var/log/audit-repository';
/** Planted in every row; the agent's own log must not have it. */
export const PATIENT = 'Ottilie Wunderlich';

const ROWS_A_TURN = 10;
const TURN_MS = 25;

export const CONFIGURATION = `sources:
  - name: main
    paths: ["/var/log/openemr-audit/*.log"]
    timeZone: America/New_York
collectors:
  - { host: localhost, port: 6514 }
tls:
  ca: ${TLS}/cacert.pem
  cert: ${TLS}/openemrcert.pem
  key: ${TLS}/openemr.key
delivery:
  epochInterval: 1s
`;

const RSYSLOG = `
global(
  maxMessageSize="64k"
  parser.escapeControlCharactersOnReceive="off"
  DefaultNetstreamDriver="gtls"
  DefaultNetstreamDriverCAFile="${TLS}/cacert.pem"
  DefaultNetstreamDriverCertFile="${TLS}/hiecert.pem"
  DefaultNetstreamDriverKeyFile="${TLS}/hie.key"
)
module(load="imtcp" StreamDriver.Name="gtls" StreamDriver.Mode="1" StreamDriver.AuthMode="x509/certvalid")
template(name="as-it-came" type="string" string="%rawmsg%\\n")
ruleset(name="audit") { action(type="omfile" file="${STORE}" template="as-it-came") }
input(type="imtcp" address="127.0.0.1" port="6514" ruleset="audit")
`;

export async function setUpCollector(debian: Debian): Promise<void> {
  await writeFile(join(debian.root, 'etc/rsyslog.d/audit-repository.conf'), RSYSLOG);
  await debian.done('systemctl', 'restart', 'rsyslog');
}

export class Clinic {
  #written = 0;
  #writing = true;
  #over = false;
  readonly #done: Promise<void>;

  static async open(debian: Debian): Promise<Clinic> {
    await debian.done('install', '-d', '-o', 'root', '-g', 'openemr-audit', '-m', '0750', '/var/log/openemr-audit');
    const log = await open(join(debian.root, 'var/log/openemr-audit/audit.log'), 'a', 0o644);
    return new Clinic(debian, log);
  }

  private constructor(
    private readonly debian: Debian,
    log: FileHandle,
  ) {
    this.#done = this.#write(log);
  }

  async close(): Promise<void> {
    this.#over = true;
    await this.#done;
  }

  get written(): number {
    return this.#written;
  }

  /** Stops writing, waits until the collector has every row, and goes on. Gives what `verify` says of what is stored. */
  async verdict(): Promise<string> {
    this.#writing = false;
    await sleep(2 * TURN_MS);
    await until(async () => (await this.stored()).size === this.#written, {
      what: `the collector to have all ${this.#written} rows`,
      everyMs: 200,
      timeoutMs: 60_000,
    });
    const { status, output } = await this.debian.run('openemr-audit-forwarder', 'verify', STORE, '--receipts');
    this.#writing = true;
    return `${status}: ${output}`;
  }

  /** How many rows the collector has stored more than once. */
  async repeats(): Promise<number> {
    const ids = await this.#storedIds();
    return ids.length - new Set(ids).size;
  }

  /** The rows that the collector has stored, by their id. */
  async stored(): Promise<Set<string>> {
    return new Set(await this.#storedIds());
  }

  async #storedIds(): Promise<string[]> {
    const text = await readFile(join(this.debian.root, STORE), 'utf8').catch(() => '');
    return Array.from(text.matchAll(/\{"id":(\d+),[^\n]*\}\n/g), ([, id = '']) => id);
  }

  async #write(log: FileHandle): Promise<void> {
    while (!this.#over) {
      if (this.#writing) {
        const ids = Array.from({ length: ROWS_A_TURN }, (_, index) => this.#written + index + 1);
        await log.write(rowFile(ids.map((id) => auditRow({ id }, `SELECT '${PATIENT}'`))));
        this.#written += ROWS_A_TURN;
      }
      await sleep(TURN_MS);
    }
    await log.close();
  }
}
