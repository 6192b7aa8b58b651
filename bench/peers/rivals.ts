/** The other forwarders that are on this machine, each with its queue in memory and on disk. */
import { syslogNgVersion } from '../../test/support/syslog-ng.js';
import { rsyslog, rsyslogVersion } from './rsyslog.js';
import type { Sender } from './sender.js';
import { syslogNg } from './syslog-ng.js';

export async function rivals(): Promise<Sender[]> {
  return [
    ...((await rsyslogVersion()) === undefined ? [] : [rsyslog('memory'), rsyslog('disk')]),
    ...((await syslogNgVersion()) === undefined ? [] : [syslogNg('memory'), syslogNg('disk')]),
  ];
}
