/**
 * A checker of DICOM audit messages, written from PS3.15 section A.5.1 (the
 * schema's elements and attributes, in its order) and tables A.5.2-1 and
 * A.5.3-x (what must be there). Reads the XML with a reader of its own, which
 * knows no more of XML than an audit message may hold.
 */

export interface Element {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly children: readonly Element[];
  readonly text: string;
}

/** Throws for what is not well formed, or is XML that an audit message has no use for. */
export function readXml(xml: string): Element {
  // XML 1.0 section 2.2; C1 controls are discouraged there and refused here.
  const strange = /[^\t\n\r\u0020-\u007e\u00a0-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/u.exec(xml);
  if (strange !== null) throw new Error(`character U+${strange[0].codePointAt(0)!.toString(16)} at ${strange.index}`);
  const reader = new Reader(xml);
  const root = reader.element();
  if (reader.at !== xml.length) throw new Error(`text after the document at ${reader.at}`);
  return root;
}

/** What is wrong with an audit message; empty: nothing. */
export function faultsOf(message: Element): string[] {
  return [...elementFaults(message), ...meaningFaults(message)];
}

/** All elements of that name, however deep. */
export function find(element: Element, name: string): Element[] {
  const own = element.children.filter((child) => child.name === name);
  return [...own, ...element.children.flatMap((child) => find(child, name))];
}

/** The codes of the message's elements of that name. */
export function codes(message: Element, name: string): string[] {
  return find(message, name).map(({ attributes }) => attributes['csd-code']!);
}

/** `type` and decoded `value` of all details. */
export function detailsIn(message: Element): [string, string][] {
  return find(message, 'ParticipantObjectDetail').map(({ attributes }) => [
    attributes.type!,
    Buffer.from(attributes.value!, 'base64').toString('utf8'),
  ]);
}

class Reader {
  at = 0;

  constructor(private readonly xml: string) {}

  element(): Element {
    const name = this.#take(/<([A-Za-z]+)/y)[1]!;
    const attributes: Record<string, string> = {};
    for (;;) {
      const attribute = this.#perhaps(/ ([A-Za-z-]+)="([^"<]*)"/y);
      if (attribute === undefined) break;
      if (attribute[1]! in attributes) throw new Error(`${attribute[1]} twice`);
      attributes[attribute[1]!] = unescaped(attribute[2]!);
    }
    if (this.#take(/\/?>/y)[0] === '/>') return { name, attributes, children: [], text: '' };
    const children: Element[] = [];
    const text = unescaped(this.#take(/[^<]*/y)[0]);
    while (!this.xml.startsWith('</', this.at)) children.push(this.element());
    this.#take(new RegExp(`</${name}>`, 'y'));
    return { name, attributes, children, text };
  }

  #take(pattern: RegExp): RegExpExecArray {
    const match = this.#perhaps(pattern);
    if (match === undefined)
      throw new Error(`expected ${pattern} at ${this.at}: ${this.xml.slice(this.at, this.at + 40)}`);
    return match;
  }

  #perhaps(pattern: RegExp): RegExpExecArray | undefined {
    pattern.lastIndex = this.at;
    const match = pattern.exec(this.xml);
    if (match !== null) this.at = pattern.lastIndex;
    return match ?? undefined;
  }
}

const ENTITIES: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

function unescaped(text: string): string {
  if (text.includes('>')) throw new Error('a bare >');
  return text.replaceAll(/&([^;&]*;?)/g, (whole, name: string) => {
    const character = ENTITIES[name.replace(/;$/, '')];
    if (!name.endsWith(';') || character === undefined) throw new Error(`entity ${whole}`);
    return character;
  });
}

/** Attributes with their pattern, `!` before those that are mandatory; children in order with how many there may be. */
interface Rule {
  readonly attributes: Readonly<Record<string, RegExp>>;
  readonly children: readonly (readonly [names: string, least: number, most: number])[];
  readonly text?: RegExp;
}

const ANY = /^/;
const TOKEN = /^\S/;
const MANY = 1000;
const CODED: Rule = {
  attributes: { '!csd-code': TOKEN, '!codeSystemName': TOKEN, '!originalText': TOKEN, displayName: ANY },
  children: [],
};
const BASE64 = /^(?:[A-Za-z\d+/]{4})*(?:[A-Za-z\d+/]{2}==|[A-Za-z\d+/]{3}=)?$/;
/** xsd:dateTime with a zone: table A.5.2-1 wants it unambiguous. */
const DATE_TIME = /^[1-9]\d{3}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/;

const RULES: Readonly<Record<string, Rule>> = {
  AuditMessage: {
    attributes: {},
    children: [
      ['EventIdentification', 1, 1],
      ['ActiveParticipant', 1, MANY],
      ['AuditSourceIdentification', 1, 1],
      ['ParticipantObjectIdentification', 0, MANY],
    ],
  },
  EventIdentification: {
    attributes: { EventActionCode: /^[CRUDE]$/, '!EventDateTime': DATE_TIME, '!EventOutcomeIndicator': /^(0|4|8|12)$/ },
    children: [
      ['EventID', 1, 1],
      ['EventTypeCode', 0, MANY],
      ['EventOutcomeDescription', 0, 1],
    ],
  },
  EventID: CODED,
  EventTypeCode: CODED,
  EventOutcomeDescription: { attributes: {}, children: [], text: /./s },
  ActiveParticipant: {
    attributes: {
      '!UserID': /\S/,
      AlternativeUserID: ANY,
      UserName: ANY,
      '!UserIsRequestor': /^(true|false)$/,
      NetworkAccessPointTypeCode: /^[1-5]$/,
      NetworkAccessPointID: TOKEN,
    },
    children: [
      ['RoleIDCode', 0, MANY],
      ['MediaIdentifier', 0, 1],
    ],
  },
  RoleIDCode: CODED,
  MediaIdentifier: { attributes: {}, children: [['MediaType', 1, 1]] },
  MediaType: CODED,
  AuditSourceIdentification: {
    attributes: { '!AuditSourceID': TOKEN, AuditEnterpriseSiteID: TOKEN },
    children: [['AuditSourceTypeCode', 0, MANY]],
  },
  AuditSourceTypeCode: { attributes: { '!csd-code': /^[1-9]$/ }, children: [] },
  ParticipantObjectIdentification: {
    attributes: {
      '!ParticipantObjectID': TOKEN,
      ParticipantObjectTypeCode: /^[1-4]$/,
      ParticipantObjectTypeCodeRole: /^([1-9]|1\d|2[0-6])$/,
      ParticipantObjectDataLifeCycle: /^([1-9]|1[0-5])$/,
      ParticipantObjectSensitivity: ANY,
    },
    children: [
      ['ParticipantObjectIDTypeCode', 1, 1],
      ['ParticipantObjectName|ParticipantObjectQuery', 1, 1],
      ['ParticipantObjectDetail', 0, MANY],
    ],
  },
  ParticipantObjectIDTypeCode: CODED,
  ParticipantObjectName: { attributes: {}, children: [], text: TOKEN },
  ParticipantObjectQuery: { attributes: {}, children: [], text: BASE64 },
  ParticipantObjectDetail: { attributes: { '!type': TOKEN, '!value': BASE64 }, children: [] },
};

function elementFaults(element: Element): string[] {
  const rule = RULES[element.name];
  if (rule === undefined) return [`${element.name}: no such element`];
  return [
    ...attributeFaults(element, rule),
    ...childFaults(element, rule),
    ...((rule.text ?? /^$/).test(element.text) ? [] : [`${element.name}: text ${JSON.stringify(element.text)}`]),
    ...element.children.flatMap(elementFaults),
  ];
}

function attributeFaults({ name, attributes }: Element, rule: Rule): string[] {
  const faults: string[] = [];
  for (const [key, pattern] of Object.entries(rule.attributes)) {
    const value = attributes[key.replace('!', '')];
    if (value === undefined && key.startsWith('!')) faults.push(`${name}: ${key.slice(1)} is missing`);
    if (value !== undefined && !pattern.test(value)) faults.push(`${name}: ${key} is ${JSON.stringify(value)}`);
  }
  const known = Object.keys(rule.attributes).map((key) => key.replace('!', ''));
  return faults.concat(
    Object.keys(attributes)
      .filter((key) => !known.includes(key))
      .map((key) => `${name}: no such attribute as ${key}`),
  );
}

function childFaults({ name, children }: Element, rule: Rule): string[] {
  const faults: string[] = [];
  let at = 0;
  for (const [names, least, most] of rule.children) {
    const start = at;
    while (at < children.length && names.split('|').includes(children[at]!.name)) at += 1;
    if (at - start < least || at - start > most) faults.push(`${name}: ${at - start} times ${names}`);
  }
  return at < children.length ? [...faults, `${name}: ${children[at]!.name} out of place`] : faults;
}

/** DICOM's meaning of each code that we use, PS3.16 annex D. */
const MEANINGS: Readonly<Record<string, string>> = {
  '110100': 'Application Activity',
  '110106': 'Export',
  '110107': 'Import',
  '110109': 'Order Record',
  '110110': 'Patient Record',
  '110111': 'Procedure Record',
  '110112': 'Query',
  '110113': 'Security Alert',
  '110114': 'User Authentication',
  '110120': 'Application Start',
  '110121': 'Application Stop',
  '110122': 'Login',
  '110123': 'Logout',
  '110126': 'Node Authentication',
  '110127': 'Emergency Override Started',
  '110129': 'Security Configuration',
  '110131': 'Software Configuration',
  '110132': 'Use of Restricted Function',
  '110133': 'Audit Recording Stopped',
  '110134': 'Audit Recording Started',
  '110135': 'Object Security Attributes Changed',
  '110136': 'Security Roles Changed',
  '110137': 'User Security Attributes Changed',
  '110138': 'Emergency Override Stopped',
  '110150': 'Application',
  '110152': 'Destination Role ID',
  '110153': 'Source Role ID',
  '110154': 'Destination Media',
  '110155': 'Source Media',
  '110031': 'Email',
  '110037': 'URI',
  '110038': 'Paper Document',
};

/** EventActionCode and the least that sections A.5.3.x ask of an event. */
const EVENTS: Readonly<Record<string, { readonly actions: string; readonly types?: RegExp; readonly persons?: true }>> =
  {
    '110100': { actions: 'E', types: /^11012[01]$/ },
    '110106': { actions: 'R' },
    '110107': { actions: 'C' },
    '110109': { actions: 'CRUD' },
    '110110': { actions: 'CRUD' },
    '110111': { actions: 'CRUD' },
    '110112': { actions: 'E' },
    '110113': { actions: 'E', types: /^1101(2[67]|29|3[1-8])$/ },
    '110114': { actions: 'E', types: /^11012[23]$/, persons: true },
  };

function meaningFaults(message: Element): string[] {
  const faults: string[] = [];
  const all = (element: Element): Element[] => [element, ...element.children.flatMap(all)];
  for (const { name, attributes } of all(message)) {
    const { 'csd-code': code, codeSystemName: system, originalText: meaning } = attributes;
    if (system === 'DCM' && MEANINGS[code!] !== meaning) faults.push(`${name}: ${code} does not mean ${meaning}`);
  }
  const id = find(message, 'EventID')[0]!.attributes['csd-code']!;
  const asked = Object.hasOwn(EVENTS, id) ? EVENTS[id] : undefined;
  const action = find(message, 'EventIdentification')[0]!.attributes.EventActionCode!;
  if (asked !== undefined && !asked.actions.includes(action)) faults.push(`${id}: action ${action}`);
  const types = codes(message, 'EventTypeCode');
  if (new Set(types).size !== types.length) faults.push(`${id}: a type code twice`);
  if (asked?.types && !types.some((type) => asked.types!.test(type))) faults.push(`${id}: types ${types.join(' ')}`);
  const participants = find(message, 'ActiveParticipant');
  if (participants.filter(({ attributes }) => attributes.UserIsRequestor === 'true').length > 1)
    faults.push('more than one requestor');
  // Section A.5.3.12: network access point mandatory.
  if (asked?.persons && participants[0]!.attributes.NetworkAccessPointID === undefined) faults.push('no access point');
  return faults;
}
