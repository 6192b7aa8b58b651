/** Opens files only to see what they are, and remembers which could not be opened. */
import { systemCode } from '../lib/errors.js';
import type { Content } from './content.js';
import type { Seen } from './find/snapshot.js';
import { MARK_BYTES } from './identity.js';
import { openContent } from './open-content.js';

export class Opener {
  /** By path, the system's code; of this round. */
  readonly unreadable = new Map<string, string>();

  newRound(): void {
    this.unreadable.clear();
  }

  /** `undefined`: the file cannot be read, or another one stands at its path by now. */
  async use<T>(seen: Seen, use: (content: Content) => Promise<T>): Promise<T | undefined> {
    const [{ path }] = seen.ways;
    let content: Content | undefined;
    try {
      content = await openContent(path, MARK_BYTES);
      const { dev, ino } = await content.stat();
      return `${dev}:${ino}` === seen.key ? await use(content) : undefined;
    } catch (error) {
      this.unreadable.set(path, systemCode(error));
      return undefined;
    } finally {
      await content?.close();
    }
  }
}
