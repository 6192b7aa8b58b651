/** rsyslogd as a forwarder: imfile to omfwd over TLS by its gtls driver, with its queue in memory or assisted by the disk. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Daemon } from '../../test/support/daemon.js';
import { runProgram } from '../../test/support/program.js';
import { type Sender, type Stage, terminate } from './sender.js';

export function rsyslog(queue: 'memory' | 'disk'): Sender {
  return {
    name: queue === 'memory' ? 'rsyslog, queue in memory' : 'rsyslog, disk-assisted queue',
    start: async (stage) => {
      const { directory } = stage;
      mkdirSync(join(directory, 'work'));
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

function configuration({ directory, log, port, pki }: Stage, queue: 'memory' | 'disk'): string {
  const onDisk = queue === 'memory' ? '' : 'queue.filename="forward" queue.saveOnShutdown="on" queue.maxDiskSpace="4g"';
  return `
global(
  workDirectory="${join(directory, 'work')}"
  maxMessageSize="64k"
  DefaultNetstreamDriver="gtls"
  DefaultNetstreamDriverCAFile="${pki.caFile}"
  DefaultNetstreamDriverCertFile="${pki.agentCert}"
  DefaultNetstreamDriverKeyFile="${pki.agentKey}"
)
module(load="imfile" mode="inotify")
input(type="imfile" file="${log}" tag="openemr" freshStartTail="off" ruleset="forward")
ruleset(name="forward" queue.type="Direct") {
  action(type="omfwd" target="localhost" port="${port}" protocol="tcp" template="RSYSLOG_SyslogProtocol23Format"
         TCP_Framing="octet-counted" StreamDriver="gtls" StreamDriverMode="1" StreamDriverAuthMode="x509/name"
         StreamDriverPermittedPeers="localhost" action.resumeRetryCount="-1" action.resumeInterval="1"
         queue.type="LinkedList" queue.size="500000" queue.dequeueBatchSize="1024" ${onDisk})
}
`;
}
