/**
 * Stores the messages of `listen --output`: appended, whole ones only, and on disk
 * before a client gets the answer that it takes for an acknowledgement. As lines, one
 * message per line with each control character except tab as `#` and three octal
 * digits, as rsyslog writes them; or raw, as RFC 5425 frames, byte for byte.
 */
import { type FileHandle, open } from 'node:fs/promises';
import { AgentError, reasonOf } from '../../lib/errors.js';

export type Form = 'lines' | 'raw';

/** One client's way to the file. */
export interface Lane {
  /** Resolves, or returns at once, when there is room for the next. */
  append(message: Buffer): void | Promise<void>;
  /** Resolves when all that was appended is on the disk; rejects when any of it was lost. */
  finish(): Promise<void>;
}

// As much as may wait in memory for a slow disk before the clients have to.
const WAITING_BYTES = 1024 * 1024;

export class MessageFile {
  readonly #path: string;
  readonly #handle: FileHandle;
  readonly #form: Form;
  /** Pipes and terminals can be neither cut back nor synced. */
  readonly #regular: boolean;
  #size: number;
  #waiting: Buffer[] = [];
  #waitingBytes = 0;
  #writing: Promise<void> | undefined;
  /** A batch that fails is lost to all whose messages were in it. */
  #failures = 0;
  #reason: unknown;

  /** Rejects with an AgentError when the file cannot be written. */
  static async open(path: string, form: Form): Promise<MessageFile> {
    try {
      // What is in it is patients' data.
      const handle = await open(path, 'a', 0o600);
      const state = await handle.stat();
      return new MessageFile(path, handle, form, state.isFile(), state.size);
    } catch (cause) {
      throw cannotWrite(path, cause);
    }
  }

  private constructor(path: string, handle: FileHandle, form: Form, regular: boolean, size: number) {
    this.#path = path;
    this.#handle = handle;
    this.#form = form;
    this.#regular = regular;
    this.#size = size;
  }

  lane(): Lane {
    const failuresBefore = this.#failures;
    const check = () => {
      if (this.#failures !== failuresBefore) throw cannotWrite(this.#path, this.#reason);
    };
    return {
      append: (message) => {
        check();
        this.#append(message);
        return this.#waitingBytes > WAITING_BYTES ? this.#writing?.then(check) : undefined;
      },
      finish: async () => {
        while (this.#writing !== undefined) await this.#writing;
        check();
        if (this.#regular) await this.#handle.datasync();
      },
    };
  }

  async close(): Promise<void> {
    while (this.#writing !== undefined) await this.#writing;
    await this.#handle.close();
  }

  #append(message: Buffer): void {
    const pieces = this.#form === 'raw' ? [Buffer.from(`${message.length} `), message] : [lineOf(message), LINE_END];
    for (const piece of pieces) {
      this.#waiting.push(piece);
      this.#waitingBytes += piece.length;
    }
    this.#writing ??= this.#write();
  }

  async #write(): Promise<void> {
    // Let the read that brought this message bring the ones behind it.
    await new Promise(setImmediate);
    while (this.#waiting.length > 0) {
      const batch = Buffer.concat(this.#waiting);
      this.#waiting = [];
      this.#waitingBytes = 0;
      try {
        await this.#handle.appendFile(batch);
        this.#size += batch.length;
      } catch (error) {
        this.#failures += 1;
        this.#reason = error;
        // A half message would make the next one unreadable, too.
        if (this.#regular) await this.#handle.truncate(this.#size).catch(() => {});
      }
    }
    this.#writing = undefined;
  }
}

const LINE_END = Buffer.from('\n');

/** One line of what may hold several: `#012` for LF, as rsyslog has it. The message itself when there is nothing to do. */
export function lineOf(message: Buffer): Buffer {
  if (!holdsControl(message)) return message;
  const escaped: string[] = [];
  for (const octet of message) {
    escaped.push(isControl(octet) ? `#${octet.toString(8).padStart(3, '0')}` : String.fromCharCode(octet));
  }
  return Buffer.from(escaped.join(''), 'latin1');
}

// A loop and not `some`, which calls a function for each octet that comes.
function holdsControl(message: Buffer): boolean {
  for (let at = 0; at < message.length; at += 1) {
    if (isControl(message[at]!)) return true;
  }
  return false;
}

function isControl(octet: number): boolean {
  return (octet < 0x20 && octet !== 0x09) || octet === 0x7f;
}

function cannotWrite(path: string, cause: unknown): AgentError {
  return new AgentError('output-unwritable', `cannot write messages to ${path}: ${reasonOf(cause)}`, {
    hint: 'choose another file with --output, or free space and start again; clients that get no answer send again',
    cause,
  });
}
