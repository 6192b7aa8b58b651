/**
 * The address that somebody came from: OpenEMR has a column for it only in
 * `api_log`. Of who logs in it writes REMOTE_ADDR into the comments, as its
 * login, its API and its portal word it; what the client says of itself, in
 * parentheses behind it, proves nothing.
 */
import { isIP } from 'node:net';
import { commentsOf } from './comments.js';
import { apiOf, type Row, textOf } from './row.js';

/** An IPv4 or IPv6 address; empty when the row has none. */
export function clientOf(row: Row): string {
  const { ip_address } = apiOf(row);
  const stated = textOf(ip_address);
  if (isIP(stated) > 0) return stated;
  if (!COMINGS.has(textOf(row.event))) return '';
  const { form, bytes } = commentsOf(row);
  const address = form === 'text' ? WORDS.exec(bytes.toString('latin1'))?.[1]?.replace(/[.:]$/, '') : undefined;
  return address !== undefined && isIP(address) > 0 ? address : '';
}

const COMINGS: ReadonlySet<string> = new Set([
  'login',
  'login attempt',
  'onetime login attempt',
  'auth',
  'mfa',
  'api',
  'portalapi',
]);
const WORDS = /^(?:(?:API |Auth |Portal API )?(?:success|failure)|Google Failure):? ?([\da-fA-F.:]+)/;
