/** Which changes of the configuration a reload cannot make: the keys that the schema marks with `restart`. */
import { isDeepStrictEqual } from 'node:util';
import type { Config } from './config.js';
import { named } from './key.js';
import { schema } from './schema.js';

/** The new configuration with the present values of such keys, and the paths of those that differ. */
export function withoutRestart(next: Config, present: Config): { readonly config: Config; readonly left: string[] } {
  const config: Record<string, unknown> = { ...next };
  const left: string[] = [];
  for (const [sectionName, section] of Object.entries(schema)) {
    if (section.kind !== 'section' || !Object.hasOwn(next, sectionName)) continue;
    const wanted = valuesOf(next, sectionName);
    const kept = valuesOf(present, sectionName);
    const fixed = Object.entries(section.keys).filter(([, node]) => node.kind === 'key' && node.restart);
    for (const [name, node] of fixed) {
      const field = named(name, node);
      config[sectionName] = { ...valuesOf(config, sectionName), [field]: kept[field] };
      if (!isDeepStrictEqual(wanted[field], kept[field])) left.push(`${sectionName}.${name}`);
    }
  }
  return { config: config as unknown as Config, left };
}

function valuesOf(config: object, section: string): Readonly<Record<string, unknown>> {
  return (config as Readonly<Record<string, Readonly<Record<string, unknown>>>>)[section] ?? {};
}
