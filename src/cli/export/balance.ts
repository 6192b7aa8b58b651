/** `export --reconcile`: what the database and the files hold of each day, for a person or for a program. */
import { Allowance } from '../../export/allowance.js';
import { AuditFile } from '../../export/audit-file.js';
import { connectSite } from '../../export/connect.js';
import { pathOf } from '../../export/exporter.js';
import type { ExportConfig } from '../../export/options.js';
import { agrees, type DayBalance, reconcile } from '../../export/reconcile.js';
import { DISCLOSURE_TRAIL, LOG_TRAIL } from '../../export/trail.js';
import { systemClock } from '../../lib/clock.js';
import type { Io } from '../io.js';
import { UsageError } from '../usage-error.js';
import { countText } from '../voice.js';

interface BalanceOptions {
  readonly from?: string;
  readonly to?: string;
  readonly json?: true;
}

type Entry = DayBalance & { readonly site: string; readonly table: string };

/** Ids named of each kind of difference; `--json` names them all. */
const NAMED = 10;

/** Sets exit status 1 when a day differs; throws what the database throws. */
export async function balance(io: Io, config: ExportConfig, { from, to, json }: BalanceOptions): Promise<void> {
  const days = { from: dayOf('--from', from), to: dayOf('--to', to) };
  const entries: Entry[] = [];
  for (const site of config.sites) {
    const database = connectSite(site, io.env.CREDENTIALS_DIRECTORY);
    try {
      const schema = await database.schema();
      for (const trail of config.disclosures ? [LOG_TRAIL, DISCLOSURE_TRAIL] : [LOG_TRAIL]) {
        if (!schema.has(trail.table)) continue;
        const path = pathOf(config.directory, site.name, trail);
        const allowance = new Allowance(config.directory, config.maxBytes);
        const log = new AuditFile(
          { path, rotateBytes: config.rotateBytes, keepMs: config.keepMs },
          { clock: systemClock, allowance },
        );
        const found = await reconcile(database, log, trail, days);
        entries.push(...found.map((each) => ({ site: site.name, table: trail.table, ...each })));
      }
    } finally {
      await database.close();
    }
  }
  const sorted = [...entries.filter((entry) => !agrees(entry)), ...entries.filter(agrees)];
  if (json) io.stdout.write(`${JSON.stringify(sorted, undefined, 2)}\n`);
  else for (const entry of sorted) io.stdout.write(`${textOf(entry)}\n`);
  const differing = sorted.filter((entry) => !agrees(entry)).length;
  io.stderr.write(
    differing === 0 ? `all ${sorted.length} days agree\n` : `${differing} of ${sorted.length} days differ\n`,
  );
  if (differing > 0) io.setExitStatus(1);
}

/** `default log 2026-11-20 (20261120T080000): 5,000 in the database, 4,999 exported; missing 1: 17`. */
function textOf({ site, table, generation, day, database, exported, missing, gone, altered, repeated }: Entry): string {
  const inDatabase = database === undefined ? 'no longer in the database' : `${countText(database)} in the database`;
  const head = `${site} ${table} ${day || 'without date'} (${generation}): ${inDatabase}, ${countText(exported)} exported`;
  const differences = Object.entries({ missing, gone, altered, repeated })
    .filter(([, ids]) => ids.length > 0)
    .map(([name, ids]) => {
      const named = ids.slice(0, NAMED).join(', ');
      return `${name} ${countText(ids.length)}: ${named}${ids.length > NAMED ? ', …' : ''}`;
    });
  return [head, ...differences].join('; ');
}

function dayOf(option: string, text: string | undefined): string | undefined {
  if (text === undefined || (/^\d{4}-\d{2}-\d{2}$/.test(text) && !Number.isNaN(Date.parse(text)))) return text;
  throw new UsageError(`${option} ${text} is no day`, { hint: 'give a day such as 2026-11-23' });
}
