/**
 * Reads the configuration and the certificate files again after SIGHUP, all or
 * nothing. If something is wrong, nothing changes, and it is a problem until the next
 * SIGHUP; what needs a restart is named and left as it is. That the file has been changed
 * and not read again is a problem, too.
 */
import { createHash } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import type { Config } from '../../config/config.js';
import { named } from '../../config/key.js';
import { loadConfig, MOST_BYTES } from '../../config/load.js';
import { schema } from '../../config/schema.js';
import { type Clock, systemClock } from '../../lib/clock.js';
import { AgentError, reasonOf } from '../../lib/errors.js';
import type { RaisesProblems } from '../../lib/problems.js';
import { readUpTo } from '../../lib/read-up-to.js';
import { loadCredentials } from '../../pki/files/credentials.js';

/** `undefined`: go on as before. */
export async function readAgain(
  present: Config,
  env: NodeJS.ProcessEnv,
  problems: RaisesProblems,
): Promise<Config | undefined> {
  try {
    const wanted = await loadConfig(present.file, env);
    await loadCredentials(wanted.tls, {
      nowMs: systemClock.nowMs(),
      credentialsDirectory: env.CREDENTIALS_DIRECTORY,
    });
    problems.clear('configuration');
    const { config, left } = withoutRestart(wanted, present);
    for (const part of left) {
      problems.happened({
        key: `restart-needed ${part}`,
        message: 'A change needs a restart; until then this part is as before',
        facts: { part },
        remedy: 'systemctl restart openemr-audit-forwarder',
      });
    }
    return config;
  } catch (error) {
    problems.raise({
      key: 'configuration',
      level: 'error',
      message: 'The configuration cannot be used; nothing is changed',
      facts: { reason: reasonOf(error) },
      remedy: error instanceof AgentError ? error.hint : undefined,
      repeatMs: 0,
    });
    return undefined;
  }
}

/** What was in the configuration file, and when it was read. */
export interface FileRead {
  readonly file: string;
  /** `undefined`: it could not be read. */
  readonly digest: string | undefined;
  readonly atMs: number;
}

/** To be called before the configuration is read: what is written meanwhile then counts as changed. */
export async function fileRead(file: string, clock: Pick<Clock, 'nowMs'>): Promise<FileRead> {
  const text = await readUpTo(file, MOST_BYTES).catch(() => undefined);
  const digest = text === undefined ? undefined : createHash('sha256').update(text).digest('hex');
  return { file, digest, atMs: clock.nowMs() };
}

const REPEAT_MS = 24 * 60 * 60_000;
const LOOK_EVERY_MS = 5_000;
const CHANGED = 'configuration-changed';

/** Until `stop`. `used`: what the agent works with. */
export async function watchConfiguration(
  used: () => FileRead,
  { clock, problems }: { readonly clock: Clock; readonly problems: RaisesProblems },
  stop: AbortSignal,
): Promise<void> {
  for (;;) {
    await clock.sleep(LOOK_EVERY_MS, stop);
    if (stop.aborted) return;
    const before = used();
    const { file, digest } = await fileRead(before.file, clock);
    // What cannot be read just now is met at the next reload or start.
    if (digest === undefined || used() !== before) continue;
    if (digest === before.digest) problems.clear(CHANGED);
    else {
      problems.raise({
        key: CHANGED,
        message: 'The configuration file has been changed since it was read: the agent goes on with what it read',
        facts: { file, readAt: new Date(before.atMs).toISOString() },
        remedy: 'take it over: systemctl reload openemr-audit-forwarder',
        repeatMs: REPEAT_MS,
      });
    }
  }
}

/* Which changes a reload cannot make: the keys that the schema marks with `restart`. */

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
