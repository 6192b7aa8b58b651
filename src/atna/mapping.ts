/**
 * Decides which DICOM audit message an audit record becomes: OpenEMR's events in
 * the order of the tables, the first rule that fits. An event that no table knows,
 * also one of a later OpenEMR, is never dropped: it goes out under its own name, as
 * ITI-20 section 3.20.4.1.1.2 allows.
 */
import { AUTHENTICATION_RULES } from './authentication-rules.js';
import { RECORD_RULES } from './record-rules.js';
import { fits, type Rule, type Subject } from './rule.js';
import { SECURITY_RULES, TRAIL_RULES } from './security-rules.js';
import { TRANSFER_RULES } from './transfer-rules.js';

const DEFAULT_RULE: Rule = {
  id: 'default',
  event: /^/,
  eventId: 'event',
  action: 'E',
  types: [],
  outcome: 'minor',
  cast: 'user',
  objects: ['patient'],
};

export const RULES: readonly Rule[] = [
  ...AUTHENTICATION_RULES,
  ...SECURITY_RULES,
  ...TRANSFER_RULES,
  ...RECORD_RULES,
  ...TRAIL_RULES,
  DEFAULT_RULE,
];

export function ruleFor(subject: Subject): Rule {
  return rulesOf(subject.record.event).find((rule) => fits(rule, subject)) ?? DEFAULT_RULE;
}

/** Do the words of the comments decide about the message of such an event, or are some of them in it? */
export function readsComments(event: string): boolean {
  return rulesOf(event).some(
    ({ when, explains, objects }) => when?.comments !== undefined || explains || objects.includes('table'),
  );
}

/** May the comments of such an event be the address of a page, which the message names? */
export function readsAddress(event: string): boolean {
  return rulesOf(event).some(({ objects }) => objects.includes('address'));
}

/** A clinic's day has a few dozen events; a writer of random ones must not fill the memory. */
const MAX_KNOWN = 1000;
const known = new Map<string, readonly Rule[]>();

function rulesOf(event: string): readonly Rule[] {
  const rules = known.get(event);
  return rules ?? learn(event);
}

function learn(event: string): readonly Rule[] {
  if (known.size >= MAX_KNOWN) known.clear();
  const rules = RULES.filter((rule) => rule.event.test(event));
  known.set(event, rules);
  return rules;
}
