/** Turns errors of the database and of the export's directory into messages with a remedy. */
import { diskRemedy } from '../../lib/disk-remedy.js';
import { AgentError, reasonOf, systemCode } from '../../lib/errors.js';

export interface Whereabouts {
  /** `openemr on localhost:3306`. */
  readonly database: string;
  readonly user: string;
  readonly passwordFile: string | undefined;
}

/** Where the files are to lie: it cannot be made, or not be written. */
export function directoryFault(directory: string, cause: unknown): AgentError {
  const closed = ['EACCES', 'EPERM'].includes(systemCode(cause));
  const hint = 'create it, and let the account that runs the export write in it';
  return new AgentError('export-directory', `cannot write in ${directory}: ${reasonOf(cause)}`, {
    cause,
    hint: closed ? hint : diskRemedy(systemCode(cause), hint),
  });
}

type Fault = readonly [code: string, what: string, hint: string];

/** Server errors by symbol (MariaDB and MySQL share them), then Node's and mysql2's. All of them are waited out. */
export function databaseFault(error: unknown, { database, user, passwordFile }: Whereabouts): AgentError {
  if (error instanceof AgentError) return error;
  const [code, what, hint] = faultOf(isClosed(error) ? 'PROTOCOL_CONNECTION_LOST' : systemCode(error));
  return new AgentError(code, `${what} ${database}: ${reasonOf(error)}`, { cause: error, hint });

  function faultOf(symbol: string): Fault {
    switch (symbol) {
      case 'ER_ACCESS_DENIED_ERROR':
      case 'ER_ACCESS_DENIED_NO_PASSWORD_ERROR':
      case 'ER_MUST_CHANGE_PASSWORD_LOGIN':
      case 'AUTH_SWITCH_PLUGIN_ERROR':
        return [
          'database-refused',
          `user ${user} cannot log in to`,
          passwordFile === undefined
            ? `if it logs in over the socket, run this as the operating system's account ${user}; else name the file with its password by passwordFile`
            : `put the user's password into ${passwordFile}, or give it that one (ALTER USER: an account that was there keeps its own); both are tried again`,
        ];
      case 'ER_DBACCESS_DENIED_ERROR':
      case 'ER_TABLEACCESS_DENIED_ERROR':
      case 'ER_COLUMNACCESS_DENIED_ERROR':
        return ['database-privilege', `user ${user} may not read in`, 'grant what export --grants prints'];
      case 'ER_BAD_DB_ERROR':
        return ['database-unknown', 'there is no database', "look for its name in OpenEMR's sites/NAME/sqlconf.php"];
      case 'ER_NO_SUCH_TABLE':
      case 'ER_TABLE_DEF_CHANGED':
        return [
          'database-table',
          'a table is missing in',
          'nothing to do if "Eventlog backup" is running: the export retries',
        ];
      case 'ER_CRASHED_ON_USAGE':
      case 'ER_CRASHED_ON_REPAIR':
      case 'ER_NOT_KEYFILE':
      case 'ER_GET_ERRNO':
      case 'ER_CHECKREAD':
      // MyISAM and Aria pass the storage engine's own numbers on.
      case 'HA_ERR_CRASHED':
      case 'HA_ERR_WRONG_IN_RECORD':
      case 'HA_ERR_CRASHED_ON_REPAIR':
      case 'HA_ERR_CRASHED_ON_USAGE':
        return [
          'database-damaged',
          'a table is damaged in',
          'run: mysqlcheck --repair on the database; the export then continues',
        ];
      case 'ER_CON_COUNT_ERROR':
      case 'ER_TOO_MANY_USER_CONNECTIONS':
      case 'ER_USER_LIMIT_REACHED':
        return [
          'database-busy',
          'no connection is free at',
          'raise max_connections, or see which clients hold the connections',
        ];
      case 'HANDSHAKE_NO_SSL_SUPPORT':
      case 'HANDSHAKE_SSL_ERROR':
      case 'ERR_TLS_CERT_ALTNAME_INVALID':
      case 'SELF_SIGNED_CERT_IN_CHAIN':
      case 'DEPTH_ZERO_SELF_SIGNED_CERT':
      case 'UNABLE_TO_VERIFY_LEAF_SIGNATURE':
      case 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY':
      case 'CERT_HAS_EXPIRED':
        return [
          'database-tls',
          'no trusted TLS with',
          "check tls.ca against the server's certificate, and that the server has one",
        ];
      case 'PROTOCOL_SEQUENCE_TIMEOUT':
        return ['database-slow', 'no answer in time from', 'look at its load (SHOW PROCESSLIST)'];
      case 'ECONNREFUSED':
      case 'ENOENT':
      case 'EACCES':
      case 'ETIMEDOUT':
      case 'EHOSTUNREACH':
      case 'ENOTFOUND':
      case 'EAI_AGAIN':
        return ['database-unreachable', 'cannot reach', 'is it running, and are host, port or socket right?'];
      case 'PROTOCOL_CONNECTION_LOST':
        return [
          'database-unreachable',
          'the connection is lost to',
          'check that it is running; the export then continues',
        ];
      default:
        return ['database-failed', 'reading failed from', 'the export continues when the database does'];
    }
  }
}

/** mysql2 3 has no code for a query on a connection that the server has closed. */
function isClosed(error: unknown): boolean {
  return /connection is in closed state/.test(reasonOf(error));
}
