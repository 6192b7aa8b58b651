/**
 * Defines how a profile makes messages: one `Profile` for the agent, one
 * `MessageMaker` for each source, one `Describer` for each chunk. A line is
 * described before it is numbered; `format` puts the two together. All text is in
 * octet strings (`lib/octets.ts`).
 */
import type { SourceConfig } from '../config/config.js';
import type { MessageName } from '../model/entry.js';
import type { LineMemory, TailId } from '../model/position.js';
import type { Field, Tampering } from '../model/record.js';
import type { Severity } from '../syslog/priority.js';

export interface Profile {
  maker(source: SourceConfig): MessageMaker;
  /** All of a message of the agent's own. */
  own(name: MessageName, follows: MessageName | undefined, words: OwnWords): string;
}

/** What a message of the agent's own says, all but its name. */
export interface OwnWords {
  readonly kind: string;
  readonly fields: readonly Field[];
  readonly severity: Severity;
  readonly nowMs: number;
}

export interface MessageMaker {
  /** For a chunk that was read from `path` at this moment. */
  describer(path: string, readAtMs: number): Describer;
  /** All octets before MSG. The line's first byte is at `offset`; `extra` is what `extra` has made, empty for most. */
  format(description: Description, seq: number, tailId: TailId, offset: number, extra: string): string;
  /** `part`: the number of this part of a line, and how many there are, if that is known. */
  extra(part: Part | undefined, follows: MessageName | undefined): string;
  /** The most octets of MSG behind what `format` makes, byte order mark included, whatever the numbers. */
  room(description: Description): number;
  readonly whole: WholeLimits;
}

/** A message that keeps to these is sent whole: nothing of it is shortened, nor is it cut into parts. In octets. */
export interface WholeLimits {
  readonly message: number;
  /** All that stands before MSG. */
  readonly header: number;
  /** Each value from the file. */
  readonly value: number;
  /** Which characters of ASCII are not written as they are: those of structured data or of XML. */
  readonly special: 'sd' | 'xml';
}

export interface Part {
  readonly number: number;
  readonly total: number | undefined;
}

/** Describes the lines of one chunk; `memory` as the line before left it. */
export interface Describer {
  /** The line is `bytes` from `start` to `end`. */
  line(bytes: Buffer, start: number, end: number, memory: LineMemory): Description | Unsent;
  /** A piece of a line: of no format can it be understood. */
  piece(bytes: Buffer, start: number, end: number, memory: LineMemory): Description;
  /**
   * A line, or a piece of one, that could not be described: it is not looked into, but for what `redact` matches.
   * `undefined`: it may hold comments, which are not to go out.
   */
  asItIs(bytes: Buffer, start: number, end: number, memory: LineMemory): Description | undefined;
}

/** What one line says of itself. */
export interface Description {
  /** Of the message, up to its number. */
  readonly before: string;
  /** False: the time has a zone or an hour that was guessed. */
  readonly zoneKnown: boolean;
  /** From behind what names the message. */
  readonly after: string;
  readonly parsed: boolean;
  readonly tampering: Tampering | undefined;
  /** The row does not fit its checksum, and need not have been changed. */
  readonly unverifiable?: boolean;
  /** For the file's next line. */
  readonly memory: LineMemory;
  /** What becomes MSG in place of the line. */
  readonly msg?: Buffer;
  /** A second message that the line asks for. */
  readonly also?: Description;
}

/** Lines of which no message is made. */
export interface Unsent {
  /** `filtered`: the configuration leaves it out. `heading`: it only names the columns of those after it. */
  readonly unsent: 'filtered' | 'heading';
  /** Told all the same: nobody hides an edited row by making it one that is left out. */
  readonly tampering: Tampering | undefined;
  readonly unverifiable?: boolean;
  readonly memory: LineMemory;
}
