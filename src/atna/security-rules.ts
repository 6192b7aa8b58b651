/**
 * Maps changes of rights and settings to Security Alert, PS3.15 section A.5.3.11,
 * by the ten triggers of ITI-20 table 3.20.4.1.1.1-1.
 */
import {
  AUDIT_RECORDING_STARTED,
  AUDIT_RECORDING_STOPPED,
  type Code,
  OBJECT_SECURITY_CHANGED,
  SECURITY_ALERT,
  SECURITY_CONFIGURATION,
  SECURITY_ROLES_CHANGED,
  SOFTWARE_CONFIGURATION,
  USE_OF_RESTRICTED_FUNCTION,
  USER_SECURITY_CHANGED,
} from './codes.js';
import type { Rule } from './rule.js';

const CHANGE = /^security-administration-(insert|update|delete|replace)$/;

export const SECURITY_RULES: readonly Rule[] = [
  {
    id: 'password',
    event:
      /^(password|password-change|password-create|password update|Credential update attempt|password reset attempt|patient-password-reset|patient-reset-credentials|patient-registration|patient-reg-email-verify|patient-access)$/,
    ...alert(USER_SECURITY_CHANGED),
    objects: ['account'],
  },
  {
    id: 'audit-off',
    event: /^security-administration-insert$/,
    when: { comments: /^Audit Logging Disabled/ },
    ...alert(AUDIT_RECORDING_STOPPED),
    outcome: 0,
    severity: 4,
  },
  {
    id: 'audit-on',
    event: /^security-administration-insert$/,
    when: { comments: /^Audit Logging Enabled/ },
    ...alert(AUDIT_RECORDING_STARTED),
    outcome: 0,
  },
  {
    id: 'sec-roles',
    event: CHANGE,
    when: {
      comments: /\bgacl_|\bgroups\b|Added .* to following access group|Removed .* from following access group/,
    },
    ...alert(SECURITY_ROLES_CHANGED),
    objects: ['access-control'],
  },
  {
    id: 'sec-users',
    event: CHANGE,
    when: { comments: /\busers(_secure|_facility)?\b/ },
    ...alert(USER_SECURITY_CHANGED),
  },
  // Facilities, pharmacies, code tables: OpenEMR files them here, too.
  {
    id: 'sec-other',
    event: /^security-administration(-(insert|update|delete|replace))?$/,
    ...alert(SECURITY_CONFIGURATION),
  },
  { id: 'sec-select', event: /^security-administration-select$/, ...alert(SECURITY_CONFIGURATION) },
  {
    id: 'sec-denied',
    event: /^security-access(-denied)?$/,
    when: { failed: true },
    ...alert(USE_OF_RESTRICTED_FUNCTION),
    outcome: 4,
    explains: true,
  },
  { id: 'security', event: /^security(-access)?(-denied)?$/, ...alert(SECURITY_CONFIGURATION) },
  // All that OpenEMR logs under this name with success=0 is a fault of its keys.
  {
    id: 'oauth2',
    event: /^oauth2$/,
    when: { failed: true },
    ...alert(SECURITY_CONFIGURATION),
    outcome: 8,
    explains: true,
  },
  { id: 'oauth2-ok', event: /^oauth2$/, ...alert(SECURITY_CONFIGURATION), outcome: 0 },
  { id: 'config', event: /^(alter_table|add_list|edit_list|delete_list|uuid)$/, ...alert(SOFTWARE_CONFIGURATION) },
];

/** What our exporter finds out about the trail itself: rows that were deleted or edited, a table that was replaced. */
export const TRAIL_RULES: readonly Rule[] = [
  {
    id: 'trail-begun',
    event: /^audit-trail-begun$/,
    ...alert(AUDIT_RECORDING_STARTED),
    cast: 'forwarder',
  },
  {
    id: 'trail-changed',
    event: /^audit-trail-/,
    ...alert(OBJECT_SECURITY_CHANGED),
    outcome: 'serious',
    cast: 'forwarder',
  },
];

function alert(type: Code) {
  return {
    eventId: SECURITY_ALERT,
    action: 'E',
    types: [type],
    outcome: 'minor',
    cast: 'user',
    objects: [],
  } as const satisfies Partial<Rule>;
}
