/**
 * The text of `status`, for a person: first the verdict and why, in lines of at most 80
 * columns, then sources, journal, connection, certificates, clock and problems. Pure.
 */
import type { CertificateState } from '../../agent/certificates/expiry.js';
import type { SourceState } from '../../agent/lag.js';
import type { AgentState } from '../../agent/state.js';
import { printable } from '../../lib/printable.js';
import type { ListedProblem } from '../../lib/problems.js';
import { countText, durationText, momentText, plural, sizeText } from '../voice.js';
import type { StatusReport } from './status-report.js';
import { countsText, linkText, ROOM, stuckText, whyText } from './verdict.js';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

export function statusText(report: StatusReport, nowMs: number): string {
  const lines = [
    ...headLines(report, nowMs),
    ...sourceLines(report),
    ...journalLines(report),
    ...linkLines(report, report.writtenAtMs),
    ...certificateLines(report),
    `clock of this machine: ${clockText(report)}`,
    ...problemLines(report.problems, nowMs),
    '',
  ];
  return lines.map(printable).join('\n');
}

function headLines(report: StatusReport, nowMs: number): string[] {
  if (!report.running) return stoppedLines(report, nowMs);
  return report.stale === undefined ? runningLines(report) : staleLines(report, report.stale, nowMs);
}

function runningLines(report: StatusReport): string[] {
  const { pid, startedAtMs, writtenAtMs, version, config, verdict, reasons, configurationFault } = report;
  return [
    ...headline(`${verdict}: ${whyText(report, reasons)}`),
    ...(configurationFault === undefined ? [] : [`  ${configurationFault}`]),
    `  ${countsText(report)}`,
    `agent: running for ${durationText(writtenAtMs - startedAtMs)} as process ${pid}, version ${version}`,
    `  configuration: ${config}`,
  ];
}

function staleLines(
  { verdict, reasons, writtenAtMs, configurationFault }: StatusReport,
  { remedy }: NonNullable<StatusReport['stale']>,
  nowMs: number,
): string[] {
  return [
    ...headline(`${verdict}: ${reasons.join('; ')}`),
    ...(configurationFault === undefined ? [] : [`  ${configurationFault}`]),
    `  hint: ${remedy}`,
    `The rest is old, from ${momentText(writtenAtMs, nowMs)}:`,
  ];
}

function stoppedLines({ writtenAtMs, delivery, journal, configurationFault }: StatusReport, nowMs: number): string[] {
  const stopped = delivery.link.name === 'stopped';
  return [
    ...headline(`PROBLEM: the agent is not running; last seen ${momentText(writtenAtMs, nowMs)}`),
    `  ${plural(journal.messagesWaiting, 'message')} kept in the journal`,
    stopped
      ? '  it was stopped normally; nothing is lost'
      : '  it was killed or has crashed; nothing is lost. Why: journalctl -u openemr-audit-forwarder',
    ...(configurationFault === undefined
      ? ['  hint: start it: systemctl start openemr-audit-forwarder']
      : [`  ${configurationFault}`, '  hint: it cannot start before that is corrected']),
    'The rest is from when it was last seen:',
  ];
}

const COLUMNS = 80;

/** Broken between words. */
function headline(text: string): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line.length > 2 && line.length + 1 + word.length > COLUMNS) {
      lines.push(line);
      line = `  ${word}`;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  return [...lines, line];
}

function sourceLines(state: AgentState): string[] {
  return [
    ...state.sources.flatMap((source) => sourceText(source, state)),
    ...state.ownTails.map(
      (path) =>
        `  PROBLEM: ${path} fills with our own messages; let the collector write elsewhere, or exclude the file`,
    ),
    ...countLines(state),
  ];
}

function sourceText(source: SourceState, { files }: AgentState): string[] {
  const { name, files: followed, unreadable, lagBytes } = source;
  if (followed + unreadable === 0) {
    return [`source ${name}: no file matches yet`, '  hint: check its paths: openemr-audit-forwarder check --offline'];
  }
  const lag = lagBytes === 0 ? 'all read' : lagText(source);
  const blocked = files.filter((file) => file.source === name && file.code !== undefined);
  return [
    `source ${name}: ${plural(followed, 'file')}, ${lag}`,
    ...blocked.map(({ path, code }) => `  cannot read ${path} (${code}); ${remedyFor(path, code)}`),
  ];
}

/** `12 MiB not read yet, about 34,000 lines, the oldest for 3 min 20 s`. */
function lagText({ lagBytes, lagLines, lagMs }: SourceState): string {
  const lines = lagLines === undefined ? '' : `, about ${plural(lagLines, 'line')}`;
  const age = lagMs < 1_000 ? '' : `, the oldest for ${durationText(lagMs)}`;
  return `${sizeText(lagBytes)} not read yet${lines}${age}`;
}

function remedyFor(path: string, code = ''): string {
  switch (code) {
    case 'EACCES':
    case 'EPERM':
      return `let the user openemr-audit read it and enter the directories above it: setfacl -m u:openemr-audit:rX ${path}, or what check says`;
    case 'EMFILE':
    case 'ENFILE':
      return 'too many files are open; raise LimitNOFILE= of the unit';
    default:
      return 'see the log: journalctl -u openemr-audit-forwarder';
  }
}

function countLines({ counts }: AgentState): string[] {
  const { lines, unparsed, empty, filtered, altered, unverifiable, changed, faulty } = counts;
  const told = 'the collector was told which ones (kind="tamper")';
  const line = (count: number, words: string) => (count > 0 ? [`  ${countText(count)} ${words}`] : []);
  return [
    `lines: ${countText(lines)} read since the start, ${countText(unparsed)} unparsed (sent unchanged), ${countText(empty)} empty`,
    ...line(filtered, 'left out by message.include and message.exclude'),
    ...line(altered, `ALTERED since OpenEMR wrote them, by their checksum; ${told}`),
    ...line(
      unverifiable ?? 0,
      'whose checksum cannot be verified: the database stored something else than OpenEMR hashed',
    ),
    ...line(changed, `found DELETED OR EDITED in the database by the export; ${told}`),
    ...line(faulty, 'could not be encoded in their format: a bug in the program, see the log'),
  ];
}

function journalLines({ journal, writtenAtMs }: AgentState): string[] {
  const { messagesWaiting, oldestUnacknowledgedAtMs, bytes, maxBytes, freeBytes, limit, failed, damages, dropped } =
    journal;
  const ageMs = oldestUnacknowledgedAtMs === undefined ? 0 : Math.max(0, writtenAtMs - oldestUnacknowledgedAtMs);
  const oldest = ageMs === 0 ? '' : `, the oldest for ${durationText(ageMs)}`;
  const free = freeBytes === undefined ? '' : `, ${sizeText(freeBytes)} free on its volume`;
  return [
    `journal: ${plural(messagesWaiting, 'message')} not acknowledged yet${oldest}`,
    `  ${sizeText(bytes)} of ${sizeText(maxBytes)} used${free}`,
    ...(limit === undefined ? [] : [`  FULL: log files are not read until ${ROOM[limit]}`]),
    ...(failed === undefined ? [] : [`  cannot be written: ${failed}`]),
    ...(damages > 0
      ? [`  ${plural(damages, 'damaged place')} found; the bytes are kept in its quarantine directory`]
      : []),
    ...(dropped > 0 ? [`  ${plural(dropped, 'message')} DROPPED to make room (journal.whenFull)`] : []),
  ];
}

function linkLines({ delivery, startedAtMs }: AgentState, nowMs: number): string[] {
  const {
    link,
    outage,
    connections,
    sent,
    acknowledged,
    repeated,
    lastLevel,
    lastAcknowledgedAtMs,
    lastFailure,
    stuck,
  } = delivery;
  const isAway = link.name === 'waiting' || outage?.failure !== undefined;
  return [
    `link: ${linkText(link, nowMs)}`,
    ...(link.name === 'connected' ? [`  at ${link.peer.address} since ${momentText(link.sinceMs, nowMs)}`] : []),
    ...(link.name === 'waiting' ? ['  to try at once: systemctl reload openemr-audit-forwarder'] : []),
    ...(isAway && outage !== undefined ? [`  no connection since ${momentText(outage.sinceMs, nowMs)}`] : []),
    ...(isAway && lastFailure !== undefined && lastFailure.hint !== '' ? [`  hint: ${lastFailure.hint}`] : []),
    `  sent ${countText(sent)}, acknowledged ${countText(acknowledged)}, repeated ${countText(repeated)}`,
    `  acknowledgement: ${levelText(lastLevel)}`,
    ...(lastAcknowledgedAtMs === undefined
      ? []
      : [`  last acknowledgement: ${momentText(lastAcknowledgedAtMs, nowMs)}`]),
    `  ${connectionsText(connections, nowMs - startedAtMs)}`,
    ...(stuck === undefined ? [] : [`  PROBLEM: ${stuckText(stuck)}`]),
  ];
}

function levelText(level: AgentState['delivery']['lastLevel']): string {
  switch (level) {
    case 'close-notify':
      return 'close-notify (the collector confirms that it has read all)';
    case 'fin':
      return 'fin (the collector closes once it has read all; no proof if it crashed just then)';
    case 'window':
      return 'window (the collector never confirms: delivery is NOT proven)';
    case undefined:
      return 'none yet';
    default:
      return level satisfies never;
  }
}

/** A rate only after an hour: the short epochs at the start, by which a collector's level is learnt, would distort it. */
function connectionsText({ lastDay }: AgentState['delivery']['connections'], runningMs: number): string {
  const made = `connections made: ${countText(lastDay)}`;
  if (runningMs >= DAY_MS) return `${made} in the last 24 h`;
  const rate = runningMs < HOUR_MS ? '' : `, about ${countText(Math.round((lastDay * DAY_MS) / runningMs))} a day`;
  return `${made} in ${durationText(runningMs)}${rate}`;
}

function certificateLines({ certificate, collectorCertificate, revocationList }: AgentState): string[] {
  return [
    `certificate: ${certificate === undefined ? 'none that can be used' : validityText(certificate)}`,
    ...(collectorCertificate === undefined ? [] : [`collector’s certificate: ${validityText(collectorCertificate)}`]),
    ...(revocationList === undefined
      ? []
      : [`revocation list (tls.crl): ${untilText(revocationList.ends, revocationList.daysLeft)}`]),
  ];
}

function validityText({ subject, notAfter, daysLeft, chainDaysLeft }: CertificateState): string {
  const chain = chainDaysLeft < daysLeft ? `; a CA of its chain: ${daysText(chainDaysLeft)}` : '';
  return `${subject}, ${untilText(notAfter, daysLeft)}${chain}`;
}

/** `valid until 2027-01-31 (69 days left)`. */
function untilText(ends: string, daysLeft: number): string {
  return `valid until ${ends.slice(0, 10)} (${daysText(daysLeft)})`;
}

function daysText(days: number): string {
  return days < 0 ? 'EXPIRED' : `${plural(days, 'day')} left`;
}

function clockText({ clock }: AgentState): string {
  switch (clock) {
    case 'synchronised':
      return 'synchronised';
    case 'unsynchronised':
      return 'NOT synchronised; timestamps may be wrong (timedatectl set-ntp true)';
    case 'unknown':
      return 'unknown (timedatectl is not installed)';
    default:
      return clock satisfies never;
  }
}

/** What is wrong now, then what was and is over. */
function problemLines(problems: readonly ListedProblem[], nowMs: number): string[] {
  const present = problems.filter(({ overMs }) => overMs === undefined);
  const past = problems.filter(({ overMs }) => overMs !== undefined);
  return [
    present.length === 0 ? 'Problems now: none' : 'Problems now:',
    ...present.flatMap((each) => problemText(each, nowMs)),
    ...(past.length === 0 ? [] : ['Problems that are over:', ...past.flatMap((each) => problemText(each, nowMs))]),
  ];
}

function problemText(problem: ListedProblem, nowMs: number): string[] {
  const { message, facts, remedy, overMs } = problem;
  const words = Object.entries(facts)
    .filter(([, value]) => value !== undefined && value !== '')
    .map(([name, value]) => `${name}: ${value}`);
  return [
    `  ${message}`,
    `    ${timesText(problem, nowMs)}`,
    ...(words.length === 0 ? [] : [`    ${words.join(', ')}`]),
    ...(overMs !== undefined || remedy === undefined || remedy === '' ? [] : [`    hint: ${remedy}`]),
  ];
}

/** `error since …`; `warning, 3 times, lasted 9 min, over since …`. */
function timesText({ level, sinceMs, overMs, times }: ListedProblem, nowMs: number): string {
  if (overMs === undefined) return `${level} since ${momentText(sinceMs, nowMs)}`;
  const often = times === 1 ? '' : `, ${countText(times)} times`;
  const lasted = overMs - sinceMs < 1_000 ? '' : `, lasted ${durationText(overMs - sinceMs)}`;
  return `${level}${often}${lasted}, over since ${momentText(overMs, nowMs)}`;
}
