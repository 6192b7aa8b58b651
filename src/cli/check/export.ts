/**
 * Checks the export: database, account, tables, OpenEMR's audit settings, rows that wait,
 * and whether the time zone of the source is that of the rows.
 */
import { readFile } from 'node:fs/promises';
import type { Config } from '../../config/config.js';
import { loadExport } from '../../config/load.js';
import { LOG_TRAIL, type Trail, unreadColumns } from '../../export/database/audit-tables.js';
import { connectSite } from '../../export/database/connect.js';
import type { Database, Schema } from '../../export/database/database.js';
import { bisect } from '../../export/database/id-ranges.js';
import { pathOf } from '../../export/exporter.js';
import { Allowance, AuditFile } from '../../export/file/audit-file.js';
import { readBack } from '../../export/file/recover.js';
import { type ExportConfig, isLocal, type SiteOptions } from '../../export/options.js';
import { systemClock } from '../../lib/clock.js';
import { AgentError, reasonOf, systemCode } from '../../lib/errors.js';
import { systemFiles } from '../../lib/files.js';
import { readRow } from '../../openemr/parse.js';
import type { Row } from '../../openemr/row.js';
import { zoneFault } from '../../openemr/zone-check.js';
import { countText, durationText, plural } from '../voice.js';
import { bad, type CheckResult, good, warning } from './result.js';

const DAY_MS = 86_400_000;
/** Lines at the end of the file that tell the zone. */
const LINES = 500;

/** Nothing when the configuration has no export. Throws ConfigError. */
export async function* checkConfiguredExport(
  file: string,
  { sources }: Pick<Config, 'sources'>,
  env: NodeJS.ProcessEnv,
): AsyncGenerator<CheckResult> {
  if (!/^export\s*:/m.test(await readFile(file, 'utf8'))) return;
  const { export: config } = await loadExport(file, env);
  const following = sources.find(
    ({ format, paths }) => format === 'openemr' && paths.some((path) => path.startsWith(config.directory)),
  );
  yield* checkExport(config, env, following?.timeZone);
}

/** `zone`: of the source that follows the export's files; undefined: not known. */
export async function* checkExport(
  config: ExportConfig,
  env: NodeJS.ProcessEnv,
  zone?: string,
): AsyncGenerator<CheckResult> {
  for (const site of config.sites) {
    let database: Database | undefined;
    try {
      database = connectSite(site, systemFiles, env.CREDENTIALS_DIRECTORY);
      yield* checkSite(config, site, database, zone);
    } catch (error) {
      if (!(error instanceof AgentError)) throw error;
      yield refused(site, error);
    } finally {
      await database?.close();
    }
  }
}

/** Over the socket only one account of the operating system can log in, and that need not be who runs this. */
function refused(site: SiteOptions, error: AgentError): CheckResult {
  const bySocket = site.socket !== undefined && site.passwordFile === undefined;
  if (error.code !== 'database-refused' || !bySocket)
    return bad(`export, site ${site.name}: ${error.message}`, error.hint);
  return warning(
    `export, site ${site.name}: not checked; only the operating system's account ${site.user} can log in`,
    `run: runuser -u ${site.user} -g openemr-audit -- openemr-audit-forwarder export --check`,
  );
}

async function* checkSite(
  config: ExportConfig,
  site: SiteOptions,
  database: Database,
  zone: string | undefined,
): AsyncGenerator<CheckResult> {
  const name = `export, site ${site.name}`;
  const { server, account, cipher, settings } = await database.inspect();
  const link = cipher === '' ? '' : `, TLS ${cipher}`;
  yield good(`${name}: ${site.database} on ${server} as ${account}${link}`);
  if (cipher === '' && !isLocal(site)) {
    yield warning(`${name}: rows cross the network unencrypted`, 'set tls.ca of the site');
  }
  const schema = await database.schema();
  yield tablesResult(name, schema, config.disclosures);
  const unread = unreadColumns(schema, LOG_TRAIL);
  if (unread.length > 0) {
    yield warning(
      `${name}: columns that this version does not read: ${unread.join(', ')}`,
      'upgrade the agent; until then checksums that do not match are told as unverifiable',
    );
  }
  if (!schema.has(LOG_TRAIL.table)) return;
  if ((await database.breakglassUsers()) === undefined && schema.has('api_log')) {
    yield warning(`${name}: the break-glass group cannot be read`, 'grant what export --grants prints');
  }
  yield* settingsResults(name, settings);
  try {
    yield await rowsResult(name, config, site, database);
    if (zone !== undefined) yield* zoneResults(name, await lastRows(config, site), zone);
  } catch (error) {
    if (error instanceof AgentError) throw error;
    if (systemCode(error) === 'ENOENT') yield good(`${name}: nothing is exported yet into ${config.directory}`);
    else
      yield bad(`${name}: cannot read ${config.directory}: ${reasonOf(error)}`, 'run this as root, or as the export');
  }
}

function tablesResult(name: string, schema: Schema, disclosures: boolean): CheckResult {
  const needed = ['log', 'log_comment_encrypt', ...(disclosures ? ['extended_log'] : [])];
  const missing = needed.filter((table) => !schema.has(table));
  if (missing.length > 0) {
    return bad(
      `${name}: tables that are not there or may not be read: ${missing.join(', ')}`,
      "look at the database's name in sites/SITE/sqlconf.php, and grant what export --grants prints",
    );
  }
  return good(`${name}: tables of OpenEMR ${versionOf(schema)}`);
}

function versionOf(schema: Schema): string {
  if (schema.get('api_log')?.has('client_id')) return '8.3 or later';
  // Without the right to read it, api_log looks as if it were not there.
  if (schema.get('log_comment_encrypt')?.has('checksum_api')) {
    return schema.has('api_log')
      ? '6.0 to 8.2'
      : '6.0 to 8.2; api_log may not be read: grant what export --grants prints';
  }
  return '5.0';
}

/** Words of the screen Admin > Config > Logging. */
const SETTINGS: readonly (readonly [name: string, words: string])[] = [
  ['enable_auditlog', 'Enable Audit Logging'],
  ['audit_events_patient-record', 'Audit Logging Patient Record'],
  ['audit_events_scheduling', 'Audit Logging Scheduling'],
  ['audit_events_order', 'Audit Logging Order'],
  ['audit_events_lab-results', 'Audit Logging Lab Results'],
  ['audit_events_security-administration', 'Audit Logging Security Administration'],
  ['audit_events_backup', 'Audit Logging Backups'],
  ['audit_events_other', 'Audit Logging Miscellaneous'],
  ['audit_events_query', 'Audit Logging SELECT Query'],
  ['gbl_force_log_breakglass', 'Audit all Emergency User Queries'],
];

function* settingsResults(name: string, settings: ReadonlyMap<string, string> | undefined): Generator<CheckResult> {
  if (settings === undefined) {
    yield good(`${name}: OpenEMR's audit settings are not looked at: its account may not read the table globals`);
    return;
  }
  const off = SETTINGS.filter(([setting]) => settings.get(setting) === '0').map(([, words]) => `"${words}"`);
  if (off.length > 0) yield warning(`${name}: off in OpenEMR: ${off.join(', ')}`, 'Admin > Config > Logging');
  if (settings.get('enable_atna_audit') === '1') {
    yield warning(
      `${name}: OpenEMR's own sender is on ("Enable ATNA Auditing"); it blocks pages when the collector hangs`,
      'turn it off in Admin > Config > Logging; the agent replaces it',
    );
  }
  if (off.length === 0) yield good(`${name}: OpenEMR's audit settings are on`);
}

async function rowsResult(
  name: string,
  config: ExportConfig,
  site: SiteOptions,
  database: Database,
): Promise<CheckResult> {
  const newest = await database.newest(LOG_TRAIL.table);
  if (newest === undefined) return warning(`${name}: log is empty`, 'is "Enable Audit Logging" on?');
  const dayBefore = new Date(Date.parse(`${newest.date?.replace(' ', 'T')}Z`) - DAY_MS);
  const since = Number.isNaN(dayBefore.getTime()) ? '' : dayBefore.toISOString().slice(0, 19).replace('T', ' ');
  const from = await bisect(
    async (id) => (await database.headsFrom(LOG_TRAIL.table, id, 1))[0],
    ({ date }) => date !== null && date >= since,
    newest.id,
  );
  const recovered = await readBack(logOf(config, site, LOG_TRAIL), LOG_TRAIL, 1);
  const reached = recovered.kind === 'within' ? recovered.known.highest : 0;
  const waiting = Math.max(0, newest.id - reached);
  return good(
    `${name}: about ${plural(newest.id - Math.max(from, 1) + 1, 'row')} in the day before ${newest.date}; ` +
      `${waiting === 0 ? 'none' : countText(waiting)} waiting to be exported`,
  );
}

function logOf({ directory, maxBytes, rotateBytes, keepMs }: ExportConfig, site: SiteOptions, trail: Trail): AuditFile {
  const allowance = new Allowance(directory, maxBytes, systemFiles);
  const path = pathOf(directory, site.name, trail);
  return new AuditFile({ path, rotateBytes, keepMs }, { clock: systemClock, files: systemFiles, allowance });
}

async function lastRows(config: ExportConfig, site: SiteOptions): Promise<Row[]> {
  const rows: Row[] = [];
  let lines = 0;
  for await (const bytes of logOf(config, site, LOG_TRAIL).backward()) {
    const read = readRow(bytes);
    if ('row' in read) rows.push(read.row);
    lines += 1;
    if (lines >= LINES) break;
  }
  return rows;
}

export function* zoneResults(name: string, rows: readonly Row[], zone: string): Generator<CheckResult> {
  const fault = zoneFault(rows, zone);
  if (fault === undefined) return;
  yield bad(
    `${name}: with timeZone ${zone} the rows are ${durationText(Math.abs(fault.offMs))} too ${fault.offMs > 0 ? 'late' : 'early'}`,
    `set timeZone of the source to OpenEMR's (Admin > Config > Locale); its clocks are at UTC${fault.fits}. Ignore this for a replica that is behind on purpose`,
  );
}
