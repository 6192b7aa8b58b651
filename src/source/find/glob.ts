/**
 * Matches paths against patterns: `*`, `?`, `[a-z]`, `[!a-z]`, `{a,b}` and `**`
 * (any number of directories), as in a shell with globstar; a wildcard does
 * not match a leading dot. The time is bounded by the
 * length of the pattern times that of the path. Pure.
 */
import { AgentError } from '../../lib/errors.js';

/** How much of a pattern the names so far have matched: indices into its segments, several because of `**`. */
export type MatchState = readonly number[];

type Token = { readonly kind: 'char'; readonly char: string } | { readonly kind: 'any' | 'star' } | CharacterSet;
type CharacterSet = { readonly kind: 'set'; readonly negated: boolean; readonly ranges: readonly [string, string][] };
type Segment = { readonly kind: 'name'; readonly name: string } | { readonly kind: 'deep' } | Wild;
type Wild = { readonly kind: 'wild'; readonly tokens: readonly Token[] };

// {a,b}{c,d}… doubles with every brace; nobody means more than this.
const MAX_ALTERNATIVES = 1000;

/** One alternative of a pattern, matched name by name from the root, so that a walk can follow it. */
export class Glob {
  readonly #segments: readonly Segment[];

  /** `pattern` is absolute and has no braces left; see `compileGlob`. */
  constructor(pattern: string) {
    this.#segments = pattern
      .split('/')
      .filter((part) => part !== '' && part !== '.')
      .map(parseSegment);
  }

  /** The directory that the pattern begins with, up to its first wildcard. */
  get root(): string {
    const names: string[] = [];
    for (const segment of this.#segments.slice(0, -1)) {
      if (segment.kind !== 'name') break;
      names.push(segment.name);
    }
    return `/${names.join('/')}`;
  }

  /** Whether the pattern gives the last name of this path, or one above what it matches, without a wildcard. */
  names(path: string): boolean {
    const end = path.lastIndexOf('/');
    const name = path.slice(end + 1);
    return this.#after(path.slice(0, end)).some((index) => {
      const segment = this.#segments[index];
      return segment?.kind === 'name' && segment.name === name;
    });
  }

  /** Before the first name. */
  start(): MatchState {
    return this.#close([0]);
  }

  /** After one more name; empty when no path below it can match. */
  step(state: MatchState, name: string): MatchState {
    const next = new Set<number>();
    for (const index of state) {
      const segment = this.#segments[index];
      if (segment === undefined) continue;
      if (segment.kind === 'deep') {
        if (!name.startsWith('.')) next.add(index);
      } else if (segment.kind === 'name' ? segment.name === name : matchesTokens(segment.tokens, name)) {
        next.add(index + 1);
      }
    }
    return this.#close([...next]);
  }

  accepts(state: MatchState): boolean {
    return state.includes(this.#segments.length);
  }

  /** Whether further names can complete a match. */
  goesOn(state: MatchState): boolean {
    return state.some((index) => index < this.#segments.length);
  }

  /** The only name that can follow, if the pattern says it literally: then a directory need not be listed. */
  onlyName(state: MatchState): string | undefined {
    const [index, ...others] = state;
    const segment = index === undefined || others.length > 0 ? undefined : this.#segments[index];
    return segment?.kind === 'name' ? segment.name : undefined;
  }

  matches(path: string): boolean {
    return this.accepts(this.#after(path));
  }

  /** Whether a path below this one can match. */
  leads(path: string): boolean {
    return this.goesOn(this.#after(path));
  }

  #after(path: string): MatchState {
    let state = this.start();
    for (const name of path.split('/')) {
      if (name === '') continue;
      state = this.step(state, name);
      if (state.length === 0) break;
    }
    return state;
  }

  /** `**` also stands for no directory at all. */
  #close(indices: number[]): MatchState {
    const closed = new Set(indices);
    for (const index of closed) if (this.#segments[index]?.kind === 'deep') closed.add(index + 1);
    return [...closed].sort((a, b) => a - b);
  }
}

/** All alternatives of a pattern. Throws `glob-invalid` for a relative pattern or an unclosed brace or bracket. */
export function compileGlob(pattern: string): readonly Glob[] {
  if (!pattern.startsWith('/')) throw invalid(pattern, 'it must begin with /');
  return expandBraces(pattern, pattern).map((alternative) => new Glob(alternative));
}

function expandBraces(pattern: string, whole: string): string[] {
  const open = findUnescaped(pattern, '{', 0);
  if (open === -1) return [pattern];
  const commas: number[] = [];
  let depth = 0;
  for (let at = open; at < pattern.length; at++) {
    const char = pattern[at];
    if (char === '\\') at++;
    else if (char === '{') depth++;
    else if (char === ',' && depth === 1) commas.push(at);
    else if (char === '}' && --depth === 0) {
      const cuts = [open, ...commas, at];
      const expanded = cuts.slice(1).flatMap((cut, index) => {
        const choice = pattern.slice(cuts[index]! + 1, cut);
        return expandBraces(pattern.slice(0, open) + choice + pattern.slice(at + 1), whole);
      });
      if (expanded.length > MAX_ALTERNATIVES)
        throw invalid(whole, `its braces mean more than ${MAX_ALTERNATIVES} paths`);
      return expanded;
    }
  }
  throw invalid(whole, 'a { has no }');
}

function findUnescaped(text: string, char: string, from: number): number {
  for (let at = from; at < text.length; at++) {
    if (text[at] === '\\') at++;
    else if (text[at] === char) return at;
  }
  return -1;
}

function parseSegment(text: string): Segment {
  if (text === '**') return { kind: 'deep' };
  const tokens: Token[] = [];
  const chars = Array.from(text);
  for (let at = 0; at < chars.length; at++) {
    const char = chars[at]!;
    if (char === '*') {
      if (tokens.at(-1)?.kind !== 'star') tokens.push({ kind: 'star' });
    } else if (char === '?') tokens.push({ kind: 'any' });
    else if (char === '[') {
      const end = chars.indexOf(']', at + (chars[at + 1] === '!' || chars[at + 1] === '^' ? 3 : 2));
      if (end === -1) throw invalid(text, 'a [ has no ]');
      tokens.push(parseSet(chars.slice(at + 1, end)));
      at = end;
    } else if (char === '\\' && at + 1 < chars.length) tokens.push({ kind: 'char', char: chars[++at]! });
    else tokens.push({ kind: 'char', char });
  }
  if (tokens.every((token) => token.kind === 'char')) return { kind: 'name', name: tokens.map((t) => t.char).join('') };
  return { kind: 'wild', tokens };
}

function parseSet(chars: readonly string[]): CharacterSet {
  const negated = chars[0] === '!' || chars[0] === '^';
  const ranges: [string, string][] = [];
  for (let at = negated ? 1 : 0; at < chars.length; at++) {
    const from = chars[at]!;
    if (chars[at + 1] === '-' && at + 2 < chars.length) {
      ranges.push([from, chars[at + 2]!]);
      at += 2;
    } else ranges.push([from, from]);
  }
  return { kind: 'set', negated, ranges };
}

/** Greedy, going back to the last star only: no more than tokens x characters steps. */
function matchesTokens(tokens: readonly Token[], name: string): boolean {
  if (name.startsWith('.') && !(tokens[0]?.kind === 'char' && tokens[0].char === '.')) return false;
  const chars = Array.from(name);
  let token = 0;
  let char = 0;
  let star = -1;
  let starChar = 0;
  while (char < chars.length) {
    const current = tokens[token];
    if (current?.kind === 'star') {
      star = token++;
      starChar = char;
    } else if (current !== undefined && matchesToken(current, chars[char]!)) {
      token++;
      char++;
    } else if (star !== -1) {
      token = star + 1;
      char = ++starChar;
    } else return false;
  }
  while (tokens[token]?.kind === 'star') token++;
  return token === tokens.length;
}

function matchesToken(token: Token, char: string): boolean {
  switch (token.kind) {
    case 'char':
      return token.char === char;
    case 'any':
      return true;
    case 'set':
      return token.ranges.some(([from, to]) => from <= char && char <= to) !== token.negated;
    case 'star':
      return false;
    default:
      return token satisfies never;
  }
}

function invalid(pattern: string, why: string): AgentError {
  return new AgentError('glob-invalid', `the path pattern ${pattern} cannot be used: ${why}`, {
    hint: 'correct it under sources.paths, sources.exclude or sources.rotated',
  });
}
