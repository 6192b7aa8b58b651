/**
 * What OpenEMR's versions pass to their audit log, by the forms of their callers: in
 * the order in which it is hashed, before the database has made of it what fits.
 */
import { createHash } from 'node:crypto';

/** PHP's `false` is an empty text, for the hash and for the database. */
type Passed = string | number | null | false;

export interface Call {
  readonly what: string;
  readonly version: '5.0' | '6.1' | '7.0' | '8.2' | '8.3';
  /** `undefined`: as of an ordinary row. */
  readonly log?: Readonly<Record<string, Passed>>;
  readonly api?: Readonly<Record<string, Passed>>;
  /** The row cannot be computed back from what is stored. */
  readonly isLost?: true;
  /** A column is full to its last character: a change of it could be a cut. */
  readonly isFull?: true;
}

const LOG = {
  date: '2026-11-20 08:01:44',
  event: 'view',
  category: 'view',
  user: 'rsato',
  groupname: 'Default',
  comments: '',
  user_notes: '',
  patient_id: null,
  success: 1,
  crt_user: '',
  log_from: 'open-emr',
  menu_item_id: null,
  ccda_doc_id: null,
};

/** Of 5.0, whose `checksum` is that of the row that was changed. */
const OLD_LOG = {
  date: '2019-06-03 08:01:01',
  event: 'patient-record-update',
  user: 'drsmith',
  groupname: '',
  comments: "UPDATE patient_data SET fname = ? WHERE pid = ? ('Zoë','17',)",
  patient_id: 17,
  success: 1,
  checksum: '1545f087c5cb81f71552ad8c84b911193943a1a1',
  crt_user: '',
};

const API = {
  user_id: 3,
  patient_id: 0,
  ip_address: '198.51.100.20',
  method: 'GET',
  request: 'patient',
  request_url: '/apis/default/fhir/Patient?family=O%27Brien&_count=10',
  request_body: '',
  response: '{"resourceType":"Bundle","total":1}',
};

const CLIENT_API = Object.fromEntries(
  Object.entries(API).flatMap(([column, value]) =>
    column === 'patient_id'
      ? [
          ['client_id', 'Qk3-vT'],
          [column, value],
        ]
      : [[column, value]],
  ),
);

const text = (comment: string): string => Buffer.from(comment).toString('base64');

export const CALLS: readonly Call[] = [
  { version: '5.0', what: 'an update', log: {} },
  { version: '5.0', what: 'an update that failed', log: { success: 0, checksum: '', patient_id: 0 } },
  { version: '5.0', what: 'an update without a chart', log: { patient_id: '' } },
  { version: '5.0', what: 'an update of a long text', log: { comments: `UPDATE t SET a = '${'ü'.repeat(70_000)}'` } },
  { version: '5.0', what: 'a user without a name', log: { user: '', groupname: '' } },
  {
    version: '5.0',
    what: 'a character of four octets',
    log: { comments: "UPDATE t SET a = 'tel 📞'" },
    isLost: true,
  },
  ...(['6.1', '7.0'] as const).flatMap((version): Call[] => [
    { version, what: 'a login', log: { event: 'login', category: 'login', comments: text('success: 10.20.4.31') } },
    { version, what: 'a failed login', log: { event: 'login', user: "O'Neil", success: 0, groupname: '' } },
    { version, what: 'a view', log: { patient_id: '17' } },
    { version, what: 'a failed login at the portal', log: { event: 'login attempt', category: null, patient_id: '' } },
    {
      version,
      what: 'one of an unknown page of the portal',
      log: { category: 'Patient Portal', log_from: 'patient-portal', menu_item_id: false, ccda_doc_id: 0 },
    },
    {
      version,
      what: 'an event of the portal, success as a text',
      log: { log_from: 'portal-dashboard', success: '0', patient_id: '', ccda_doc_id: 0, user_notes: ' Module:x' },
    },
    { version, what: 'an authorization without a patient', log: { event: 'authorize', patient_id: '' } },
    { version, what: 'a message that is deleted', log: { event: 'delete', success: 'pnotes: id 4' }, isLost: true },
    { version, what: 'an event of phimail', log: { user: 'phimail-service', groupname: 0, success: false } },
    { version, what: 'a select with octets that are no text', log: { comments: 'EgAa//4=' } },
    { version, what: 'a user of 255 characters', log: { user: 'ü'.repeat(255) }, isFull: true },
    { version, what: 'a user of 300 characters', log: { user: 'ü'.repeat(300) }, isLost: true },
    { version, what: 'a user with a blank at its end', log: { user: 'rsato ' } },
    { version, what: 'a user with a character of four octets', log: { user: 'jörg 📞' }, isLost: true },
    { version, what: 'a call', log: { event: 'api', category: 'api', comments: text('api log') }, api: {} },
    { version, what: 'a call of nobody', log: { event: 'api', user: '' }, api: { user_id: '', patient_id: '' } },
    { version, what: 'a call with a body', log: { event: 'api' }, api: { method: 'POST', request_body: '{"a":"ü"}' } },
    {
      version,
      what: 'a call whose address was forwarded often',
      log: { event: 'api' },
      api: { ip_address: `10.0.0.1 (${'198.51.100.20, '.repeat(20)})` },
      isLost: true,
    },
    {
      version,
      what: 'a call of an address that is too long',
      log: { event: 'api' },
      api: { request_url: `/apis/default/fhir/Patient?_id=${'x'.repeat(66_000)}` },
      isLost: true,
    },
  ]),
  ...(['8.2', '8.3'] as const).flatMap((version): Call[] => [
    { version, what: 'a login', log: { event: 'login', category: 'login', comments: text('success: 10.20.4.31') } },
    { version, what: 'a failed login at the portal', log: { event: 'login', category: null, patient_id: '' } },
    { version, what: 'a request', log: { event: 'http-request-select', comments: text('/a.php?set_pid=17') } },
    { version, what: 'a user with a character of four octets', log: { user: 'jörg 📞' } },
    { version, what: 'a user of 300 characters', log: { user: '📞'.repeat(300) }, isLost: true },
    { version, what: 'a number that is too large', log: { patient_id: '99999999999999999999' }, isLost: true },
    { version, what: 'a call', log: { event: 'api', category: 'api', comments: text('api log') }, api: {} },
    { version, what: 'a call of nobody', log: { event: 'api', user: '' }, api: { user_id: 0, patient_id: 0 } },
  ]),
  { version: '8.3', what: 'a call without a client', log: { event: 'api' }, api: { client_id: null } },
];

export interface Statements {
  readonly log: Readonly<Record<string, string | number | null>>;
  readonly seal: (logId: number) => Readonly<Record<string, string | number | null>>;
  readonly api?: (logId: number) => Readonly<Record<string, string | number | null>>;
}

/** What the version writes: three statements, of which the second needs the id that the first was given. */
export function statementsOf({ version, log = {}, api }: Call): Statements {
  if (version === '5.0') {
    const row = { ...OLD_LOG, ...log };
    const checksum = createHash('sha1').update(joined(row)).digest('hex');
    return { log: bound(row), seal: (log_id) => ({ log_id, encrypt: 'No', checksum, version: 3 }) };
  }
  const row = { ...LOG, ...log };
  const call = (log_id: number) => ({
    log_id,
    ...(version === '8.3' ? CLIENT_API : API),
    ...api,
    created_time: row.date,
  });
  const seal = (log_id: number) => ({
    log_id,
    encrypt: 'No',
    checksum: sha3(joined(row)),
    checksum_api: api === undefined ? '' : sha3(joined(call(log_id))),
    version: 4,
  });
  return { log: bound(row), seal, ...(api === undefined ? {} : { api: (id) => bound(call(id)) }) };
}

function joined(row: Readonly<Record<string, Passed>>): string {
  return Object.values(row)
    .map((value) => value || (value === 0 ? '0' : ''))
    .join('');
}

function bound(row: Readonly<Record<string, Passed>>): Record<string, string | number | null> {
  return Object.fromEntries(Object.entries(row).map(([column, value]) => [column, value === false ? '' : value]));
}

function sha3(value: string): string {
  return createHash('sha3-512').update(value).digest('hex');
}
