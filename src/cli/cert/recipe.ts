/**
 * Writes the configuration of a real collector for `cert init --collector`: it takes the agent's
 * messages, stores each unchanged on a line, and lets in only the agent whose name it has.
 * docs/delivery.md explains the lines and shows the same text; a test holds them equal.
 */

export type CollectorKind = 'rsyslog' | 'syslog-ng';

export const COLLECTOR_KINDS: readonly CollectorKind[] = ['rsyslog', 'syslog-ng'];

export interface Recipe {
  /** What `cert init` calls it. */
  readonly file: string;
  /** Where it and the certificates go on the collector. */
  readonly place: string;
  readonly certificates: string;
  /** Debian's packages. */
  readonly packages: string;
  /** For an agent whose certificate has this name. */
  text(agent: string): string;
}

export const RECIPES: Readonly<Record<CollectorKind, Recipe>> = {
  rsyslog: {
    file: 'rsyslog-audit.conf',
    place: '/etc/rsyslog.d',
    certificates: '/etc/rsyslog.d/tls',
    packages: 'rsyslog rsyslog-gnutls',
    text: (agent) => `global(
  workDirectory="/var/spool/rsyslog"
  maxMessageSize="64k"
  parser.escapeControlCharactersOnReceive="off"
  DefaultNetstreamDriverCAFile="/etc/rsyslog.d/tls/cacert.pem"
  DefaultNetstreamDriverCertFile="/etc/rsyslog.d/tls/hiecert.pem"
  DefaultNetstreamDriverKeyFile="/etc/rsyslog.d/tls/hie.key"
)
module(load="imtcp" streamDriver.name="gtls" streamDriver.mode="1"
       streamDriver.authMode="x509/name" permittedPeer=["${agent}"])
template(name="as-it-came" type="string" string="%rawmsg%\\n")
input(type="imtcp" port="6514" ruleset="audit")
ruleset(name="audit") {
  action(type="omfile" file="/var/log/audit-repository" template="as-it-came" fileCreateMode="0640")
}
`,
  },
  'syslog-ng': {
    file: 'syslog-ng-audit.conf',
    place: '/etc/syslog-ng/conf.d',
    certificates: '/etc/syslog-ng/tls',
    packages: 'syslog-ng',
    // Any agent whose certificate the CA has signed: syslog-ng compares distinguished names, and here there is one CA for one agent.
    text: () => `source s_audit {
  syslog(ip("0.0.0.0") port(6514) transport("tls") log-msg-size(65536) flags(no-parse)
    tls(ca-file("/etc/syslog-ng/tls/cacert.pem") cert-file("/etc/syslog-ng/tls/hiecert.pem")
        key-file("/etc/syslog-ng/tls/hie.key") peer-verify(required-trusted)));
};
destination d_audit { file("/var/log/audit-repository" template("\${MSG}\\n") perm(0640)); };
log { source(s_audit); destination(d_audit); flags(flow-control); };
`,
  },
};

/** What to do with the files, in the order of doing it. `collector`: the collector's names. */
export function steps(kind: CollectorKind, directory: string, collector: readonly string[]): string[] {
  const { file, place, certificates, packages } = RECIPES[kind];
  return [
    `On the collector (${kind}; packages ${packages}), as root:`,
    `  install -d -m 0700 ${certificates}`,
    `  copy cacert.pem, hiecert.pem and hie.key from ${directory} to ${certificates}`,
    `  copy ${file} from ${directory} to ${place}`,
    `  systemctl restart ${kind}`,
    ...(collector.length > 0
      ? []
      : [
          'The certificate of the collector is for localhost alone: give --dns HOST for',
          'a collector on another machine.',
        ]),
  ];
}
