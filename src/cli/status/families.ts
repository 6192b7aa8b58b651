/** The agent's state as numbers for Prometheus. docs/observability/README.md says what each is for. Pure. */
import type { Family, Sample } from '../../observe/metrics.js';
import type { StatusReport } from './status-report.js';

const PREFIX = 'openemr_audit_forwarder_';

export function familiesOf(report: StatusReport): Family[] {
  return [
    ...stateFamilies(report),
    ...sourceFamilies(report),
    ...journalFamilies(report),
    ...linkFamilies(report),
    ...expiries(report),
  ];
}

function stateFamilies({ version, run, verdict, startedAtMs, counts, clock, stuckLoops }: StatusReport): Family[] {
  return [
    gauge('info', 'Version and run of the agent; always 1.', one(1, { version, run })),
    gauge(
      'verdict',
      'What status says first: 1 for the one that holds.',
      ['OK', 'WAITING', 'PROBLEM'].map((each) => sample(Number(each === verdict), { verdict: each })),
    ),
    gauge('start_time_seconds', 'When the agent started, or read its configuration anew.', one(startedAtMs / 1000)),
    gauge('stuck_loops', 'Loops of the agent that hang.', one(stuckLoops.length)),
    gauge(
      'clock',
      'Whether the clock of this machine is kept right by NTP: 1 for the one that holds.',
      ['synchronised', 'unsynchronised', 'unknown'].map((each) => sample(Number(each === clock), { state: each })),
    ),
    counter('lines_total', 'Lines read, without empty ones and headings.', one(counts.lines)),
    counter('messages_total', 'Messages made, those of the agent itself among them.', one(counts.messages)),
    counter('lines_unparsed_total', 'Lines that were not understood and are sent as they are.', one(counts.unparsed)),
    counter('lines_filtered_total', 'Lines left out by message.include and message.exclude.', one(counts.filtered)),
    counter('lines_faulty_total', 'Lines that a fault of the program kept from being understood.', one(counts.faulty)),
    counter('lines_altered_total', 'Rows that are not what OpenEMR wrote, by their checksum.', one(counts.altered)),
    counter('rows_changed_total', 'Rows that the export found deleted or edited in the database.', one(counts.changed)),
  ];
}

function sourceFamilies({ sources }: StatusReport): Family[] {
  const of = (value: (source: StatusReport['sources'][number]) => number | undefined) =>
    sources.flatMap((source) => {
      const found = value(source);
      return found === undefined ? [] : [sample(found, { source: source.name })];
    });
  return [
    gauge(
      'source_files',
      'Files that are followed.',
      of(({ files }) => files),
    ),
    gauge(
      'source_unreadable_files',
      'Files that match and cannot be read.',
      of(({ unreadable }) => unreadable),
    ),
    gauge(
      'source_lag_bytes',
      'Bytes that are not read yet.',
      of(({ lagBytes }) => lagBytes),
    ),
    gauge(
      'source_lag_lines',
      'The same in lines, an estimate.',
      of(({ lagLines }) => lagLines),
    ),
    gauge(
      'source_lag_seconds',
      'Age of the oldest unread byte.',
      of(({ lagMs }) => lagMs / 1000),
    ),
  ];
}

function journalFamilies({ journal, writtenAtMs }: StatusReport): Family[] {
  const { oldestUnacknowledgedAtMs = writtenAtMs, freeBytes } = journal;
  return [
    gauge('journal_messages', 'Messages that are not acknowledged yet.', one(journal.messagesWaiting)),
    gauge(
      'journal_oldest_unacknowledged_seconds',
      'Age of the oldest of them.',
      one(Math.max(0, writtenAtMs - oldestUnacknowledgedAtMs) / 1000),
    ),
    gauge('journal_bytes', 'The journal on disk.', one(journal.bytes)),
    gauge('journal_max_bytes', 'What it may hold (journal.maxBytes).', one(journal.maxBytes)),
    ...(freeBytes === undefined
      ? []
      : [gauge('journal_volume_free_bytes', 'Free space on its volume.', one(freeBytes))]),
    gauge('journal_full', 'Whether reading has stopped for want of room.', one(Number(journal.full))),
    gauge(
      'journal_failing',
      'Whether the disk refuses the journal just now.',
      one(Number(journal.failed !== undefined)),
    ),
    counter('journal_faults_total', 'Writes and syncs that failed.', one(journal.faults)),
    counter('journal_damages_total', 'Damaged places met.', one(journal.damages)),
    counter(
      'journal_dropped_messages_total',
      'Messages dropped to make room (journal.whenFull).',
      one(journal.dropped),
    ),
  ];
}

function linkFamilies({ delivery }: StatusReport): Family[] {
  const { link, lastAcknowledgedAtMs, lastLevel, failures } = delivery;
  return [
    gauge('connected', 'Whether there is a connection to a collector.', one(Number(link.name === 'connected'))),
    gauge('message_stuck', 'Whether one message ends every connection.', one(Number(delivery.stuck !== undefined))),
    ...(lastLevel === undefined
      ? []
      : [
          gauge(
            'acknowledgement_level',
            'How well delivery is proven: window (not at all), fin or close-notify; always 1.',
            one(1, { level: lastLevel }),
          ),
        ]),
    ...(lastAcknowledgedAtMs === undefined
      ? []
      : [
          gauge(
            'last_acknowledgement_timestamp_seconds',
            'When the collector acknowledged last.',
            one(lastAcknowledgedAtMs / 1000),
          ),
        ]),
    counter('sent_messages_total', 'Messages handed to the kernel, repeats included.', one(delivery.sent)),
    counter('acknowledged_messages_total', 'Messages that the collector has acknowledged.', one(delivery.acknowledged)),
    counter('repeated_messages_total', 'Messages sent again after a failure.', one(delivery.repeated)),
    counter('epochs_total', 'Acknowledgements.', one(delivery.epochs)),
    counter('connections_total', 'Connections made.', one(delivery.connections.made)),
    counter(
      'failures_total',
      'Attempts that failed and connections that ended unacknowledged, by reason.',
      Object.entries(failures).map(([reason, count]) => sample(count, { reason })),
      ['reason'],
    ),
  ];
}

/** What ends, and when: the rule is `… - time() < 14 * 86400`. */
function expiries({ certificate, collectorCertificate, revocationList }: StatusReport): Family[] {
  const ends = [
    ['ours', certificate?.notAfter],
    ['collector', collectorCertificate?.notAfter],
    ['revocation-list', revocationList?.ends],
  ] as const;
  return [
    gauge(
      'certificate_expiry_timestamp_seconds',
      'When our certificate, the collector’s and the revocation list end.',
      ends.flatMap(([whose, end]) => (end === undefined ? [] : [sample(Date.parse(end) / 1000, { whose })])),
      ['whose'],
    ),
  ];
}

function gauge(name: string, help: string, samples: readonly Sample[], labelNames = namesIn(samples)): Family {
  return { name: PREFIX + name, type: 'gauge', help, labelNames, samples };
}

function counter(name: string, help: string, samples: readonly Sample[], labelNames = namesIn(samples)): Family {
  return { name: PREFIX + name, type: 'counter', help, labelNames, samples };
}

function namesIn([first]: readonly Sample[]): string[] {
  return Object.keys(first?.labels ?? {});
}

function one(value: number, labels: Sample['labels'] = {}): Sample[] {
  return [sample(value, labels)];
}

function sample(value: number, labels: Sample['labels']): Sample {
  return { value, labels };
}
