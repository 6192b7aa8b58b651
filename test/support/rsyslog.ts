/**
 * A real rsyslogd as a TLS collector, with the gtls or the ossl driver, or as
 * one without TLS, for what ends it elsewhere. It
 * stores each message as it came, a message a line, and escapes nothing.
 * Needs the packages rsyslog, rsyslog-gnutls and rsyslog-openssl.
 */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestPki } from './certificates.js';
import { Daemon } from './daemon.js';
import { isListening } from './free-port.js';

export interface RsyslogOptions {
  /** `ptcp` is TCP without TLS. */
  readonly driver: 'gtls' | 'ossl' | 'ptcp';
  readonly pki: TestPki;
  /** Default: the system chooses. */
  readonly port?: number;
  /** Default: `stored` in a directory that goes with the collector. */
  readonly file?: string;
  /** A longer message is cut by rsyslog without a word. */
  readonly maxMessageBytes?: number;
  /** Without a queue in memory, which a kill would take. */
  readonly storesBeforeItReadsOn?: boolean;
  /** What rsyslog stores of a message in its own words, such as `%msgid%` or `%$!rfc5424-sd%`; default: all of it as it came. */
  readonly store?: string;
  /** What else it does with each message: a ruleset of this name, and the configuration that defines it. */
  readonly calls?: { readonly ruleset: string; readonly configuration: string };
}

export class Rsyslog {
  readonly file: string;
  readonly port: number;
  readonly #daemon: Daemon;
  readonly #directory: string;

  static async start(options: RsyslogOptions): Promise<Rsyslog> {
    const directory = await mkdtemp(join(tmpdir(), 'rsyslog-'));
    const file = options.file ?? join(directory, 'stored');
    const portFile = join(directory, 'port');
    await writeFile(join(directory, 'rsyslog.conf'), configuration(options, directory, file, portFile));
    try {
      const daemon = await Daemon.start({
        command: 'rsyslogd',
        args: ['-n', '-f', join(directory, 'rsyslog.conf'), '-i', join(directory, 'pid')],
        outputFile: join(directory, 'out'),
        ready: async () => (await portOf(options, portFile)) !== undefined,
      });
      return new Rsyslog(daemon, directory, file, (await portOf(options, portFile))!);
    } catch (error) {
      await rm(directory, { recursive: true, force: true });
      throw error;
    }
  }

  private constructor(daemon: Daemon, directory: string, file: string, port: number) {
    this.#daemon = daemon;
    this.#directory = directory;
    this.file = file;
    this.port = port;
  }

  /** The messages stored so far; one that holds LF is several here. */
  async stored(): Promise<string[]> {
    const text = await readFile(this.file, 'utf8').catch(() => '');
    return text.split('\n').slice(0, -1);
  }

  signal(signal: NodeJS.Signals): void {
    this.#daemon.signal(signal);
  }

  /** Tells it to stop: it writes what it has read first. */
  async terminate(): Promise<void> {
    this.#daemon.signal('SIGTERM');
    await this.#daemon.exited;
  }

  /** Kills it; what it stored under a name of its own stays. */
  async stop(): Promise<void> {
    await this.#daemon.stop();
    await rm(this.#directory, { recursive: true, force: true });
  }
}

function configuration(
  { driver, pki, port = 0, maxMessageBytes = 262_144, storesBeforeItReadsOn = false, store, calls }: RsyslogOptions,
  directory: string,
  file: string,
  portFile: string,
): string {
  return `
global(
  workDirectory="${directory}"
  maxMessageSize="${maxMessageBytes}"
  parser.escapeControlCharactersOnReceive="off"
  DefaultNetstreamDriver="${driver}"
  DefaultNetstreamDriverCAFile="${pki.caFile}"
  DefaultNetstreamDriverCertFile="${pki.collectorCert}"
  DefaultNetstreamDriverKeyFile="${pki.collectorKey}"
)
${storesBeforeItReadsOn ? 'main_queue(queue.type="direct")' : ''}
module(load="imtcp" StreamDriver.Name="${driver}" ${driver === 'ptcp' ? '' : 'StreamDriver.Mode="1" StreamDriver.AuthMode="x509/certvalid"'}
       maxFrameSize="${Math.max(200_000, maxMessageBytes)}")
template(name="stored" type="string" string="${store ?? '%rawmsg%'}\\n")
input(type="imtcp" address="127.0.0.1" port="${port}" listenPortFileName="${portFile}")
${store === undefined ? '' : 'module(load="mmpstrucdata")\naction(type="mmpstrucdata" sd_name.lowercase="off")'}
action(type="omfile" file="${file}" template="stored" fileCreateMode="0600")
${calls === undefined ? '' : `${calls.configuration}\ncall ${calls.ruleset}`}
`;
}

/** It writes the port only when the system has chosen it. */
async function portOf({ port: wanted }: RsyslogOptions, file: string): Promise<number | undefined> {
  if (wanted !== undefined) return isListening(wanted) ? wanted : undefined;
  const port = Number(await readFile(file, 'utf8').catch(() => ''));
  return port > 0 ? port : undefined;
}
