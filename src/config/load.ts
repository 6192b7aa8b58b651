/** Reads the configuration file and the environment into one frozen Config, or throws one ConfigError with every fault. */
import { lookup, lookupService } from 'node:dns/promises';
import { hostname } from 'node:os';
import { systemClock } from '../lib/clock.js';
import { AgentError, reasonOf, systemCode } from '../lib/errors.js';
import { readUpTo } from '../lib/read-up-to.js';
import type { Config, ExportSections } from './config.js';
import type { Fault } from './fault.js';
import { byLine, ConfigError } from './fault.js';
import { formatOf } from './formats.js';
import { type Group, keysBelow, type Values } from './key.js';
import { type Listen, readListen } from './listen.js';
import { brokenExportRules, brokenRules, type LineOf } from './rules.js';
import { schema } from './schema.js';
import { readShape, type Shape, typedValue } from './shape.js';
import { readValues, settled } from './values.js';
import { collectorsOf, ownVariables, unknownVariables, variableOf } from './variables.js';

const { export: exportSection, ...agentSections } = schema;
const exportSections = { export: exportSection, log: schema.log };

/** Reads `file`, with single keys overridden by `OAF_…` variables of `env`. */
export async function loadConfig(file: string, env: NodeJS.ProcessEnv, host: Host = thisHost): Promise<Config> {
  const text = await readText(file, host, 'sources, collectors and tls');
  const variables = ownVariables(env);
  const shape = withCollectors(readShape(text, schema), collectorsOf(variables));
  const values = checkedValues(schema, shape, { file, variables, rules: brokenRules });
  const fullName = values.message.hostname ?? (await host.fullName());
  const { sources, ...others } = settled(agentSections, values, {
    fullName,
    // To ask for it is slow, and seldom needed.
    get timeZone() {
      return host.timeZone();
    },
  });
  return frozen({
    ...others,
    file,
    sources: sources.map((source, index) => ({
      ...source,
      timeZoneGuessed: values.sources[index]?.timeZone === undefined,
    })),
  });
}

/**
 * Where an agent with this configuration would be, for `status` when the file has a fault: what can be read of
 * `journal.directory` and `status.listen`, and the defaults for the rest. Never rejects.
 */
export async function likelyPlace(
  file: string,
  env: NodeJS.ProcessEnv,
  host: Pick<Host, 'readFile'> = thisHost,
): Promise<{ readonly directory: string; readonly listen: Listen | undefined }> {
  const text = await host.readFile(file).catch(() => '');
  const typed = (section: string, name: string) =>
    ownVariables(env)[variableOf(`${section}.${name}`)] ?? typedValue(text, [section, name]);
  const { directory } = schema.journal.keys;
  const { listen } = schema.status.keys;
  const place = readListen(typed('status', 'listen') ?? '') ?? readListen(String(listen.default));
  return {
    directory: String(formatOf.path.read(typed('journal', 'directory') ?? '', {}) ?? directory.default),
    listen: place === 'off' ? undefined : place,
  };
}

/**
 * Reads what the command `export` needs: the sections `export` and `log`. Faults
 * in the others are the agent's: a host that only exports has no collectors and
 * no certificates.
 */
export async function loadExport(
  file: string,
  env: NodeJS.ProcessEnv,
  host: Pick<Host, 'readFile'> = thisHost,
): Promise<ExportSections> {
  const shape = withoutOthers(readShape(await readText(file, host, 'export.sites'), schema));
  const variables = ownVariables(env);
  const values = checkedValues(exportSections, shape, {
    file,
    variables,
    rules: (read, lineOf) => brokenExportRules(read.export, lineOf),
    lookAgain: 'export --grants',
  });
  const { export: exported, log } = settled(exportSections, values, { fullName: '', timeZone: '' });
  const sites = exported.sites.map((site, index) => {
    const asked = Object.values(values.export.sites[index]!.tls).some((value) => value !== undefined);
    return { ...site, tls: asked ? site.tls : undefined };
  });
  return frozen({ export: { ...exported, sites }, log });
}

interface Reading<G extends Group> {
  readonly file: string;
  readonly variables: Readonly<Record<string, string>>;
  readonly rules: (values: Values<G>, lineOf: LineOf) => readonly Fault[];
  /** The command that shows whether the file is right now. */
  readonly lookAgain?: string;
}

function checkedValues<G extends Group>(
  group: G,
  shape: Shape,
  { file, variables, rules, lookAgain }: Reading<G>,
): Values<G> {
  if (shape.faults.some(({ key }) => key === '')) throw new ConfigError(file, shape.faults, lookAgain);
  const { values, faults } = readValues(group, shape, variables);
  const paths = keysBelow(schema).map(([path]) => path);
  const found = [...shape.faults, ...faults, ...unknownVariables(Object.keys(variables), paths)];
  const broken = rules(values, (path) => shape.written.get(path)?.line);
  const all = [...found, ...broken.filter((rule) => !found.some(({ key }) => key === rule.key))];
  if (all.length > 0) throw new ConfigError(file, all.toSorted(byLine), lookAgain);
  return values;
}

function withCollectors(shape: Shape, collectors: Shape['tree'][string] | undefined): Shape {
  return collectors === undefined ? shape : { ...shape, tree: { ...shape.tree, collectors } };
}

/** An unknown section stays a fault: it may be a misspelt `export`. */
function withoutOthers({ tree, faults, written }: Shape): Shape {
  const isOther = (name: string) => Object.hasOwn(schema, name) && !Object.hasOwn(exportSections, name);
  return {
    tree: Object.fromEntries(Object.entries(tree).filter(([name]) => !isOther(name))),
    faults: faults.filter(({ key }) => !isOther(key.split(/[.[]/)[0]!)),
    written,
  };
}

/** Freezes a value and everything in it. */
function frozen<T>(value: T): T {
  if (typeof value === 'object' && value !== null) {
    for (const part of Object.values(value)) frozen(part);
    Object.freeze(value);
  }
  return value;
}

/** `sections` names what such a file needs, for those who have none yet. */
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
      return [reasonOf(cause), systemCode(cause) === '' ? 'correct the path' : 'check the disk'];
  }
}

/* What the machine knows and the file need not say: host name and time zone. */

export interface Host {
  readFile(path: string): Promise<string>;
  /** This machine's name, with its domain where that can be found out. */
  fullName(): Promise<string>;
  /** IANA name of the machine's time zone. */
  timeZone(): string;
}

/** No configuration is so long; a device without end would take all memory. */
export const MOST_BYTES = 4 * 1024 * 1024;

/** A resolver that does not answer must not keep the agent from starting. */
const LOOKUP_MS = 2_000;

export const thisHost: Host = {
  readFile: async (path) => {
    const bytes = await readUpTo(path, MOST_BYTES);
    if (bytes !== undefined) return bytes.toString('utf8');
    throw new Error(`it is longer than ${MOST_BYTES} bytes`);
  },
  fullName,
  timeZone: () => new Intl.DateTimeFormat().resolvedOptions().timeZone,
};

async function fullName(): Promise<string> {
  const found = new AbortController();
  const name = hostname();
  const timeout = systemClock.sleep(LOOKUP_MS, found.signal).then(() => name);
  try {
    return await Promise.race([nameWithDomain(name), timeout]);
  } finally {
    found.abort();
  }
}

/** Looks up the address of the name and the name of the address, as `hostname --fqdn` does. */
async function nameWithDomain(name: string): Promise<string> {
  if (name.includes('.')) return name;
  try {
    const { address } = await lookup(name);
    const { hostname: found } = await lookupService(address, 0);
    return found.startsWith(`${name}.`) ? found : name;
  } catch {
    return name;
  }
}
