/**
 * What the command `export` takes from the configuration file: its sections
 * `export` and `log`. Faults of the others are the agent's: a host that only
 * exports needs no sources, no collectors and no certificates.
 */
import { readStartAt } from '../lib/start-at.js';
import type { ExportConfig, LogConfig, SiteConfig } from './config.js';
import { byLine, ConfigError } from './fault.js';
import { frozen } from './frozen.js';
import { type Host, thisHost } from './host.js';
import { readText } from './read-text.js';
import { brokenExportRules } from './rules.js';
import { type FileValues, schema } from './schema.js';
import { pathsOf, readShape, type Shape } from './shape.js';
import { readValues } from './values.js';
import { ownVariables, unknownVariables } from './variables.js';

interface ExportSections {
  readonly export: ExportConfig;
  readonly log: LogConfig;
}

const { export: exported, log, ...others } = schema;
const sections = { export: exported, log };

const LOOK = 'export --grants';

/** Reads `file`, with single keys overridden by `OAF_EXPORT_…` and `OAF_LOG_…` variables of `env`. */
export async function loadExport(
  file: string,
  env: NodeJS.ProcessEnv,
  host: Pick<Host, 'readFile'> = thisHost,
): Promise<ExportSections> {
  const shape = withoutOthers(readShape(await readText(file, host, 'export.sites'), schema));
  if (shape.faults.some(({ key }) => key === '')) throw new ConfigError(file, shape.faults, LOOK);
  const variables = ownVariables(env);
  const { values, faults } = readValues(sections, shape, variables);
  const found = [...shape.faults, ...faults, ...unknownVariables(Object.keys(variables), pathsOf(schema))];
  const broken = brokenExportRules(values.export, (path) => shape.written.get(path)?.line);
  const all = [...found, ...broken.filter((rule) => !found.some(({ key }) => key === rule.key))];
  if (all.length > 0) throw new ConfigError(file, all.toSorted(byLine), LOOK);
  return frozen({ export: exportOf(values.export), log: values.log });
}

/** A section that nobody knows stays a fault: it may be a misspelt `export`. */
function withoutOthers({ tree, faults, written }: Shape): Shape {
  return {
    tree: Object.fromEntries(Object.entries(tree).filter(([name]) => Object.hasOwn(sections, name))),
    faults: faults.filter(({ key }) => !Object.hasOwn(others, key.split(/[.[]/)[0]!)),
    written,
  };
}

function exportOf(values: FileValues['export']): ExportConfig {
  const { directory, disclosures, maxBytes } = values;
  return {
    directory,
    sites: values.sites.map(siteOf),
    // Its format has let through nothing else.
    startAt: readStartAt(values.startAt)!,
    disclosures,
    pollMs: values.poll,
    settleMs: values.settle,
    examineMs: values.examine,
    keepMs: values.keep,
    maxBytes,
    rotateBytes: values.rotate,
  };
}

/** Whoever writes a key of `tls` wants TLS, even if the rest of it goes without saying. */
function siteOf({ tls, ...site }: FileValues['export']['sites'][number]): SiteConfig {
  const asked = Object.values(tls).some((value) => value !== undefined);
  return { ...site, tls: asked ? { ...tls, verify: tls.verify ?? 'name' } : undefined };
}
