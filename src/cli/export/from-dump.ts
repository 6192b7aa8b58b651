/** `export --from-dump FILE…` writes the rows that the files lack from dumps that "Eventlog backup" has made. */
import { LOG_TRAIL } from '../../export/database/audit-tables.js';
import { restoreFrom } from '../../export/dump/restore.js';
import { dumpPathOf, pathOf } from '../../export/exporter.js';
import { Allowance, AuditFile } from '../../export/file/audit-file.js';
import type { ExportConfig } from '../../export/options.js';
import { systemClock } from '../../lib/clock.js';
import { systemFiles } from '../../lib/files.js';
import type { Io } from '../io.js';
import { UsageError } from '../usage-error.js';
import { countText, plural } from '../voice.js';

/** One dump after another; throws at the first that cannot be read. */
export async function fromDumps(
  io: Io,
  config: ExportConfig,
  { dumps, site: named }: { readonly dumps: readonly string[]; readonly site: string | undefined },
): Promise<void> {
  const site = siteOf(config, named);
  const { directory, maxBytes, rotateBytes, keepMs } = config;
  const allowance = new Allowance(directory, maxBytes, systemFiles);
  const parts = { clock: systemClock, files: systemFiles, allowance };
  const exported = new AuditFile({ path: pathOf(directory, site, LOG_TRAIL), rotateBytes, keepMs }, parts);
  const restored = new AuditFile({ path: dumpPathOf(directory, site), rotateBytes, keepMs }, parts);
  try {
    for (const dump of dumps) {
      const found = await restoreFrom(dump, { site, exported, restored, clock: systemClock });
      const before = found.before === 0 ? '' : `, ${countText(found.before)} from before the oldest line in the files`;
      io.stderr.write(
        `${dump}: ${plural(found.rows, 'row')} of generation ${found.generation}, ` +
          `${countText(found.written)} missing in the files and written${before}\n`,
      );
    }
  } finally {
    await restored.close();
  }
}

function siteOf({ sites }: ExportConfig, named: string | undefined): string {
  const names = sites.map(({ name }) => name);
  if (named === undefined && names.length === 1) return names[0]!;
  if (named !== undefined && names.includes(named)) return named;
  throw new UsageError(named === undefined ? 'a dump does not say of which site it is' : `there is no site ${named}`, {
    hint: `give one of them: --site ${names.join(', --site ')}`,
  });
}
