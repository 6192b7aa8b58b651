/** Which tables to read a generation from, by what there is in this database. */
import type { Place } from './batch.js';
import type { Database, Schema } from './database.js';
import { type Finder, References } from './references.js';
import { Sides } from './sides.js';
import { Strays } from './strays.js';
import type { Trail } from './trail.js';

/** The trail's own tables. */
export function livePlace(database: Database, schema: Schema, trail: Trail, skew: number): Place {
  const finders = (table: string | undefined): Finder[] =>
    table !== undefined && schema.has(table) ? [new References(database, table, skew)] : [];
  return {
    trail,
    table: trail.table,
    sides: new Sides(database, finders(trail.sealTable), finders(trail.apiTable)),
  };
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
    return schema.has(table) ? [...renamed, new Strays(database, table, trail.table)] : renamed;
  };
  return {
    trail,
    table: trail.table + suffix,
    sides: new Sides(database, finders(trail.sealTable), finders(trail.apiTable)),
  };
}
