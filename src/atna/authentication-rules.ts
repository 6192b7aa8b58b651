/**
 * Maps logins and logouts to User Authentication, PS3.15 section A.5.3.12:
 * OpenEMR has a dozen events of its own for them and its portal a few more.
 */
import { LOGIN, LOGOUT, openemrCode, PATIENT_RECORD, USER_AUTHENTICATION } from './codes.js';
import type { Rule } from './rule.js';

const LOGGED_IN = { eventId: USER_AUTHENTICATION, action: 'E', types: [LOGIN], cast: 'user', objects: [] } as const;
const LOGGED_OUT = {
  eventId: USER_AUTHENTICATION,
  action: 'E',
  types: [LOGOUT],
  objects: [],
} as const;

export const AUTHENTICATION_RULES: readonly Rule[] = [
  // OpenEMR writes success=0, but the user was logged off, by the node (A.5.3.12, note).
  {
    id: 'logout-timeout',
    event: /^logout$/,
    when: { failed: true, comments: /^timeout/ },
    ...LOGGED_OUT,
    outcome: 0,
    severity: 5,
    cast: 'logged-off',
    explains: true,
  },
  {
    id: 'logout-forced',
    event: /^logout$/,
    when: { failed: true },
    ...LOGGED_OUT,
    outcome: 0,
    severity: 4,
    cast: 'logged-off',
    explains: true,
  },
  { id: 'logout', event: /^logout$/, ...LOGGED_OUT, outcome: 0, cast: 'user' },
  // Table A.5.2-1: 8 is "action terminated, e.g., invalid password with excess retries".
  {
    id: 'login-lockout',
    event: /^(login|auth|api|portalapi|login attempt|onetime login attempt|mfa)$/,
    when: { failed: true, comments: /exceeded maximum number of failed logins|manually blocked/ },
    ...LOGGED_IN,
    outcome: 8,
    explains: true,
  },
  // 12 is for an account disabled by excess retries; one that is not active was disabled by somebody.
  {
    id: 'login-disabled',
    event: /^(login|auth|api|portalapi)$/,
    when: { failed: true, comments: /not active|password is expired/ },
    ...LOGGED_IN,
    outcome: 4,
    explains: true,
  },
  {
    id: 'login-fail',
    event: /^(login|auth|mfa|portalapi|login attempt|onetime login attempt)$/,
    when: { failed: true },
    ...LOGGED_IN,
    outcome: 4,
    explains: true,
  },
  {
    id: 'login-ok',
    event: /^(login|login attempt|onetime login attempt)$/,
    ...LOGGED_IN,
    outcome: 0,
  },
  // Somebody who is logged in shows once more who he is.
  { id: 'auth-ok', event: /^(auth|mfa|portalapi)$/, ...LOGGED_IN, outcome: 0 },
  // With success=0 it is always a token or a password that was refused.
  {
    id: 'api-fail',
    event: /^api$/,
    when: { failed: true },
    ...LOGGED_IN,
    outcome: 4,
    objects: ['client'],
    explains: true,
  },
  // Its comments are a sentence about the client and the user, not an address.
  {
    id: 'api-token',
    event: /^api$/,
    when: { comments: /^API success: / },
    eventId: openemrCode('api'),
    action: 'E',
    types: [],
    outcome: 0,
    cast: 'user',
    objects: ['client'],
  },
  {
    id: 'api-patient',
    event: /^api$/,
    when: { patient: true },
    eventId: PATIENT_RECORD,
    action: 'by-method',
    types: [openemrCode('api')],
    outcome: 0,
    cast: 'user',
    objects: ['patient', 'client'],
  },
  {
    id: 'api',
    event: /^api$/,
    eventId: openemrCode('api'),
    action: 'E',
    types: [],
    outcome: 0,
    cast: 'user',
    objects: ['address', 'client'],
  },
];
