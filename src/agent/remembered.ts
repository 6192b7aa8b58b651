/**
 * Which sources have been started before: `startAt: end` skips what is in a
 * file only when its source is new, and a source that matched no file so far
 * has left no position in the journal that could tell.
 */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Config } from '../config/config.js';
import type { OwnMessage } from '../encode/own-message.js';
import { replaceFile } from '../lib/atomic-file.js';
import { reasonOf } from '../lib/errors.js';
import type { Report } from '../model/report.js';
import type { Credentials } from '../pki/files/credentials.js';
import { certificateMessage, configurationMessage } from './agent-messages.js';

const SOURCES = 'sources.json';

export async function startedSources(directory: string): Promise<ReadonlySet<string>> {
  try {
    const names: unknown = JSON.parse(await readFile(join(directory, SOURCES), 'utf8'));
    return new Set(Array.isArray(names) ? names.map(String) : []);
  } catch {
    return new Set();
  }
}

/** A disk that takes nothing is no reason not to follow them: what the journal has of a source tells as well. */
export async function rememberSources(directory: string, names: readonly string[], report: Report): Promise<void> {
  const path = join(directory, SOURCES);
  const text = `${JSON.stringify(names)}\n`;
  if ((await readFile(path, 'utf8').catch(() => undefined)) === text) return;
  try {
    await replaceFile(path, text);
  } catch (error) {
    report.warning('A source with startAt: end that has no file yet may be taken for a new one after a restart', {
      file: path,
      reason: reasonOf(error),
    });
  }
}

/*
 * The configuration and the certificate that the agent worked with last, by
 * their digests: most changes come with a restart, and the collector is to be
 * told of those, too. Losing the file costs one such message.
 */

const LAST_USE = 'last-use.json';

interface LastUse {
  readonly configuration: string;
  readonly certificate: string;
}

/** What to tell the collector of: nothing, when nobody knows what was used before. `readAgain`: on demand, which counts as a change. */
export async function changesSinceLastUse(
  config: Config,
  present: Credentials | undefined,
  readAgain: boolean,
): Promise<OwnMessage[]> {
  const before = await lastUse(config.journal.directory);
  const now = useOf(config, present);
  const told: OwnMessage[] = [];
  if (readAgain || differ(before.configuration, now.configuration)) told.push(configurationMessage(config.file));
  if (present !== undefined && differ(before.certificate, now.certificate)) told.push(certificateMessage(present));
  return told;
}

export async function rememberUse(config: Config, present: Credentials | undefined, report: Report): Promise<void> {
  const path = join(config.journal.directory, LAST_USE);
  try {
    await replaceFile(path, `${JSON.stringify(useOf(config, present))}\n`);
  } catch (error) {
    const reason = reasonOf(error);
    report.warning('A change made before the next start may not be told to the collector', { file: path, reason });
  }
}

function useOf(config: Config, present: Credentials | undefined): LastUse {
  const configuration = createHash('sha256').update(JSON.stringify(config)).digest('hex');
  return { configuration, certificate: present?.own?.sha256 ?? '' };
}

async function lastUse(directory: string): Promise<Partial<LastUse>> {
  try {
    const content: unknown = JSON.parse(await readFile(join(directory, LAST_USE), 'utf8'));
    return typeof content === 'object' && content !== null ? content : {};
  } catch {
    return {};
  }
}

function differ(before: string | undefined, now: string): boolean {
  return before !== undefined && before !== '' && now !== '' && before !== now;
}
