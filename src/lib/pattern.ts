/**
 * Regular expressions that an operator writes and that run over text of others,
 * sometimes megabytes of it: in RE2's syntax, in time linear in the text.
 * JavaScript's own engine backtracks, and a harmless pattern for e-mail addresses
 * stops the agent for minutes at one long word (decision 14). Case does not
 * matter. Pure.
 */
import { RE2JS } from 're2js';

export interface Replaced {
  readonly text: string;
  /** How many places were replaced. */
  readonly places: number;
}

export class Pattern {
  readonly #expression: RE2JS;

  /** Throws for what is no regular expression, or one that takes more than linear time. */
  constructor(text: string) {
    this.#expression = RE2JS.compile(text, RE2JS.CASE_INSENSITIVE);
  }

  /** A place where the pattern matches nothing is none: it would otherwise match everywhere. */
  replaceAll(text: string, replacement: string): Replaced {
    const matcher = this.#expression.matcher(text);
    let [replaced, places, end] = ['', 0, 0];
    while (matcher.find()) {
      if (matcher.end() === matcher.start()) continue;
      replaced += text.slice(end, matcher.start()) + replacement;
      places += 1;
      end = matcher.end();
    }
    return places === 0 ? { text, places } : { text: replaced + text.slice(end), places };
  }
}

/** Can a `Pattern` be made of it? */
export function isPattern(text: string): boolean {
  try {
    return new Pattern(text) instanceof Pattern;
  } catch {
    return false;
  }
}
