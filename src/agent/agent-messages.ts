/**
 * What the agent tells the collector of itself, in messages that take a
 * number like any other: silence, gaps and standstill must be visible where
 * the trail is kept, not only in a log on this host. No audit content.
 */
import { type OwnMessage, own } from '../encode/own-message.js';
import type { JournalNotice, MissingMessages } from '../journal/types.js';
import { printable } from '../lib/printable.js';
import type { LinkError } from '../link/refusal.js';
import type { Field } from '../model/record.js';
import type { Credentials } from '../pki/files/credentials.js';
import type { Notice as SourceNotice } from '../source/types.js';
import { NOTICE, WARNING } from '../syslog/priority.js';

export function startMessage(version: string, sources: readonly string[]): OwnMessage {
  return own('start', NOTICE, [
    ['version', version],
    ['sources', sources.join(' ')],
  ]);
}

/** The agent goes on with a configuration that has been read anew. */
export function configurationMessage(file: string): OwnMessage {
  return own('configuration', NOTICE, [['file', file]]);
}

export function stopMessage(reason: string): OwnMessage {
  return own('stop', NOTICE, [['reason', reason]]);
}

/** `lagBytes` by source name. */
export function heartbeatMessage(lastSeq: number, lagBytes: ReadonlyMap<string, number>): OwnMessage {
  const lags = [...lagBytes].map(([source, bytes]): Field => ['lag', `${source} ${bytes}`]);
  return own('heartbeat', NOTICE, [['last', String(lastSeq)], ...lags]);
}

/** A connection that we or the collector refused for a certificate's sake (IHE ATNA: node authentication failure). */
export function refusedMessage(error: LinkError): OwnMessage {
  return own('refused', WARNING, [
    ['code', error.code],
    ['side', error.side],
  ]);
}

/** The agent shows another certificate than before. */
export function certificateMessage({ own: certificate }: Credentials): OwnMessage {
  return own('certificate', NOTICE, [
    ['subject', certificate?.subject ?? ''],
    ['until', certificate?.notAfter ?? ''],
  ]);
}

export function sourceMessage(notice: SourceNotice): OwnMessage {
  return own('gap', WARNING, [
    ['reason', notice.reason],
    ['file', printable(notice.path)],
    ['tail', notice.tailId],
    ['from', String(notice.fromOffset)],
    ['to', notice.toOffset === undefined ? '' : String(notice.toOffset)],
  ]);
}

export function journalMessage(notice: JournalNotice): OwnMessage {
  switch (notice.kind) {
    case 'damaged':
      return own('gap', WARNING, [
        ['reason', 'journal-damaged'],
        ['bytes', String(notice.bytes)],
        ...notice.missing.map(missingField),
      ]);
    case 'full':
      return own('full', WARNING, [
        ['limit', notice.limit],
        ['bytes', String(notice.bytes)],
        ['free', String(notice.freeBytes)],
      ]);
    case 'room':
      return own('room', NOTICE, [['fullForSeconds', String(Math.round(notice.fullForMs / 1000))]]);
    case 'dropped':
      return own('dropped', WARNING, [['messages', String(notice.messages)], ...notice.missing.map(missingField)]);
    default:
      return notice satisfies never;
  }
}

function missingField({ run, firstSeq, lastSeq }: MissingMessages): Field {
  return ['missing', `${run}:${firstSeq}-${lastSeq ?? '*'}`];
}
