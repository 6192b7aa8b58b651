/**
 * A program that writes numbered lines into a log at a steady rate, as they
 * come, and keeps it open until it is told that it was rotated; or opens it anew
 * for each write.
 */
import { closeSync, openSync, writeSync } from 'node:fs';
import { lineOf } from './delivered.js';

export interface SteadyWriterOptions {
  readonly path: string;
  readonly linesPerSecond: number;
  readonly opens: 'once' | 'each time';
}

const EVERY_MS = 10;

export class SteadyWriter {
  /** Lines so far. */
  written = 0;
  #file: number | undefined;
  #timer: NodeJS.Timeout | undefined;
  #startedMs = 0;

  constructor(readonly options: SteadyWriterOptions) {}

  start(): void {
    this.#startedMs = performance.now();
    this.#timer = setInterval(() => this.#write(), EVERY_MS);
  }

  stop(): void {
    clearInterval(this.#timer);
    this.reopen();
  }

  /** The log was rotated. */
  reopen(): void {
    if (this.#file !== undefined) closeSync(this.#file);
    this.#file = undefined;
  }

  #write(): void {
    const { path, linesPerSecond, opens } = this.options;
    const due = Math.floor(((performance.now() - this.#startedMs) * linesPerSecond) / 1000);
    if (due <= this.written) return;
    const lines = Array.from({ length: due - this.written }, (_, index) => `${lineOf(this.written + 1 + index)}\n`);
    this.#file ??= openSync(path, 'a', 0o640);
    writeSync(this.#file, lines.join(''));
    this.written = due;
    if (opens === 'each time') this.reopen();
  }
}
