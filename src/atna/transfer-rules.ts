/**
 * Maps what leaves the system and what enters it to Data Export and Data Import,
 * PS3.15 sections A.5.3.4 and A.5.3.5; ITI-20 counts any printing as export.
 */
import { DISCLOSURE, EXPORT, IMPORT } from './codes.js';
import type { Rule } from './rule.js';

const EXPORTED = { eventId: EXPORT, action: 'R', types: [] } as const;

export const TRANSFER_RULES: readonly Rule[] = [
  // OpenEMR logs a backup that has succeeded with success=0.
  {
    id: 'backup',
    event: /^backup$/,
    when: { comments: /completed/ },
    ...EXPORTED,
    outcome: 0,
    cast: 'backup',
    objects: [],
  },
  { id: 'backup-other', event: /^backup$/, ...EXPORTED, outcome: 'minor', cast: 'export', objects: [] },
  { id: 'print', event: /^print$/, ...EXPORTED, outcome: 'minor', cast: 'print', objects: ['patient'] },
  {
    id: 'export',
    event: /^(transmit-.*|qrda3.*|download document|fetched PDF|chart document|proc_order_xmit|ccda.*|ccr.*)$/,
    ...EXPORTED,
    outcome: 'minor',
    cast: 'transmission',
    objects: ['patient', 'document'],
  },
  // From extended_log, where a site may give its disclosures names of its own (ITI-20 section 3.20.8).
  {
    id: 'disclosure',
    event: /^disclosure(-.*)?$/,
    eventId: EXPORT,
    action: 'R',
    types: [DISCLOSURE],
    outcome: 0,
    cast: 'disclosure',
    objects: ['patient', 'disclosed'],
  },
  {
    id: 'import',
    event:
      /^(direct-message-check|pharmacy_log|pharmacy_background|prescriptions_log|medex-webhook|lab-results-error)$/,
    eventId: IMPORT,
    action: 'C',
    types: [],
    outcome: 'minor',
    cast: 'import',
    objects: ['patient'],
  },
];
