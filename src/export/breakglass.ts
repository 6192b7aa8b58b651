/**
 * Is a user in the break-glass group? OpenEMR's rows do not say. From 6.0 it is
 * the access control group `breakglass`; 5.0 (which has no `api_log`) asks
 * whether the login name sounds like "emergency" or "breakglass".
 */
import type { Clock } from '../lib/clock.js';
import type { Database } from './database/database.js';

/** Membership is asked for again after this time: somebody may just have been let in. */
const FRESH_MS = 15_000;

export class Breakglass {
  readonly #database: Database;
  readonly #clock: Clock;
  #members: { readonly users: ReadonlySet<string> | undefined; readonly atMs: number } | undefined;

  constructor(database: Database, clock: Clock) {
    this.#database = database;
    this.#clock = clock;
  }

  /** A function that answers for one user after another; null: it cannot be known. */
  async judge(hasSoundRule: boolean): Promise<(user: unknown) => boolean | null> {
    const nowMs = this.#clock.monotonicMs();
    if (this.#members === undefined || nowMs - this.#members.atMs > FRESH_MS) {
      this.#members = { users: await this.#database.breakglassUsers(), atMs: nowMs };
    }
    const { users } = this.#members;
    return (user) => {
      if (typeof user !== 'string' || user === '') return users === undefined ? null : false;
      if (users?.has(user.toLowerCase())) return true;
      if (hasSoundRule) return SOUNDS.includes(soundex(user));
      return users === undefined ? null : false;
    };
  }
}

const CODES: Readonly<Record<string, string>> = {
  ...Object.fromEntries([...'BFPV'].map((letter) => [letter, '1'])),
  ...Object.fromEntries([...'CGJKQSXZ'].map((letter) => [letter, '2'])),
  ...Object.fromEntries([...'DT'].map((letter) => [letter, '3'])),
  L: '4',
  ...Object.fromEntries([...'MN'].map((letter) => [letter, '5'])),
  R: '6',
};

/** As PHP's `soundex`: H and W do not part letters of the same code, vowels do, what is no letter is passed over. */
export function soundex(text: string): string {
  let sound = '';
  let last = '';
  for (const letter of text.toUpperCase()) {
    if (letter < 'A' || letter > 'Z') continue;
    const code = CODES[letter] ?? '';
    if (sound === '') sound = letter;
    else if (code !== '' && code !== last) sound += code;
    if (letter !== 'H' && letter !== 'W') last = code;
    if (sound.length === 4) break;
  }
  return sound === '' ? '' : sound.padEnd(4, '0');
}

const SOUNDS: readonly string[] = [soundex('emergency'), soundex('breakglass')];
