/**
 * syslog-ng as a forwarder: file() or wildcard-file() to syslog() over TLS with
 * flow control, its queue in memory or in a reliable disk-buffer.
 */
import { mkdirSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { startSyslogNg } from '../../test/support/syslog-ng.js';
import { type Sender, type Stage, terminate } from './sender.js';

type Queue = 'memory' | 'disk';

export function syslogNg(queue: Queue): Sender {
  return {
    name: queue === 'memory' ? 'syslog-ng, queue in memory' : 'syslog-ng, reliable disk-buffer',
    ...running(({ log }) => `file("${log}" ${READING});`, queue),
  };
}

/**
 * With its source for logs that are rotated; of `rotated` it can be told only by a
 * pattern for names. With `monitor-method("inotify")` 3.38 lost some lines at
 * each renaming here, up to `follow-freq`'s worth; with "poll" none.
 */
export const syslogNgWildcard: Sender = {
  name: 'syslog-ng, wildcard-file',
  ...running(({ log, rotated }) => {
    const pattern = rotated ? `${basename(log)}*` : basename(log);
    const where = `base-dir("${dirname(log)}") filename-pattern("${pattern}") recursive(${rotated ? 'yes' : 'no'})`;
    return `wildcard-file(${where} monitor-method("poll") ${READING});`;
  }, 'memory'),
};

const READING = 'flags(no-parse) follow-freq(0.2) read-old-records(yes) log-fetch-limit(1000) log-iw-size(100000)';

function running(source: (stage: Stage) => string, queue: Queue): Pick<Sender, 'start' | 'end'> {
  return {
    start: (stage) => {
      mkdirSync(join(stage.directory, 'queue'), { recursive: true });
      return startSyslogNg(stage.directory, configuration(stage, source(stage), queue), () => true);
    },
    end: async (daemon) => {
      await terminate(daemon);
    },
  };
}

function configuration({ directory, port, pki }: Stage, source: string, queue: Queue): string {
  const onDisk =
    queue === 'memory'
      ? ''
      : `disk-buffer(reliable(yes) disk-buf-size(4294967296) mem-buf-size(16777216) dir("${join(directory, 'queue')}"))`;
  return `
options { time-reopen(1); };
source s_log { ${source} };
destination d_collector {
  syslog("localhost" port(${port}) transport("tls") log-fifo-size(200000) ${onDisk}
    tls(ca-file("${pki.caFile}") cert-file("${pki.agentCert}") key-file("${pki.agentKey}")
        peer-verify(required-trusted)));
};
log { source(s_log); destination(d_collector); flags(flow-control); };
`;
}
