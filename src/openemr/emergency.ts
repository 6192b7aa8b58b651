/**
 * An emergency account ("break-glass") that comes or goes. OpenEMR has no event
 * for it: what tells is a login that succeeded, or a logout of whatever kind,
 * of a user who is in that group.
 */
import type { Emergency } from '../model/record.js';

export function emergencyOf(event: string, success: boolean | undefined, breakglass: boolean): Emergency | undefined {
  if (!breakglass) return undefined;
  if (event === 'logout') return 'stop';
  return LOGINS.has(event) && success !== false ? 'start' : undefined;
}

const LOGINS: ReadonlySet<string> = new Set(['login', 'login attempt', 'onetime login attempt']);
