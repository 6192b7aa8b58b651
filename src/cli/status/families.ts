/** Turns the agent's state into metrics for Prometheus; docs/observability/README.md lists them. Pure. */
import { classOf } from '../../lib/problems.js';
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

function stateFamilies(report: StatusReport): Family[] {
  const { version, run, verdict, startedAtMs, counts, clock, stuckLoops, problems } = report;
  return [
    gauge('info', 'Version and run of the agent; always 1.', one(1, { version, run })),
    gauge(
      'verdict',
      'The first word of status: 1 for the one that holds.',
      ['OK', 'WAITING', 'PROBLEM'].map((each) => sample(Number(each === verdict), { verdict: each })),
    ),
    gauge('start_time_seconds', 'When the agent started or last reloaded its configuration.', one(startedAtMs / 1000)),
    gauge('problems', 'What is wrong now, by kind; level error: somebody must act.', problemCounts(problems), [
      'level',
      'problem',
    ]),
    gauge('stuck_loops', 'Loops of the agent that hang.', one(stuckLoops.length)),
    gauge(
      'clock',
      'Whether NTP synchronises the clock of this machine: 1 for the state that holds.',
      ['synchronised', 'unsynchronised', 'unknown'].map((each) => sample(Number(each === clock), { state: each })),
    ),
    counter('lines_total', 'Lines read, without empty lines and headings.', one(counts.lines)),
    counter('messages_total', 'Messages made, including the agent’s own.', one(counts.messages)),
    counter('lines_unparsed_total', 'Unparsed lines (sent unchanged).', one(counts.unparsed)),
    counter('lines_filtered_total', 'Lines left out by message.include and message.exclude.', one(counts.filtered)),
    counter(
      'lines_faulty_total',
      'Lines that could not be encoded because of a bug in the program.',
      one(counts.faulty),
    ),
    counter('lines_altered_total', 'Rows altered since OpenEMR wrote them, by their checksum.', one(counts.altered)),
    counter(
      'lines_unverifiable_total',
      'Rows whose checksum cannot be verified, because the database stored something else than OpenEMR hashed.',
      one(counts.unverifiable ?? 0),
    ),
    counter('rows_changed_total', 'Rows that the export found deleted or edited in the database.', one(counts.changed)),
  ];
}

function problemCounts(problems: StatusReport['problems']): Sample[] {
  const counts = new Map<string, Sample>();
  for (const { key, level, overMs } of problems) {
    if (overMs !== undefined) continue;
    const problem = classOf(key);
    const counted = counts.get(`${level} ${problem}`)?.value ?? 0;
    counts.set(`${level} ${problem}`, sample(counted + 1, { level, problem }));
  }
  // Without any the gauge is 0, not absent: a rule can tell health from a missing metric.
  return counts.size > 0 ? [...counts.values()] : one(0, { level: 'error', problem: 'none' });
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
      'Followed files.',
      of(({ files }) => files),
    ),
    gauge(
      'source_unreadable_files',
      'Files that match and cannot be read.',
      of(({ unreadable }) => unreadable),
    ),
    gauge(
      'source_lag_bytes',
      'Bytes not read yet.',
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
    gauge('journal_messages', 'Messages not acknowledged yet.', one(journal.messagesWaiting)),
    gauge(
      'journal_oldest_unacknowledged_seconds',
      'Age of the oldest of them.',
      one(Math.max(0, writtenAtMs - oldestUnacknowledgedAtMs) / 1000),
    ),
    gauge('journal_bytes', 'Size of the journal on disk.', one(journal.bytes)),
    gauge('journal_max_bytes', 'Size limit of the journal (journal.maxBytes).', one(journal.maxBytes)),
    ...(freeBytes === undefined
      ? []
      : [gauge('journal_volume_free_bytes', 'Free space on its volume.', one(freeBytes))]),
    gauge('journal_full', 'Whether log files are not read because the journal is full.', one(Number(journal.full))),
    gauge(
      'journal_failing',
      'Whether the journal cannot be written just now.',
      one(Number(journal.failed !== undefined)),
    ),
    counter('journal_faults_total', 'Writes and syncs that failed.', one(journal.faults)),
    counter('journal_damages_total', 'Damaged places found in the journal.', one(journal.damages)),
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
            'Time of the last acknowledgement.',
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

/** What expires, and when: an alert is `… - time() < 14 * 86400`. */
function expiries({ certificate, collectorCertificate, revocationList }: StatusReport): Family[] {
  const ends = [
    ['ours', certificate?.notAfter],
    ['collector', collectorCertificate?.notAfter],
    ['revocation-list', revocationList?.ends],
  ] as const;
  return [
    gauge(
      'certificate_expiry_timestamp_seconds',
      'When our certificate, the collector’s and the revocation list expire.',
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
