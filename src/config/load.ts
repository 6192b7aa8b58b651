/** The configuration file and the environment, as one frozen Config; or one ConfigError with all that is wrong. */
import type { Config, MessageConfig, SourceConfig, TlsConfig } from './config.js';
import { byLine, ConfigError } from './fault.js';
import { frozen } from './frozen.js';
import { type Host, thisHost } from './host.js';
import { readListen } from './listen.js';
import { readText } from './read-text.js';
import { brokenRules } from './rules.js';
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
