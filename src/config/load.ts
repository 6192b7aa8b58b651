/** The configuration file and the environment, as one frozen Config; or one ConfigError with all that is wrong. */
import { AgentError, reasonOf, systemCode } from '../lib/errors.js';
import { readStartAt } from '../lib/start-at.js';
import type { Config, ExportConfig, LogConfig, MessageConfig, SiteConfig, SourceConfig, TlsConfig } from './config.js';
import { byLine, ConfigError } from './fault.js';
import { type Host, thisHost } from './host.js';
import { readListen } from './listen.js';
import { brokenExportRules, brokenRules } from './rules.js';
import { type FileValues, schema } from './schema.js';
import { pathsOf, readShape, type Shape } from './shape.js';
import { readValues } from './values.js';
import { collectorsOf, ownVariables, unknownVariables } from './variables.js';

/** Reads `file`, with single keys overridden by `OAF_…` variables of `env`. */
export async function loadConfig(file: string, env: NodeJS.ProcessEnv, host: Host = thisHost): Promise<Config> {
  const text = await readText(file, host, 'sources, collectors and tls');
  const values = checkedValues(file, text, ownVariables(env));
  const name = values.message.hostname ?? (await host.fullName());
  return frozen(configOf(file, values, name, host.timeZone()));
}

function checkedValues(file: string, text: string, variables: Readonly<Record<string, string>>): FileValues {
  const shape = withCollectors(readShape(text, schema), collectorsOf(variables));
  if (shape.faults.some(({ key }) => key === '')) throw new ConfigError(file, shape.faults);
  const { values, faults } = readValues(schema, shape, variables);
  const found = [...shape.faults, ...faults, ...unknownVariables(Object.keys(variables), pathsOf(schema))];
  const broken = brokenRules(values, (path) => shape.written.get(path)?.line);
  const all = [...found, ...broken.filter((rule) => !found.some(({ key }) => key === rule.key))];
  if (all.length > 0) throw new ConfigError(file, all.toSorted(byLine));
  return values;
}

function withCollectors(shape: Shape, collectors: Shape['tree'][string] | undefined): Shape {
  return collectors === undefined ? shape : { ...shape, tree: { ...shape.tree, collectors } };
}

function configOf(file: string, values: FileValues, hostname: string, hostZone: string): Config {
  const { journal, delivery } = values;
  return {
    file,
    sources: values.sources.map((source) => sourceOf(source, hostZone)),
    message: messageOf(values.message, hostname),
    collectors: values.collectors,
    tls: tlsOf(values.tls),
    journal,
    delivery: {
      epochBytes: delivery.epochBytes,
      epochIntervalMs: delivery.epochInterval,
      acknowledge: delivery.acknowledge,
      windowMs: delivery.window,
    },
    receipts: { keepMs: values.receipts.keep },
    status: statusOf(values.status),
    log: values.log,
  };
}

function statusOf({ listen }: FileValues['status']): Config['status'] {
  const place = readListen(listen);
  return { listen: place === 'off' ? undefined : place };
}

function sourceOf(source: FileValues['sources'][number], hostZone: string): SourceConfig {
  const { timeZone, partialLineTimeout, ...same } = source;
  // Half of a JSON object is of no use to anyone: it is worth waiting for the rest of it.
  const patienceMs = source.format === 'text' ? 10_000 : 600_000;
  return {
    ...same,
    timeZone: timeZone ?? hostZone,
    timeZoneGuessed: timeZone === undefined,
    partialLineTimeoutMs: partialLineTimeout ?? patienceMs,
  };
}

function messageOf(message: FileValues['message'], hostname: string): MessageConfig {
  const { heartbeat, maxBytes, comments, ...same } = message;
  const atna = message.profile === 'atna';
  // An audit message in XML is never sent in parts, so it gets more room (DICOM PS3.15 A.6: receivers take 32768).
  const room = atna ? 32_768 : 8_192;
  return {
    ...same,
    hostname,
    maxBytes: maxBytes ?? room,
    heartbeatMs: heartbeat,
    comments: comments ?? (atna ? 'omit' : 'encoded'),
  };
}

function tlsOf(tls: FileValues['tls']): TlsConfig {
  return { ...tls, fingerprints: tls.fingerprints.map(asRfc5425) };
}

/** RFC 5425 section 4.2.2: the hash's name in lower case, octets in upper case hexadecimal. */
function asRfc5425(fingerprint: string): string {
  const colon = fingerprint.indexOf(':');
  return fingerprint.slice(0, colon).toLowerCase() + fingerprint.slice(colon).toUpperCase();
}

/** A value that nobody can change any more, however deep. */
function frozen<T>(value: T): T {
  if (typeof value === 'object' && value !== null) {
    for (const part of Object.values(value)) frozen(part);
    Object.freeze(value);
  }
  return value;
}

/**
 * What the command `export` takes from the configuration file: its sections
 * `export` and `log`. Faults of the others are the agent's: a host that only
 * exports needs no sources, no collectors and no certificates.
 */
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

/* The configuration file's text, or an error that says what to do. */

/** `sections` names what such a file needs, for whoever has none yet. */
async function readText(file: string, host: Pick<Host, 'readFile'>, sections: string): Promise<string> {
  try {
    return await host.readFile(file);
  } catch (cause) {
    const [reason, hint] = wordsFor(cause, file, sections);
    throw new AgentError('configuration', `cannot read the configuration ${file}: ${reason}`, {
      cause,
      hint: `${hint}, or name another file with --config FILE`,
    });
  }
}

function wordsFor(cause: unknown, file: string, sections: string): readonly [reason: string, hint: string] {
  switch (systemCode(cause)) {
    case 'ENOENT':
      return ['there is no such file', `write one with ${sections}`];
    case 'EISDIR':
      return ['it is a directory', `name the file in it, such as --config ${file.replace(/\/$/, '')}/config.yaml`];
    case 'EACCES':
      return ['this user may not read it', 'run this as root, or make it readable for the user that runs this'];
    default:
      return [reasonOf(cause), 'see to the disk'];
  }
}
