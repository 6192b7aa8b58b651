/**
 * The account that the export needs, as statements for MariaDB 10.4 or MySQL 5.7
 * and later: it may read the audit tables and who is in the break-glass group,
 * and nothing else. Pure.
 */
import type { SiteOptions } from './options.js';

/** In every version since 5.0. */
const TABLES = ['log', 'log_comment_encrypt', 'extended_log', 'gacl_aro', 'gacl_aro_groups', 'gacl_groups_aro_map'];

/** `api_log` came with 6.0; the others are there while "Eventlog backup" runs. */
const SOMETIMES = ['api_log', 'log_backup', 'log_comment_encrypt_backup', 'api_log_backup'];

export function grantsFor({ database, user, host, socket, tls, passwordFile }: SiteOptions): string {
  const account = `${literal(user)}@${literal(isLocal(host, socket) ? 'localhost' : '%')}`;
  const withPassword = ` IDENTIFIED BY '${passwordFile === undefined ? '' : 'PASSWORD'}'`;
  const on = (table: string) => `${identifier(database)}.${identifier(table)}`;
  return [
    `-- What ${user} may read in ${database}. Put a password in place of PASSWORD, and in place of % the host of the export.`,
    `CREATE USER IF NOT EXISTS ${account}${withPassword}${tls === undefined ? '' : ' REQUIRE SSL'};`,
    ...TABLES.map((table) => `GRANT SELECT ON ${on(table)} TO ${account};`),
    '-- Not there in every version, or not at all times: only together with CREATE, which is taken back at once,',
    '-- can a table be named that does not exist.',
    ...SOMETIMES.flatMap((table) => [
      `GRANT SELECT, CREATE ON ${on(table)} TO ${account};`,
      `REVOKE CREATE ON ${on(table)} FROM ${account};`,
    ]),
    '',
  ].join('\n');
}

function isLocal(host: string, socket: string | undefined): boolean {
  return socket !== undefined || host === 'localhost' || host === '127.0.0.1' || host === '::1';
}

function literal(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "''")}'`;
}

function identifier(name: string): string {
  return `\`${name.replaceAll('`', '``')}\``;
}
