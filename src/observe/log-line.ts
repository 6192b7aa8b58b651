/**
 * One thing said by the agent, as one line: for a person, for a program, or
 * for systemd's journal (a priority `<4>` in front, sd-daemon(3)). Whatever a
 * fact holds, it cannot begin a new line or look like a fact of its own. Pure.
 */
import { UNPRINTABLE } from '../lib/printable.js';
import type { Facts } from '../model/report.js';
import type { Paint } from './paint.js';

/** The levels of RFC 5424 table 2 that the agent uses, with their numbers. */
export const LEVELS = { error: 3, warning: 4, notice: 5, info: 6, debug: 7 } as const;

export type Level = keyof typeof LEVELS;

export interface Said {
  readonly atMs: number;
  readonly level: Level;
  /** Which part of the agent says it; empty for the agent as a whole. */
  readonly part: string;
  readonly message: string;
  readonly facts: Facts;
}

/** `2026-11-23T10:00:00.000Z warning link: Connection lost address=192.0.2.7 attempt=3`. */
export function textLine(said: Said): string {
  return `${new Date(said.atMs).toISOString()} ${said.level} ${sentence(said)}`;
}

/** systemd adds the time itself. */
export function journaldLine(said: Said): string {
  return `<${LEVELS[said.level]}>${sentence(said)}`;
}

/** An object; a fact cannot take the place of time, level, part or message. */
export function jsonLine({ atMs, level, part, message, facts }: Said): string {
  const own = { time: new Date(atMs).toISOString(), level, ...(part === '' ? {} : { part }), message };
  return onOneLine(JSON.stringify({ ...own, ...facts, ...own }));
}

const STYLES = { error: 'red', warning: 'yellow', notice: 'cyan', info: 'green', debug: 'gray' } as const;

/** For somebody who looks on: the time of day, and the level as a colour beside its word. */
export function terminalLine(said: Said, paint: Paint): string {
  const time = new Date(said.atMs).toTimeString().slice(0, 8);
  return `${paint('gray', time)} ${paint(STYLES[said.level], said.level.padEnd(7))} ${sentence(said)}`;
}

function sentence({ part, message, facts }: Said): string {
  const words = [part === '' ? onOneLine(message) : `${part}: ${onOneLine(message)}`];
  for (const [name, value] of Object.entries(facts)) {
    if (value !== undefined) words.push(`${name}=${quoted(String(value))}`);
  }
  return words.join(' ');
}

const UNPRINTABLES = new RegExp(UNPRINTABLE, 'gu');

function quoted(value: string): string {
  if (/^[\w./:@%+,~-]+$/.test(value)) return value;
  // Of a file name that is not UTF-8 the byte, as a shell takes it.
  return onOneLine(JSON.stringify(value)).replaceAll(/\\udc([89a-f][0-9a-f])/g, '\\x$1');
}

/** Control characters as escapes: they would end the line, steer the terminal, or show text in another order. */
function onOneLine(text: string): string {
  return text.replaceAll(UNPRINTABLES, (control) => {
    return `\\u${control.charCodeAt(0).toString(16).padStart(4, '0')}`;
  });
}
