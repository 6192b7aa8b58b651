/** Which tables to read a generation from, by what there is in this database. */
import type { Place } from './batch.js';
import type { Trail } from './database/audit-tables.js';
import type { Database, Schema } from './database/database.js';
import { EarlyStrays, type Finder, LateStrays, References } from './database/side-table-index.js';
import { Sides } from './database/side-tables.js';

/** The trail's own tables; while a renamed `api_log` is still there, it may hold the last rows that are missing. */
export function livePlace(database: Database, schema: Schema, trail: Trail, skew: number): Place {
  const { sealTable, apiTable } = trail;
  const own = (table: string | undefined): Finder[] =>
    table !== undefined && schema.has(table) ? [new References(database, table, skew)] : [];
  const renamedApis = [...schema.keys()].filter((table) => apiTable !== undefined && table.startsWith(`${apiTable}_`));
  const strays = renamedApis.map((table) => new LateStrays(database, table, skew));
  return { trail, table: trail.table, sides: new Sides(database, own(sealTable), [...own(apiTable), ...strays]) };
}

/** What they were renamed to, `suffix` being what stands behind each name; side rows may have come to lie on either side. */
export function renamedPlace(
  database: Database,
  schema: Schema,
  trail: Trail,
  { suffix, skew }: { readonly suffix: string; readonly skew: number },
): Place {
  const finders = (table: string | undefined): Finder[] => {
    if (table === undefined) return [];
    const renamed = schema.has(table + suffix) ? [new References(database, table + suffix, skew)] : [];
    return schema.has(table) ? [...renamed, new EarlyStrays(database, table, trail.table)] : renamed;
  };
  return {
    trail,
    table: trail.table + suffix,
    sides: new Sides(database, finders(trail.sealTable), finders(trail.apiTable)),
  };
}
