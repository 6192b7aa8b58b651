/** Configurations for tests: loaded from text, on a host of known name and zone. */
import type { Config, MessageConfig, SourceConfig } from '../../src/config/config.js';
import { ConfigError } from '../../src/config/fault.js';
import type { Host } from '../../src/config/load.js';
import { loadConfig, loadExport } from '../../src/config/load.js';

/** The least that is complete. */
export const LEAST = `
sources:
  - { name: main, paths: [/var/log/audit.log] }
collectors:
  - { host: hie.example.org }
tls:
  { ca: /tls/ca.pem, cert: /tls/cert.pem, key: /tls/key.pem }
`;

export function load(yaml: string, env: NodeJS.ProcessEnv = {}): Promise<Config> {
  return loadConfig('/etc/test.yaml', env, hostWith(yaml));
}

/** What the command `export` reads of it. */
export function loadExported(yaml: string, env: NodeJS.ProcessEnv = {}) {
  return loadExport('/etc/test.yaml', env, hostWith(yaml));
}

/** The error that such a configuration is refused with. */
export async function refusal(
  yaml: string,
  env: NodeJS.ProcessEnv = {},
  read: (yaml: string, env: NodeJS.ProcessEnv) => Promise<unknown> = load,
): Promise<ConfigError> {
  try {
    await read(yaml, env);
  } catch (error) {
    if (error instanceof ConfigError) return error;
    throw error;
  }
  throw new Error('the configuration was not refused');
}

function hostWith(yaml: string): Host {
  return {
    readFile: async () => yaml,
    fullName: async () => 'emr.test.example',
    timeZone: () => 'Europe/Berlin',
  };
}

/** A source of text, every key at a plain value. */
export const TEXT_SOURCE: SourceConfig = {
  name: 'main',
  paths: [],
  exclude: [],
  format: 'text',
  startAt: 'beginning',
  rotated: [],
  site: '',
  timeZone: 'America/New_York',
  timeZoneGuessed: false,
  partialLineTimeoutMs: 10_000,
  maxLineBytes: 1 << 20,
};

/** Messages of the profile `plain`, every key at a plain value. */
export const PLAIN_MESSAGE: MessageConfig = {
  profile: 'plain',
  facility: 10,
  hostname: 'emr.clinic.example',
  appName: 'openemr',
  maxBytes: 8192,
  heartbeatMs: 0,
  enterpriseId: '32473',
  bom: true,
  comments: 'encoded',
  include: [],
  exclude: [],
  redact: [],
};
