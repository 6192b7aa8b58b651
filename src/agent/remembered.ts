/**
 * Remembers across restarts which sources have been started (sources.json) and which
 * configuration and certificate were used last (last-use.json). docs/decisions/0004
 * says what losing either costs.
 */
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import type { Config } from '../config/config.js';
import type { OwnMessage } from '../encode/own-message.js';
import type { Context } from '../lib/context.js';
import { JsonFile } from '../lib/json-file.js';
import type { Credentials } from '../pki/files/credentials.js';
import { certificateMessage, configurationMessage } from './agent-messages.js';

type Disk = Pick<Context, 'files' | 'problems'>;

/**
 * The names of the sources that have been started before. `startAt: end` skips what a file holds only when its source
 * is new, and a source that matched no file so far has no position in the journal that could tell.
 */
export function startedSources(directory: string, context: Disk): JsonFile<readonly string[]> {
  return new JsonFile<readonly string[]>(
    {
      path: join(directory, 'sources.json'),
      parse: (names) => (Array.isArray(names) ? names.map(String) : []),
      unreadable: 'A source with startAt: end that has no file yet is taken for a new one',
      unwritable: 'A source with startAt: end that has no file yet may be taken for a new one after a restart',
    },
    context,
  );
}

/** The configuration and the certificate that were used last, as digests: most changes come with a restart, and the collector is told of those, too. */
export class LastUse {
  readonly #file: JsonFile<Use>;

  constructor(directory: string, context: Disk) {
    this.#file = new JsonFile<Use>(
      {
        path: join(directory, 'last-use.json'),
        parse: (content) => (typeof content === 'object' && content !== null ? (content as Use) : {}),
        unreadable: 'A change made since the last start may not be told to the collector',
        unwritable: 'A change made before the next start may not be told to the collector',
      },
      context,
    );
  }

  /** The messages that tell the collector what has changed; none if it is unknown what was used before. `readAgain`: a reload counts as a change. */
  async changes(config: Config, present: Credentials | undefined, readAgain: boolean): Promise<OwnMessage[]> {
    const before = (await this.#file.read()) ?? {};
    const now = useOf(config, present);
    return [
      ...(readAgain || differ(before.configuration, now.configuration) ? [configurationMessage(config.file)] : []),
      ...(present !== undefined && differ(before.certificate, now.certificate) ? [certificateMessage(present)] : []),
    ];
  }

  async remember(config: Config, present: Credentials | undefined): Promise<void> {
    await this.#file.write(useOf(config, present));
  }
}

interface Use {
  readonly configuration?: string;
  readonly certificate?: string;
}

function useOf(config: Config, present: Credentials | undefined): Use {
  const configuration = createHash('sha256').update(JSON.stringify(config)).digest('hex');
  return { configuration, certificate: present?.own?.sha256 ?? '' };
}

function differ(before = '', now = ''): boolean {
  return before !== '' && now !== '' && before !== now;
}
