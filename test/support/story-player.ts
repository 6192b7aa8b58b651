/**
 * Plays a story with real files and the real Sources. Whatever happens in it,
 * every line that was in a readable file arrives once; it only ever destroys
 * text that has been read and synced.
 */
import { execFileSync } from 'node:child_process';
import {
  appendFileSync,
  copyFileSync,
  existsSync,
  linkSync,
  mkdirSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import type { ExecutionContext } from 'ava';
import { HOLE_BYTES } from '../../src/source/read/lines.js';
import { compress, copyTruncate } from './files.js';
import { Recorder } from './recorder.js';
import type { Obstacle, Step, Story } from './rotation-story.js';

const KEPT = 6;

/** Plays the story and compares what arrived with what was written. */
export async function play(t: ExecutionContext, directory: string, story: Story, patienceMs?: number): Promise<void> {
  const player = new Player(t, directory, story, patienceMs);
  await player.play();
}

class Player {
  readonly #written: string[] = [];
  #recorder: Recorder | undefined;
  #destroyed = false;
  #moved = 0;
  /** Logs whose last line has no newline yet. */
  readonly #begun = new Map<number, string>();

  constructor(
    readonly t: ExecutionContext,
    readonly directory: string,
    readonly story: Story,
    readonly patienceMs: number | undefined,
  ) {}

  async play(): Promise<void> {
    mkdirSync(join(this.directory, 'old'), { recursive: true });
    const tail = this.story.pattern === 'star' ? '*' : '';
    this.#recorder = await Recorder.open(
      this.t,
      [{ paths: [join(this.directory, `*.log${tail}`)], rotated: [join(this.directory, 'old', '*')] }],
      { pollMs: 15 },
      this.patienceMs,
    );
    // A log that was never seen under a followed name is not a followed one.
    for (let log = 0; log < this.story.logs; log++) this.#write(log, 1, 10);
    await this.#settle();
    for (const step of this.story.steps) await this.#do(step);
    for (const log of this.#begun.keys()) this.#endLine(log);
    this.#recorder.resume();
    await this.#recorder.expect(this.#written, 'any order');
    await this.#recorder.quiet();
    await this.#recorder.restart();
    await this.#recorder.quiet();
    await this.#recorder.expect(this.#written, 'any order');
    await this.#recorder.stop();
    // After a restart nobody knows any more that a deleted file had been read to its end: that much doubt is honest.
    const certain = this.#recorder.notices.filter(({ toOffset }) => !(this.#destroyed && toOffset === undefined));
    if (certain.length > 0) this.t.log(this.#recorder.outline(), this.#recorder.told);
    this.t.deepEqual(certain, [], 'nothing is told as missing');
  }

  async #do(step: Step): Promise<void> {
    const recorder = this.#recorder!;
    switch (step.do) {
      case 'write':
        return this.#write(step.log, step.lines, step.width);
      case 'begin-line':
        return this.#beginLine(step.log);
      case 'hole':
        return this.#hole(step.log, step.bytes);
      case 'rename-back':
        return this.#renameBack(step.log);
      case 'rewrite':
        return this.#rewrite(step.log);
      case 'rename-by-link':
        return this.#renameByLink(step.log);
      case 'hide':
        await this.#settle();
        return this.#hide(step.log, step.behind);
      case 'hide-directory':
        await this.#settle();
        return this.#hideDirectory();
      case 'rename':
      case 'rename-late':
        return this.#rename(step.log, step.do === 'rename');
      case 'copytruncate':
        return this.#copyTruncate(step.log);
      case 'move-away':
        return this.#moveAway(step.log);
      case 'compress':
        return this.#compress(step.log, step.generation);
      case 'truncate':
      case 'delete':
      case 'replace':
      case 'overwrite':
      case 'drop-oldest':
        await this.#settle();
        return this.#destroy(step.do, step.log);
      case 'pause':
        return recorder.pause();
      case 'resume':
        return recorder.resume();
      case 'settle':
        return this.#settle();
      case 'breathe':
        return recorder.quiet();
      case 'rewind':
        return recorder.rewind(step.unsynced);
      case 'restart':
      case 'kill':
        await recorder.stop();
        if (step.do === 'kill') recorder.forget(step.unsynced);
        else recorder.sync();
        for (const one of step.meanwhile) await this.#do(one);
        return recorder.start();
      default:
        return step satisfies never;
    }
  }

  #path(log: number, suffix = ''): string {
    return join(this.directory, `log${'ab'[log]}.log${suffix}`);
  }

  #write(log: number, lines: number, width: number): void {
    this.#endLine(log);
    const added = Array.from(
      { length: lines },
      (_, n) => `${'ab'[log]} ${this.#written.length + n} ${'x'.repeat(width)}`,
    );
    this.#written.push(...added);
    appendFileSync(this.#path(log), `${added.join('\n')}\n`);
  }

  #beginLine(log: number): void {
    this.#endLine(log);
    const start = `${'ab'[log]} ${this.#written.length} begun `;
    this.#begun.set(log, start);
    this.#written.push(`${start}and ended`);
    appendFileSync(this.#path(log), start);
  }

  #endLine(log: number): void {
    if (this.#begun.delete(log)) appendFileSync(this.#path(log), 'and ended\n');
  }

  #generations(log: number): { number: number; path: string }[] {
    return Array.from({ length: 20 }, (_, n) => n + 1).flatMap((number) =>
      ['', '.gz']
        .map((end) => ({ number, path: this.#path(log, `.${number}${end}`) }))
        .filter(({ path }) => existsSync(path)),
    );
  }

  #shift(log: number): void {
    for (const { number, path } of this.#generations(log).reverse()) {
      renameSync(path, this.#path(log, `.${number + 1}${path.endsWith('.gz') ? '.gz' : ''}`));
    }
  }

  #rename(log: number, create: boolean): void {
    this.#endLine(log);
    if (!existsSync(this.#path(log)) || this.#generations(log).length > 15) return;
    this.#shift(log);
    renameSync(this.#path(log), this.#path(log, '.1'));
    if (create) writeFileSync(this.#path(log), '');
  }

  #copyTruncate(log: number): void {
    this.#endLine(log);
    if (!existsSync(this.#path(log)) || this.#generations(log).length > 15) return;
    this.#shift(log);
    copyTruncate(this.#path(log), this.#path(log, '.1'));
  }

  #moveAway(log: number): void {
    const first = this.#generations(log)[0]?.path;
    if (first === undefined) return;
    const name = `log${'ab'[log]}.log.${100 + this.#moved++}${first.endsWith('.gz') ? '.gz' : ''}`;
    renameSync(first, join(this.directory, 'old', name));
  }

  /** As `truncate --size +N`: zeros that take no room on disk; the next line begins with them, if they are few. */
  #hole(log: number, bytes: number): void {
    this.#endLine(log);
    const path = this.#path(log);
    const line = `${'ab'[log]} ${this.#written.length} behind a hole`;
    const size = existsSync(path) ? statSync(path).size : 0;
    appendFileSync(path, '');
    truncateSync(path, size + bytes);
    appendFileSync(path, `${line}\n`);
    this.#written.push(bytes < HOLE_BYTES ? `${'\0'.repeat(bytes)}${line}` : line);
  }

  /** Somebody takes a rotation back; a person does nothing twice within a poll. */
  async #renameBack(log: number): Promise<void> {
    if (existsSync(this.#path(log)) || !existsSync(this.#path(log, '.1'))) return;
    renameSync(this.#path(log, '.1'), this.#path(log));
    await this.#recorder!.quiet();
  }

  /** As editors and `sed -i` save: a file of its own with the same text, renamed over the old one. */
  #rewrite(log: number): void {
    const path = this.#path(log);
    if (!existsSync(path)) return;
    copyFileSync(path, `${path}~`);
    renameSync(`${path}~`, path);
  }

  /** Renamed in two steps, with two names in between. */
  async #renameByLink(log: number): Promise<void> {
    this.#endLine(log);
    if (!existsSync(this.#path(log)) || this.#generations(log).length > 15) return;
    this.#shift(log);
    linkSync(this.#path(log), this.#path(log, '.1'));
    await this.#recorder!.quiet();
    unlinkSync(this.#path(log));
  }

  /** The log is out of sight for longer than a poll, and comes back. */
  async #hide(log: number, behind: Obstacle): Promise<void> {
    const path = this.#path(log);
    if (!existsSync(path)) return;
    const hidden = join(this.directory, 'hidden');
    renameSync(path, hidden);
    if (behind === 'directory') mkdirSync(path);
    else if (behind === 'fifo') execFileSync('mkfifo', [path]);
    else if (behind !== 'nothing') symlinkSync(behind === 'loop' ? path : '/dev/zero', path);
    await this.#recorder!.quiet();
    rmSync(path, { recursive: true, force: true });
    renameSync(hidden, path);
  }

  async #hideDirectory(): Promise<void> {
    renameSync(this.directory, `${this.directory}~`);
    await this.#recorder!.quiet();
    renameSync(`${this.directory}~`, this.directory);
  }

  #compress(log: number, generation: number): void {
    const path = this.#path(log, `.${generation}`);
    if (existsSync(path) && !existsSync(`${path}.gz`)) compress(path);
  }

  async #settle(): Promise<void> {
    for (const log of [...this.#begun.keys()]) this.#endLine(log);
    this.#recorder!.resume();
    await this.#recorder!.expect(this.#written, 'any order');
    this.#recorder!.sync();
  }

  #destroy(how: 'truncate' | 'delete' | 'replace' | 'overwrite' | 'drop-oldest', log: number): void {
    this.#destroyed = true;
    const path = this.#path(log);
    const oldest = this.#generations(log).at(-1);
    if (how === 'drop-oldest') {
      if (oldest !== undefined && oldest.number > KEPT) unlinkSync(oldest.path);
    } else if (existsSync(path)) {
      if (how === 'truncate') truncateSync(path);
      else if (how === 'delete') rmSync(path);
      else if (how === 'overwrite') this.#overwrite(log, path);
      else {
        writeFileSync(`${path}~`, '');
        renameSync(`${path}~`, path);
      }
    }
  }

  /** As a shell's `>` does it: truncated and written anew, at times with more than there was. */
  #overwrite(log: number, path: string): void {
    const added = Array.from(
      { length: 1 + (this.#written.length % 40) },
      (_, n) => `${'ab'[log]} ${this.#written.length + n} anew`,
    );
    this.#written.push(...added);
    writeFileSync(path, `${added.join('\n')}\n`);
  }
}
