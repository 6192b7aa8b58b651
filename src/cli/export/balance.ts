/** `export --reconcile` compares, for each day, the rows in the database, in the files and at the agent. */
import { type DayBalance, type Days, reconcile } from '../../export/compare/reconcile.js';
import { DISCLOSURE_TRAIL, LOG_TRAIL, type Trail } from '../../export/database/audit-tables.js';
import { connectSite } from '../../export/database/connect.js';
import { pathOf } from '../../export/exporter.js';
import { Allowance, AuditFile } from '../../export/file/audit-file.js';
import type { ExportConfig } from '../../export/options.js';
import { systemClock } from '../../lib/clock.js';
import { systemFiles } from '../../lib/files.js';
import type { Io } from '../io.js';
import { UsageError } from '../usage-error.js';
import { countText } from '../voice.js';
import { balanceText, type Entry, entryAgrees } from './balance-text.js';
import { countForwarded, type DayCounts, type Forwarding, keyOf, readForwarding } from './forwarded-days.js';

interface BalanceOptions {
  readonly from?: string;
  readonly to?: string;
  /** The agent's configuration file. */
  readonly agent: string;
  readonly withoutAgent?: true;
  readonly json?: true;
}

/** Sets exit status 1 when a day differs; throws what the database throws, and `agent-unknown`. */
export async function balance(io: Io, config: ExportConfig, options: BalanceOptions): Promise<void> {
  const days = { from: dayOf('--from', options.from), to: dayOf('--to', options.to) };
  const forwarding = options.withoutAgent ? undefined : await readForwarding(options.agent, io.env);
  const entries: Entry[] = [];
  for (const site of config.sites) {
    const database = connectSite(site, systemFiles, io.env.CREDENTIALS_DIRECTORY);
    try {
      const schema = await database.schema();
      for (const trail of config.disclosures ? [LOG_TRAIL, DISCLOSURE_TRAIL] : [LOG_TRAIL]) {
        if (!schema.has(trail.table)) continue;
        const log = logOf(config, site.name, trail);
        const found = await reconcile(database, log, trail, days);
        const agent = await forwardedDays(log, trail, days, forwarding);
        entries.push(...found.map((each) => ({ site: site.name, table: trail.table, ...each, agent: agent(each) })));
      }
    } finally {
      await database.close();
    }
  }
  const differing = entries.filter((entry) => !entryAgrees(entry));
  const sorted = [...differing, ...entries.filter(entryAgrees)];
  io.stdout.write(options.json ? `${JSON.stringify(sorted, undefined, 2)}\n` : balanceText(sorted));
  io.stderr.write(verdict(differing.length, sorted.length));
  if (differing.length > 0) io.setExitStatus(1);
}

function logOf({ directory, maxBytes, rotateBytes, keepMs }: ExportConfig, site: string, trail: Trail): AuditFile {
  const allowance = new Allowance(directory, maxBytes, systemFiles);
  return new AuditFile(
    { path: pathOf(directory, site, trail), rotateBytes, keepMs },
    { clock: systemClock, files: systemFiles, allowance },
  );
}

async function forwardedDays(
  log: AuditFile,
  trail: Trail,
  days: Days,
  forwarding: Forwarding | undefined,
): Promise<(day: DayBalance) => DayCounts | undefined> {
  if (forwarding === undefined) return () => undefined;
  const counts = await countForwarded(await log.files(), trail, days, forwarding);
  return ({ generation, day }) => counts.get(keyOf(generation, day)) ?? NONE;
}

const NONE: DayCounts = { read: 0, acknowledged: 0, filtered: 0, unparsed: 0, altered: 0 };

function verdict(differing: number, all: number): string {
  if (all === 0) return 'nothing to compare: no row in the database and none in the files\n';
  const days = all === 1 ? 'day' : 'days';
  return differing === 0
    ? `all agree: ${countText(all)} ${days}\n`
    : `${countText(differing)} of ${countText(all)} ${days} ${differing === 1 ? 'differs' : 'differ'}\n`;
}

function dayOf(option: string, text: string | undefined): string | undefined {
  if (text === undefined || (/^\d{4}-\d{2}-\d{2}$/.test(text) && !Number.isNaN(Date.parse(text)))) return text;
  throw new UsageError(`${option} ${text} is not a date`, { hint: 'give a date such as 2026-11-23' });
}
