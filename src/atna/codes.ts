/**
 * Lists the coded values as PS3.15 table A.5.2-1 wants them: code, code system and
 * the code's exact meaning, all three mandatory (IHE ITI TF-2 section 3.20.7.1.3;
 * test tools compare the meaning). DICOM's codes are those of CID 400 to 405 in
 * PS3.16, RFC 3881's are the numbers of its section 5.5.4.
 */
import { xmlToken } from './xml.js';

/** A coded value, as the attributes of its element. */
export type Code = string & { readonly code: unique symbol };

function codeOf(code: string, system: string, meaning: string, room = Number.POSITIVE_INFINITY): Code {
  return `csd-code="${xmlToken(code, room)}" codeSystemName="${system}" originalText="${xmlToken(meaning, room)}"` as Code;
}

/** OpenEMR's own events where DICOM has no code: ITI-20 section 3.20.4.1.1.2 allows codes of others. */
export function openemrCode(event: string, room?: number): Code {
  return codeOf(event, 'OpenEMR', event, room);
}

/** What only this program has a name for. */
export function ownCode(code: string, meaning: string): Code {
  return codeOf(code, OWN_SYSTEM, meaning);
}

export function coded(element: string, code: Code): string {
  return `<${element} ${code}/>`;
}

const OWN_SYSTEM = 'openemr-audit-forwarder';

function dicom(code: number, meaning: string): Code {
  return codeOf(String(code), 'DCM', meaning);
}

function rfc3881(code: number, meaning: string): Code {
  return codeOf(String(code), 'RFC-3881', meaning);
}

/** EventID, CID 400. */
export const APPLICATION_ACTIVITY = dicom(110100, 'Application Activity');
export const EXPORT = dicom(110106, 'Export');
export const IMPORT = dicom(110107, 'Import');
export const ORDER_RECORD = dicom(110109, 'Order Record');
export const PATIENT_RECORD = dicom(110110, 'Patient Record');
export const PROCEDURE_RECORD = dicom(110111, 'Procedure Record');
export const QUERY = dicom(110112, 'Query');
export const SECURITY_ALERT = dicom(110113, 'Security Alert');
export const USER_AUTHENTICATION = dicom(110114, 'User Authentication');
/** Not in ITI-20's present table, but no other code means appointments. */
export const RESOURCE_ASSIGNMENT = codeOf('IHE0003', 'IHE', 'Patient Care Resource Assignment');

/** EventTypeCode, CID 401 and 403. */
export const APPLICATION_START = dicom(110120, 'Application Start');
export const APPLICATION_STOP = dicom(110121, 'Application Stop');
export const LOGIN = dicom(110122, 'Login');
export const LOGOUT = dicom(110123, 'Logout');
export const NODE_AUTHENTICATION = dicom(110126, 'Node Authentication');
export const EMERGENCY_OVERRIDE_STARTED = dicom(110127, 'Emergency Override Started');
export const SECURITY_CONFIGURATION = dicom(110129, 'Security Configuration');
export const SOFTWARE_CONFIGURATION = dicom(110131, 'Software Configuration');
export const USE_OF_RESTRICTED_FUNCTION = dicom(110132, 'Use of Restricted Function');
export const AUDIT_RECORDING_STOPPED = dicom(110133, 'Audit Recording Stopped');
export const AUDIT_RECORDING_STARTED = dicom(110134, 'Audit Recording Started');
export const OBJECT_SECURITY_CHANGED = dicom(110135, 'Object Security Attributes Changed');
export const SECURITY_ROLES_CHANGED = dicom(110136, 'Security Roles Changed');
export const USER_SECURITY_CHANGED = dicom(110137, 'User Security Attributes Changed');
export const EMERGENCY_OVERRIDE_STOPPED = dicom(110138, 'Emergency Override Stopped');
export const DISCLOSURE = codeOf('IHE0006', 'IHE', 'Disclosure');

/** RoleIDCode, CID 402. */
export const APPLICATION = dicom(110150, 'Application');
export const DESTINATION = dicom(110152, 'Destination Role ID');
export const SOURCE = dicom(110153, 'Source Role ID');
export const DESTINATION_MEDIA = dicom(110154, 'Destination Media');
export const SOURCE_MEDIA = dicom(110155, 'Source Media');

/** MediaType, CID 405. */
export const EMAIL = dicom(110031, 'Email');
export const URI_MEDIA = dicom(110037, 'URI');
export const PAPER = dicom(110038, 'Paper Document');

/** ParticipantObjectIDTypeCode. */
export const PATIENT_NUMBER = rfc3881(2, 'Patient Number');
export const REPORT_NUMBER = rfc3881(9, 'Report Number');
export const SEARCH_CRITERIA = rfc3881(10, 'Search Criteria');
export const USER_IDENTIFIER = rfc3881(11, 'User Identifier');
export const URI = rfc3881(12, 'URI');
