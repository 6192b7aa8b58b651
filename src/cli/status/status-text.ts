/** The agent's state in words that a tired person understands: the verdict, then sources, journal, link, certificates, problems. */
import type { AgentState } from '../../agent/state.js';
import { printable } from '../../lib/printable.js';
import { countText, durationText, sizeText } from '../voice.js';
import { certificateLines } from './certificates.js';
import { linkLines } from './link.js';
import { momentText } from './moment.js';
import { problemLines } from './problems.js';
import { sourceLines } from './sources.js';
import type { StatusReport } from './status-report.js';
import { summaryLine } from './summary.js';
import { ROOM } from './verdict.js';

export function statusText(report: StatusReport, nowMs: number): string {
  const { writtenAtMs } = report;
  const lines = [
    ...headLines(report, nowMs),
    ...sourceLines(report),
    ...journalLines(report),
    ...linkLines(report, writtenAtMs),
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
  const { pid, startedAtMs, writtenAtMs, version, config } = report;
  const agent = `agent: running for ${durationText(writtenAtMs - startedAtMs)} as process ${pid}, version ${version}, ${config}`;
  return [summaryLine(report), agent];
}

function staleLines(
  { verdict, reasons, writtenAtMs }: StatusReport,
  { remedy }: NonNullable<StatusReport['stale']>,
  nowMs: number,
): string[] {
  return [
    `${verdict}: ${reasons.join('; ')}`,
    `  ${remedy}`,
    `What follows is old, of ${momentText(writtenAtMs, nowMs)}:`,
  ];
}

function stoppedLines({ writtenAtMs, delivery, journal }: StatusReport, nowMs: number): string[] {
  const how = delivery.link.name === 'stopped' ? 'it was stopped in order' : 'it did not stop in order';
  const waiting = `${countText(journal.messagesWaiting)} messages wait in the journal, none is lost`;
  return [
    `PROBLEM: the agent is not running; last seen ${momentText(writtenAtMs, nowMs)}; ${waiting}`,
    `  ${how}; why: journalctl -u openemr-audit-forwarder; start it: systemctl start openemr-audit-forwarder`,
    'This is how it was then:',
  ];
}

function journalLines({ journal, writtenAtMs }: AgentState): string[] {
  const { messagesWaiting, oldestUnacknowledgedAtMs, bytes, maxBytes, freeBytes, limit, failed, damages, dropped } =
    journal;
  const ageMs = oldestUnacknowledgedAtMs === undefined ? 0 : Math.max(0, writtenAtMs - oldestUnacknowledgedAtMs);
  const oldest = ageMs === 0 ? '' : `, the oldest for ${durationText(ageMs)}`;
  const free = freeBytes === undefined ? '' : `, ${sizeText(freeBytes)} free on its volume`;
  const lines = [
    `journal: ${countText(messagesWaiting)} messages not acknowledged yet${oldest}; ${sizeText(bytes)} of ${sizeText(maxBytes)} on disk${free}`,
  ];
  if (limit !== undefined) lines.push(`  FULL: reading has stopped until ${ROOM[limit]}`);
  if (failed !== undefined) lines.push(`  cannot be written: ${failed}`);
  if (damages > 0) lines.push(`  ${countText(damages)} damaged places met; the bytes are in its quarantine directory`);
  if (dropped > 0) lines.push(`  ${countText(dropped)} messages DROPPED to make room (journal.whenFull)`);
  return lines;
}

function clockText({ clock }: AgentState): string {
  switch (clock) {
    case 'synchronised':
      return 'synchronised';
    case 'unsynchronised':
      return 'NOT synchronised; the times of the trail prove little (timedatectl set-ntp true)';
    case 'unknown':
      return 'nobody here can say whether it is synchronised (timedatectl, of systemd, would know)';
    default:
      return clock satisfies never;
  }
}
