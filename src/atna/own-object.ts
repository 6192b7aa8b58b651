/**
 * Writes an object of our own into every audit message: what structured data says
 * in the plain profile, parameter by parameter, as ParticipantObjectDetail. It
 * comes first among the objects, so that a receiver which cuts long messages keeps
 * the name, and its ID is `run:seq`, so that a message can be searched for.
 *
 *   <ParticipantObjectIdentification ParticipantObjectID="RUN:SEQ" ParticipantObjectTypeCode="4">
 *     <ParticipantObjectIDTypeCode csd-code="message" codeSystemName="openemr-audit-forwarder" …/>
 *     <ParticipantObjectName>RUN:SEQ</ParticipantObjectName>
 *     <ParticipantObjectDetail type="run" value="…"/> seq, id, source and all that follows
 *   </ParticipantObjectIdentification>
 */
import type { MessageName } from '../model/entry.js';
import { coded, ownCode } from './codes.js';
import { detail, readDetails } from './detail.js';

const ID_TYPE = coded('ParticipantObjectIDTypeCode', ownCode('message', 'Forwarded audit message'));
const OPEN = '<ParticipantObjectIdentification ParticipantObjectID="';
const AFTER_ID = `" ParticipantObjectTypeCode="4">${ID_TYPE}<ParticipantObjectName>`;

export const OWN_OBJECT_END = '</ParticipantObjectIdentification>';

/** The object up to its first details; `seq` and those that every message has come with it. */
export function ownObjectStart({ run, seq }: MessageName, runDetail: string): string {
  const name = `${run}:${seq}`;
  return `${OPEN}${name}${AFTER_ID}${name}</ParticipantObjectName>${runDetail}${detail('seq', String(seq))}`;
}

/** The details of the object in an audit message, whole or cut; `undefined` when there is none. */
export function readOwnObject(message: Buffer): readonly (readonly [type: string, value: string])[] | undefined {
  const marker = message.indexOf(AFTER_ID);
  if (marker === -1) return undefined;
  const end = message.indexOf(OWN_OBJECT_END, marker);
  return readDetails(message.toString('latin1', marker, end === -1 ? undefined : end));
}

/** `RUN:SEQ` in what may be a damaged message. */
export const OWN_OBJECT_NAME = new RegExp(`${OPEN}([\\da-f]{16}:\\d{1,16})${AFTER_ID}`);
