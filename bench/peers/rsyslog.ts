/**
 * rsyslogd as a forwarder: imfile to omfwd over TLS by its gtls driver, with its
 * queue in memory, assisted by the disk, or without one, where a line counts as
 * read only once it was written to the socket.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Daemon } from '../../test/support/daemon.js';
import { runProgram } from '../../test/support/program.js';
import { type Sender, type Stage, terminate } from './sender.js';

type Queue = 'memory' | 'disk' | 'none';

const NAMES = { memory: 'queue in memory', disk: 'disk-assisted queue', none: 'no queue' };

export function rsyslog(queue: Queue): Sender {
  return {
    name: `rsyslog, ${NAMES[queue]}`,
    start: async (stage) => {
      const { directory } = stage;
      mkdirSync(join(directory, 'work'), { recursive: true });
      const file = join(directory, 'rsyslog.conf');
      writeFileSync(file, configuration(stage, queue));
      const args = ['-n', '-f', file, '-i', join(directory, 'pid')];
      return Daemon.start({ command: 'rsyslogd', args, outputFile: join(directory, 'out'), ready: () => true });
    },
    end: async (daemon) => {
      await terminate(daemon);
    },
  };
}

/** `undefined` when it is not installed. */
export async function rsyslogVersion(): Promise<string | undefined> {
  const said = await runProgram('rsyslogd', ['-v']).catch(() => undefined);
  return /^rsyslogd\s+([\d.]+)/.exec(said?.output ?? '')?.[1];
}

const IN_MEMORY = 'queue.type="LinkedList" queue.size="500000" queue.dequeueBatchSize="1024"';
const QUEUES = {
  memory: IN_MEMORY,
  disk: `${IN_MEMORY} queue.filename="forward" queue.saveOnShutdown="on" queue.maxDiskSpace="4g"`,
  none: 'queue.type="Direct"',
};
/**
 * What imfile can do for a line when the file is truncated or rsyslogd is killed.
 * With a state file written at each line it cannot keep up with 2,000 lines a
 * second on two cores, and then loses what is unread at the rotation.
 */
const CAREFUL = 'reopenOnTruncate="on" persistStateInterval="100" persistStateAfterSubmission="on"';

function configuration({ directory, log, rotated = [], port, pki }: Stage, queue: Queue): string {
  const care = queue === 'none' ? CAREFUL : '';
  const inputs = [log, ...rotated].map(
    (file) => `input(type="imfile" file="${file}" tag="openemr" freshStartTail="off" ruleset="forward" ${care})`,
  );
  return `
global(
  workDirectory="${join(directory, 'work')}"
  maxMessageSize="256k"
  DefaultNetstreamDriver="gtls"
  DefaultNetstreamDriverCAFile="${pki.caFile}"
  DefaultNetstreamDriverCertFile="${pki.agentCert}"
  DefaultNetstreamDriverKeyFile="${pki.agentKey}"
)
module(load="imfile" mode="inotify")
${inputs.join('\n')}
ruleset(name="forward" queue.type="Direct") {
  action(type="omfwd" target="localhost" port="${port}" protocol="tcp" template="RSYSLOG_SyslogProtocol23Format"
         TCP_Framing="octet-counted" StreamDriver="gtls" StreamDriverMode="1" StreamDriverAuthMode="x509/name"
         StreamDriverPermittedPeers="localhost" action.resumeRetryCount="-1" action.resumeInterval="1"
         ${QUEUES[queue]})
}
`;
}
