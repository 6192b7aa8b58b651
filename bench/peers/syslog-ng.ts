/** syslog-ng as a forwarder: file() to syslog() over TLS with flow control, its queue in memory or in a reliable disk-buffer. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { startSyslogNg } from '../../test/support/syslog-ng.js';
import { type Sender, type Stage, terminate } from './sender.js';

export function syslogNg(queue: 'memory' | 'disk'): Sender {
  return {
    name: queue === 'memory' ? 'syslog-ng, queue in memory' : 'syslog-ng, reliable disk-buffer',
    start: (stage) => {
      mkdirSync(join(stage.directory, 'queue'));
      return startSyslogNg(stage.directory, configuration(stage, queue), () => true);
    },
    end: async (daemon) => {
      await terminate(daemon);
    },
  };
}

function configuration({ directory, log, port, pki }: Stage, queue: 'memory' | 'disk'): string {
  const onDisk =
    queue === 'memory'
      ? ''
      : `disk-buffer(reliable(yes) disk-buf-size(4294967296) mem-buf-size(16777216) dir("${join(directory, 'queue')}"))`;
  return `
options { time-reopen(1); };
source s_log {
  file("${log}" flags(no-parse) follow-freq(0.2) read-old-records(yes) log-fetch-limit(1000) log-iw-size(100000));
};
destination d_collector {
  syslog("localhost" port(${port}) transport("tls") log-fifo-size(200000) ${onDisk}
    tls(ca-file("${pki.caFile}") cert-file("${pki.agentCert}") key-file("${pki.agentKey}")
        peer-verify(required-trusted)));
};
log { source(s_log); destination(d_collector); flags(flow-control); };
`;
}
