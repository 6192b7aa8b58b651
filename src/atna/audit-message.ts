/**
 * Writes the DICOM audit message, PS3.15 section A.5, as ITI-20 wants it (IHE ITI
 * TF-2 section 3.20.7.1.3): no namespace, children in the schema's order, coded
 * values with their meaning. Written as octet strings of UTF-8, without
 * declaration or byte order mark, on one line.
 *
 * A message is made in two halves, before and after the details that are known
 * only when it is sent (run, seq and the like); both together keep `nameRoom`
 * octets free for them. Values are cut only where they exceed what OpenEMR's
 * columns hold; comments and lines are shortened first (`detail.ts`).
 */
import type { AuditRecord, Emergency, Field } from '../model/record.js';
import { agentRule } from './agent-rules.js';
import {
  type Code,
  coded,
  EMERGENCY_OVERRIDE_STARTED,
  EMERGENCY_OVERRIDE_STOPPED,
  openemrCode,
  ownCode,
  SECURITY_ALERT,
} from './codes.js';
import { type Detail, detailsWithin } from './detail.js';
import { ruleFor } from './mapping.js';
import { objectsOf } from './objects.js';
import { OWN_OBJECT_END } from './own-object.js';
import { Participants } from './participants.js';
import type { Rule, Severity, Subject } from './rule.js';
import { xmlText, xmlToken } from './xml.js';

export interface AuditMessageOptions {
  /** The machine that OpenEMR runs on; the domain of its users. */
  readonly hostname: string;
  readonly appName: string;
  /** AuditEnterpriseSiteID where OpenEMR's site is not known: the name of the source. Empty: none. */
  readonly site: string;
  /** Comments, notes, search criteria and query strings may go out. */
  readonly comments: boolean;
  /** Octets of a whole message, without what stands before the XML. */
  readonly maxBytes: number;
  /** Octets of that for the start of our own object. */
  readonly nameRoom: number;
}

export interface AuditMessage {
  readonly severity: Severity;
  /** Up to our own object. */
  readonly before: string;
  /** From the first of its details that does not name the message. */
  readonly after: string;
}

export class AuditMessages {
  readonly #options: AuditMessageOptions;
  readonly #participants: Participants;
  /** AuditSourceIdentification by site. */
  readonly #sources = new Map<string, string>();
  readonly #ownSource: string;
  readonly #valueMax: number;

  constructor(options: AuditMessageOptions) {
    this.#options = options;
    this.#valueMax = Math.floor(options.maxBytes / VALUE_SHARE);
    this.#participants = new Participants(options.hostname, options.appName, this.#valueMax);
    this.#ownSource = sourceElement('', this.#participants.forwarder);
  }

  /** A value of no more octets is written whole, also with what stands behind a user's. */
  get wholeValue(): number {
    return this.#valueMax - this.#participants.domainOctets;
  }

  /** An audit record at `dateTime` (RFC 3339); `details` name and question it. Its emergency override comes with it, as a message of its own. */
  ofRecord(subject: Subject, dateTime: string, details: readonly Detail[]): AuditMessage[] {
    const rule = ruleFor(subject);
    const { record, columns } = subject;
    const code = openemrCode(record.event, this.#valueMax);
    const eventId = rule.eventId === 'event' ? code : rule.eventId;
    const types = eventId === code || rule.types.includes(code) ? rule.types : [...rule.types, code];
    const outcome = outcomeOf(rule, record);
    const explained = rule.explains && record.success === false ? columns.comments : '';
    const identification = this.#identification(eventId, types, actionOf(rule, subject), outcome, dateTime, explained);
    const before = identification + this.#participants.of(rule.cast, subject) + this.#sourceOf(record.site);
    const altered = record.checksum === 'altered';
    const severity = rule.severity ?? (outcome === 0 ? 5 : 4);
    const message = this.#message(altered ? 4 : severity, before, this.#rowDetails(subject, details), rule, subject);
    if (record.emergency === undefined) return [message];
    return [message, this.#override(record.emergency, subject, dateTime, details)];
  }

  /** A line that is no audit record, with the reason if it should be one; its bytes are its only substance. */
  ofLine(reason: string | undefined, bytes: Buffer, dateTime: string, details: readonly Detail[]): AuditMessage {
    const code = reason === undefined ? LINE : UNPARSED_LINE;
    const before =
      this.#identification(code, [], 'E', 0, dateTime, '') + this.#participants.itself() + this.#sourceOf('');
    return this.#message(5, before, [['unparsed', reason ?? ''], ...details, ['line', bytes]]);
  }

  /** This program of itself. */
  ofAgent(kind: string, fields: readonly Field[], severity: Severity, dateTime: string): AuditMessage {
    const { eventId, types, outcome } = agentRule(kind, severity === 4);
    const identification = this.#identification(eventId, types, 'E', outcome, dateTime, '');
    const before = identification + this.#participants.itself() + this.#ownSource;
    return this.#message(severity, before, [['kind', kind], ...fields]);
  }

  /** Of OpenEMR at this site. */
  #sourceOf(site: string): string {
    const known = this.#sources.get(site);
    if (known !== undefined) return known;
    if (this.#sources.size >= SITES_MAX) this.#sources.clear();
    const name = site || this.#options.site;
    const attribute = name === '' ? '' : `AuditEnterpriseSiteID="${xmlToken(name, this.#valueMax)}" `;
    const element = sourceElement(attribute, this.#participants.source);
    this.#sources.set(site, element);
    return element;
  }

  #override(emergency: Emergency, subject: Subject, dateTime: string, details: readonly Detail[]): AuditMessage {
    const started = emergency === 'start';
    const type = started ? EMERGENCY_OVERRIDE_STARTED : EMERGENCY_OVERRIDE_STOPPED;
    const identification = this.#identification(SECURITY_ALERT, [type], 'E', 0, dateTime, '');
    const before = identification + this.#participants.of('user', subject) + this.#sourceOf(subject.record.site);
    const severity = started ? 4 : 5;
    return this.#message(severity, before, [...details, ['derived', 'breakglass'], ...subject.record.fields]);
  }

  #identification(
    eventId: Code,
    types: readonly Code[],
    action: string,
    outcome: number,
    dateTime: string,
    explained: string,
  ): string {
    let children = coded('EventID', eventId);
    for (const type of types) children += coded('EventTypeCode', type);
    if (explained !== '') {
      children += `<EventOutcomeDescription>${xmlText(explained, this.#valueMax)}</EventOutcomeDescription>`;
    }
    const attributes = `EventActionCode="${action}" EventDateTime="${dateTime}" EventOutcomeIndicator="${outcome}"`;
    return `<AuditMessage><EventIdentification ${attributes}>${children}</EventIdentification>`;
  }

  /** In the order of their worth: what does not fit is left out from the end. */
  #rowDetails({ record, columns }: Subject, details: readonly Detail[]): readonly Detail[] {
    const said: readonly Detail[] = [...details, ['event', record.event], ...record.fields];
    if (!this.#options.comments) return said;
    return [...said, ['notes', columns.notes], ['comments', columns.commentBytes]];
  }

  #message(
    severity: Severity,
    before: string,
    details: Iterable<Detail>,
    rule?: Rule,
    subject?: Subject,
  ): AuditMessage {
    const room = this.#options.maxBytes - this.#options.nameRoom - before.length - END.length;
    const limits = { valueMax: this.#valueMax, queryMax: room / 2, comments: this.#options.comments };
    const objects = rule && subject ? objectsOf(rule, subject, limits) : '';
    const written = detailsWithin(withoutEmpty(details), room - objects.length);
    return { severity, before, after: `${written}${OWN_OBJECT_END}${objects}</AuditMessage>` };
  }
}

/** No message holds as many values as this, each at its longest. */
const VALUE_SHARE = 64;
/** A machine serves a handful; a writer of random ones must not fill the memory. */
const SITES_MAX = 100;
const END = `${OWN_OBJECT_END}</AuditMessage>`;
const LINE = ownCode('line', 'Log line');
const UNPARSED_LINE = ownCode('unparsed-line', 'Log line not understood');

function sourceElement(site: string, id: string): string {
  // 4: application server process tier.
  return `<AuditSourceIdentification ${site}AuditSourceID="${id}"><AuditSourceTypeCode csd-code="4"/></AuditSourceIdentification>`;
}

function outcomeOf({ outcome }: Rule, { success }: AuditRecord): number {
  switch (outcome) {
    case 'minor':
      return success === false ? 4 : 0;
    case 'serious':
      return success === false ? 8 : 0;
    default:
      return outcome;
  }
}

function actionOf({ action }: Rule, { record, columns }: Subject): string {
  if (action === 'by-verb') return VERBS[record.event.slice(record.event.lastIndexOf('-') + 1)] ?? 'R';
  return action === 'by-method' ? (METHODS[columns.method.toUpperCase()] ?? 'R') : action;
}

const VERBS: Readonly<Record<string, string>> = { select: 'R', insert: 'C', update: 'U', replace: 'U', delete: 'D' };
const METHODS: Readonly<Record<string, string>> = { GET: 'R', POST: 'C', PUT: 'U', PATCH: 'U', DELETE: 'D' };

function* withoutEmpty(details: Iterable<Detail>): Iterable<Detail> {
  for (const pair of details) if (pair[1].length > 0) yield pair;
}
