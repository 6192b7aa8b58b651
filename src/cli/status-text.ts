/** The agent's state in words that a tired person understands: the verdict, then sources, journal, link, counts. */
import type { CertificateState } from '../agent/certificate-state.js';
import type { AgentState } from '../agent/state.js';
import type { StatusReport } from './status-report.js';
import { linkText } from './summary.js';
import { countText, durationText, plural, sizeText } from './voice.js';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

export function statusText(report: StatusReport): string {
  const nowMs = report.writtenAtMs;
  const headline = report.running
    ? `${report.verdict}: running as process ${report.pid} for ${durationText(nowMs - report.startedAtMs)}, version ${report.version}`
    : `PROBLEM: not running; this is how it was at ${new Date(nowMs).toISOString()}`;
  return [
    headline,
    ...sourceLines(report),
    ...journalLines(report, nowMs),
    ...linkLines(report, nowMs),
    ...certificateLines(report, nowMs),
    '',
  ].join('\n');
}

function sourceLines({ files, counts, ownTails }: AgentState): string[] {
  const lines: string[] = [];
  for (const name of new Set(files.map(({ source }) => source))) {
    const own = files.filter(({ source }) => source === name);
    const lag = own.reduce((sum, { lagBytes = 0 }) => sum + lagBytes, 0);
    lines.push(`source ${name}: ${plural(own.length, 'file')}, ${sizeText(lag)} not read yet`);
    for (const { path, code } of own) if (code !== undefined) lines.push(`  cannot read ${path} (${code})`);
  }
  for (const path of ownTails) {
    lines.push(
      `  PROBLEM: ${path} fills with our own messages; let the collector write elsewhere, or exclude the file`,
    );
  }
  if (lines.length === 0) lines.push('sources: no file matches yet');
  lines.push(
    `lines: ${countText(counts.lines)} read since the start, ${countText(counts.unparsed)} not understood and sent as they are, ${countText(counts.empty)} empty`,
  );
  if (counts.filtered > 0)
    lines.push(`  ${countText(counts.filtered)} left out by message.include and message.exclude`);
  if (counts.altered > 0) {
    lines.push(
      `  ${countText(counts.altered)} ALTERED since OpenEMR wrote them, by their checksum; the collector was told which (kind="tamper")`,
    );
  }
  if (counts.changed > 0) {
    lines.push(
      `  ${countText(counts.changed)} found DELETED OR EDITED in the database by the export; the collector was told which (kind="tamper")`,
    );
  }
  return lines;
}

function journalLines({ journal }: AgentState, nowMs: number): string[] {
  const { messagesWaiting, oldestUnacknowledgedAtMs, bytes, maxBytes, limit, failed, damages, dropped } = journal;
  const oldest =
    oldestUnacknowledgedAtMs === undefined
      ? ''
      : `, the oldest for ${durationText(Math.max(0, nowMs - oldestUnacknowledgedAtMs))}`;
  const lines = [
    `journal: ${countText(messagesWaiting)} messages not acknowledged yet${oldest}; ${sizeText(bytes)} of ${sizeText(maxBytes)} on disk`,
  ];
  if (limit !== undefined) lines.push(`  FULL: reading has stopped until ${FULL[limit]}`);
  if (failed !== undefined) lines.push(`  cannot be written: ${failed}`);
  if (damages > 0) lines.push(`  ${countText(damages)} damaged places met; the bytes are in its quarantine directory`);
  if (dropped > 0) lines.push(`  ${countText(dropped)} messages DROPPED to make room (journal.whenFull)`);
  return lines;
}

const FULL: Record<NonNullable<AgentState['journal']['limit']>, string> = {
  maxBytes: 'the collector has taken what is there (journal.maxBytes)',
  keepFree: 'there is more space on its volume (journal.keepFree)',
  disk: 'there is space on its volume again',
};

function linkLines({ delivery, startedAtMs }: AgentState, nowMs: number): string[] {
  const { link, connections, sent, acknowledged, repeated, lastLevel, lastAcknowledgedAtMs, lastFailure, stuck } =
    delivery;
  const lines = [`link: ${linkText(link, nowMs)}`];
  if (link.name === 'connected') {
    const { subject, validToMs } = link.peer;
    lines.push(`  since ${new Date(link.sinceMs).toISOString()}`);
    lines.push(`  its certificate: ${subject}, until ${untilText(validToMs, nowMs)}`);
  }
  lines.push(`  sent ${countText(sent)}, acknowledged ${countText(acknowledged)}, repeated ${countText(repeated)}`);
  lines.push(`  ${levelText(lastLevel)}`);
  lines.push(`  ${connectionsText(connections, nowMs - startedAtMs)}`);
  if (lastAcknowledgedAtMs !== undefined)
    lines.push(`  last acknowledgement ${durationText(Math.max(0, nowMs - lastAcknowledgedAtMs))} ago`);
  if (stuck !== undefined) {
    lines.push(
      `  PROBLEM: no connection survives message ${stuck.run}:${stuck.seq} (${stuck.path} from byte ${stuck.offset}); it is tried every 5 min`,
    );
  }
  if (lastFailure !== undefined) {
    lines.push(`  last failure ${durationText(Math.max(0, nowMs - lastFailure.atMs))} ago: ${lastFailure.message}`);
    if (lastFailure.hint !== '') lines.push(`  hint: ${lastFailure.hint}`);
  }
  return lines;
}

function levelText(level: AgentState['delivery']['lastLevel']): string {
  switch (level) {
    case 'close-notify':
      return 'acknowledgement: close-notify (the collector’s process says that it has read everything)';
    case 'fin':
      return 'acknowledgement: fin (the collector closes without close_notify; it has read everything unless it died just then)';
    case 'window':
      return 'acknowledgement: window (the collector never answers: delivery to it is NOT proven)';
    case undefined:
      return 'acknowledgement: none yet';
    default:
      return level satisfies never;
  }
}

/** A rate only once the short epochs in which a collector is learnt weigh nothing. */
function connectionsText({ lastDay }: AgentState['delivery']['connections'], runningMs: number): string {
  const made = `connections made: ${countText(lastDay)}`;
  if (runningMs >= DAY_MS) return `${made} in the last 24 h`;
  const rate = runningMs < HOUR_MS ? '' : `, about ${countText(Math.round((lastDay * DAY_MS) / runningMs))} a day`;
  return `${made} in ${durationText(runningMs)}${rate}`;
}

function certificateLines({ certificate, revocationList }: AgentState, nowMs: number): string[] {
  const lines = [certificate === undefined ? 'certificate: none' : `certificate: ${ownText(certificate, nowMs)}`];
  if (revocationList !== undefined) {
    const until = untilText(Date.parse(revocationList.ends), nowMs);
    lines.push(`revocation list (tls.crl): until ${until}`);
    if (revocationList.daysLeft < 0) lines.push('  PROBLEM: every collector is refused until there is a new one');
  }
  return lines;
}

function ownText({ subject, notAfter, daysLeft, chainDaysLeft }: CertificateState, nowMs: number): string {
  const chain = chainDaysLeft < daysLeft ? `; an authority of its chain ${daysText(chainDaysLeft)}` : '';
  return `${subject}, until ${untilText(Date.parse(notAfter), nowMs)}${chain}`;
}

function daysText(days: number): string {
  return days < 0 ? 'has EXPIRED' : `has ${countText(days)} days left`;
}

/** `2027-01-31 (69 days left)`. */
function untilText(validToMs: number, nowMs: number): string {
  const day = new Date(validToMs).toISOString().slice(0, 10);
  const days = Math.floor((validToMs - nowMs) / 86_400_000);
  return days < 0 ? `${day} (EXPIRED)` : `${day} (${countText(days)} days left)`;
}
