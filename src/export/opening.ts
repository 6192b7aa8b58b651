/** How a generation comes to be in memory: recovered from the file, or begun with the first row of a table. */
import type { StartAt } from '../lib/start-at.js';
import type { Trail } from './database/audit-tables.js';
import type { Database } from './database/database.js';
import type { AuditLog } from './file/audit-file.js';
import type { Finding } from './file/audit-line.js';
import { readBack } from './file/recover.js';
import { Generation, generationName } from './generation.js';
import { Known } from './known.js';
import { firstId } from './start.js';

export type Recovery =
  | { readonly kind: 'between'; readonly previous: string | undefined }
  | { readonly kind: 'within'; readonly generation: Generation };

/** What the file knows. Ids that were awaited when it was last written to are awaited again, from now on. */
export async function recover(log: AuditLog, trail: Trail, windowRows: number, nowMs: number): Promise<Recovery> {
  await log.open();
  const recovered = await readBack(log, trail, windowRows);
  if (recovered.kind === 'between') return recovered;
  const generation = new Generation(recovered.generation, recovered.known);
  generation.awaited.add(recovered.known.gapsUpTo(generation.reached, recovered.awaiting), nowMs);
  return { kind: 'within', generation };
}

/**
 * The first row names the generation; undefined while there is none. `finding`
 * is to be written first: rows were left out because the export was told to.
 */
export async function beginGeneration(
  database: Database,
  trail: Trail,
  previous: string | undefined,
  startAt: StartAt,
): Promise<{ readonly generation: Generation; readonly findings: readonly Finding[] } | undefined> {
  const [first] = await database.headsFrom(trail.table, 0, 1);
  if (first === undefined) return undefined;
  const from = previous === undefined ? await firstId(database, trail.table, startAt) : 1;
  const generation = new Generation(generationName(trail, first, previous), new Known(from));
  return { generation, findings: from > first.id ? [{ kind: 'begun', fromId: from }] : [] };
}
