/**
 * Prints the statements that create the export's database account, for MariaDB 10.4 or
 * MySQL 5.7 and later. It may read the audit tables and the members of the break-glass
 * group, and nothing else. Pure.
 */
import { isLocal, type SiteOptions } from '../options.js';

/** In every version since 5.0. */
const TABLES = ['log', 'log_comment_encrypt', 'extended_log', 'gacl_aro', 'gacl_aro_groups', 'gacl_groups_aro_map'];

/** `api_log` came with 6.0; the others are there while "Eventlog backup" runs. */
const SOMETIMES = ['api_log', 'log_backup', 'log_comment_encrypt_backup', 'api_log_backup'];

export function grantsFor(site: SiteOptions): string {
  const { database, user } = site;
  const account = `${literal(user)}@${literal(isLocal(site) ? 'localhost' : '%')}`;
  const on = (table: string) => `${identifier(database)}.${identifier(table)}`;
  return [
    `-- What ${user} may read in ${database}.${isLocal(site) ? '' : ' Put the host of the export in place of %.'}`,
    ...login(site).map((line) => line.replace('ACCOUNT', account)),
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

/** Never an account that anybody can use: by socket the operating system vouches for it, else it has a password. */
function login({ name, user, socket, passwordFile, tls }: SiteOptions): string[] {
  const required = tls === undefined ? '' : tls.cert === undefined ? ' REQUIRE SSL' : ' REQUIRE X509';
  if (socket !== undefined && passwordFile === undefined) {
    return [
      `-- Only the operating system's account ${user} can log in, and needs no password. MySQL: IDENTIFIED WITH auth_socket.`,
      'CREATE USER IF NOT EXISTS ACCOUNT IDENTIFIED VIA unix_socket;',
    ];
  }
  const file = passwordFile ?? `a file that passwordFile of the site ${name} names`;
  return [
    `-- Put a password in place of PASSWORD, and into ${file}.`,
    `CREATE USER IF NOT EXISTS ACCOUNT IDENTIFIED BY 'PASSWORD'${required};`,
  ];
}

function literal(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "''")}'`;
}

function identifier(name: string): string {
  return `\`${name.replaceAll('`', '``')}\``;
}
