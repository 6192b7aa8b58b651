/**
 * The agent's own log, on winston: to one stream, a line at a time, never a line of the audit
 * trail. A line that the stream does not take (a full volume, a reader that has gone or does not
 * read) is dropped and counted: the log must not stop what it tells of.
 */

import { once } from 'node:events';
import { fstatSync } from 'node:fs';
import { Writable } from 'node:stream';
import winston from 'winston';
import { type Clock, systemClock } from '../lib/clock.js';
import type { Facts, Report } from '../model/report.js';
import { journaldLine, jsonLine, LEVELS, type Level, type Said, terminalLine, textLine } from './log-line.js';
import { painter } from './paint.js';
import { Storm } from './storm.js';

/** How much is said. */
export interface Talk {
  readonly level: Level;
  /** Parts of which everything is said, whatever the level; those within them, too. */
  readonly debug?: readonly string[];
}

export interface LoggerOptions extends Talk {
  readonly format: 'auto' | 'text' | 'json' | 'journald';
  readonly output: Writable & { readonly fd?: number; readonly isTTY?: boolean };
  readonly env: NodeJS.ProcessEnv;
  readonly clock?: Clock;
  /** Hears of lines that were dropped, a moment later, and with `undefined` when lines are taken again. */
  readonly dropped?: (dropped: Dropped | undefined) => void;
}

/** Lines of the log that could not be written. */
export interface Dropped {
  /** Since the log could be written last. */
  readonly lines: number;
  readonly error: Error;
}

export interface Logger extends Report {
  /** The same log, with the name of a part in front of each message. */
  child(part: string): Logger;
  /** From now on so much is said, by all parts. */
  talk(talk: Talk): void;
  /** Resolves when all has been said; the stream stays open. */
  close(): Promise<void>;
}

/** More than this of one message in a minute tells nobody anything new. */
const STORM = { limit: 10, windowMs: 60_000 };
/** As much may wait for a reader that is slow; beyond it lines are dropped. */
const MOST_WAITING_BYTES = 1024 * 1024;

export function createLogger(options: LoggerOptions): Logger {
  const { clock = systemClock } = options;
  let talk: Talk = options;
  const line = lineFormat(options);
  const out = winston.createLogger({
    levels: LEVELS,
    // Who may say what is decided below, part by part.
    level: 'debug',
    format: winston.format.printf((said) => line(said as unknown as Said)),
    transports: [new winston.transports.Stream({ stream: dropping(options) })],
  });
  const storm = new Storm({ clock, ...STORM });

  const named = (part: string): Logger => {
    const say = (level: Level, message: string, facts: Facts) =>
      void out.log({ level, message, part, facts, atMs: clock.nowMs() });
    const everything = () => talk.debug?.includes(part.split('.', 1)[0] ?? '') === true;
    const report =
      (level: Level) =>
      (message: string, facts: Facts = {}) => {
        if (LEVELS[level] > LEVELS[everything() ? 'debug' : talk.level]) return;
        const more = (times: number) => say(level, `${message}: said ${times} times more in the last minute`, {});
        if (storm.admits(`${level} ${part} ${message}`, more)) say(level, message, facts);
      };
    return {
      debug: report('debug'),
      info: report('info'),
      notice: report('notice'),
      warning: report('warning'),
      error: report('error'),
      child: (inner) => named(part === '' ? inner : `${part}.${inner}`),
      talk: (next) => {
        talk = next;
      },
      close: async () => {
        await storm.close();
        const finished = once(out, 'finish');
        out.end();
        await finished;
      },
    };
  };
  return named('');
}

/** Takes every line at once, and drops those that `output` does not take. */
function dropping({ output, dropped = () => undefined }: LoggerOptions): Writable {
  let lost: Dropped | undefined;
  let told: Dropped | undefined;
  let telling = false;
  const tell = () => {
    if (telling) return;
    telling = true;
    // Later: who hears of it may want to log it.
    setImmediate(() => {
      telling = false;
      if (lost === told) return;
      told = lost;
      dropped(lost);
    });
  };
  const settled = (error: Error | null | undefined) => {
    if (error) lost = { lines: (lost?.lines ?? 0) + 1, error };
    else lost = undefined;
    tell();
  };
  return new Writable({
    decodeStrings: false,
    write: (line: string, _encoding, done) => {
      if (output.writableLength > MOST_WAITING_BYTES) settled(new Error('its reader does not read'));
      else output.write(line, settled);
      done();
    },
  });
}

function lineFormat({ format, output, env }: LoggerOptions): (said: Said) => string {
  switch (format) {
    case 'json':
      return jsonLine;
    case 'journald':
      return journaldLine;
    case 'text':
      return textLine;
    case 'auto': {
      if (isJournal(output.fd, env)) return journaldLine;
      const paint = painter(output.isTTY === true, env);
      return output.isTTY === true ? (said) => terminalLine(said, paint) : textLine;
    }
    default:
      return format satisfies never;
  }
}

/** systemd.exec(5): JOURNAL_STREAM holds device and inode of the journal's end; a redirected stream has others. */
function isJournal(fd: number | undefined, { JOURNAL_STREAM: journal }: NodeJS.ProcessEnv): boolean {
  if (fd === undefined || journal === undefined) return false;
  const { dev, ino } = fstatSync(fd, { bigint: true });
  return journal === `${dev}:${ino}`;
}
