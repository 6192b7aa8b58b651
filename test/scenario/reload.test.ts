/** SIGHUP that goes wrong, while a deleted file is kept by nothing but our descriptor: the journal is full, and no collector is there. */
import { appendFileSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { stringify } from 'yaml';
import { runProgram } from '../../src/cli/program.js';
import { type CapturedIo, capturedIo } from '../support/captured-io.js';
import { makeTestPki, type TestPki } from '../support/certificates.js';
import { collecting } from '../support/collecting.js';
import { temporaryDirectory } from '../support/files.js';
import { freePort } from '../support/free-port.js';
import { until } from '../support/wait.js';

let pki: TestPki;
test.before(async () => {
  pki = await makeTestPki();
});
test.after.always(() => pki.remove());

const LINES = 6_000;
const WIDTH = 4_000;

/** An agent whose journal is full, and a log file with the rest of the lines that is deleted. */
class Story {
  readonly io: CapturedIo = capturedIo();
  readonly log: string;
  readonly journal: string;
  readonly ended: Promise<void>;

  static async begin(t: ExecutionContext): Promise<Story> {
    const story = new Story(t, temporaryDirectory(t), await freePort());
    await story.said('The journal is full');
    rmSync(story.log);
    return story;
  }

  private constructor(
    private readonly t: ExecutionContext,
    private readonly directory: string,
    private readonly port: number,
  ) {
    this.log = join(directory, 'audit.log');
    this.journal = join(directory, 'journal');
    const lines = Array.from({ length: LINES }, (_, index) => `${lineName(index)}${'x'.repeat(WIDTH)}\n`);
    appendFileSync(this.log, lines.join(''));
    this.configure([this.log]);
    this.ended = runProgram(['run', '--config', this.#file], this.io);
    this.ended.catch(() => undefined);
  }

  configure(paths: readonly string[], tls: object = {}): void {
    writeFileSync(
      this.#file,
      stringify({
        sources: [{ name: 'main', paths, format: 'text' }],
        collectors: [{ host: 'localhost', port: this.port }],
        tls: { ca: pki.caFile, cert: pki.agentCert, key: pki.agentKey, ...tls },
        journal: { directory: this.journal, maxBytes: '16MiB', keepFree: '0%' },
        status: { listen: 'off' },
        delivery: { epochInterval: '1s' },
      }),
    );
  }

  /** The agent's log has `text` so many times; fails at once when the agent ends. */
  async said(text: string, times = 1): Promise<void> {
    const heard = until(() => this.io.out().split(text).length > times, { what: `the agent to say: ${text}` });
    const ended = this.ended.then(() => Promise.reject(new Error('the agent has ended')));
    await Promise.race([heard, ended]);
  }

  /** No journal can be opened until the returned function is called. */
  breakJournal(): () => void {
    const lock = join(this.journal, 'lock');
    renameSync(lock, `${lock}.away`);
    writeFileSync(lock, '', { mode: 0o600 });
    return () => {
      rmSync(lock);
      rmSync(`${lock}.away`, { recursive: true });
      mkdirSync(lock, { mode: 0o700 });
    };
  }

  /** A collector comes: every line arrives, once. */
  async complete(): Promise<void> {
    const collector = await collecting(this.t, pki, {}, { port: this.port });
    const arrived = () =>
      collector.messages.map((message) => /\] (line \d{5} )/.exec(String(message.subarray(0, 400)))?.[1]);
    await until(() => new Set(arrived()).size > LINES, { what: 'all lines to arrive', everyMs: 100 });
    this.io.interrupt();
    await this.ended;
    const lines = arrived().filter((line) => line !== undefined);
    this.t.deepEqual(
      lines,
      Array.from({ length: LINES }, (_, index) => lineName(index)),
    );
    this.t.false(this.io.out().includes('gone unread'));
  }

  get #file(): string {
    return join(this.directory, 'config.yaml');
  }
}

function lineName(index: number): string {
  return `line ${String(index).padStart(5, '0')} `;
}

test('a configuration that is found wanting only when it is used loses nothing of a deleted file, nor does the next', async (t) => {
  const story = await Story.begin(t);

  story.configure([`${story.log}{`]);
  story.io.hangUp();
  await story.said('The new configuration cannot be used; the agent goes on with the old one');
  story.configure([story.log]);
  story.io.hangUp();
  await story.said('The configuration was read again');

  await story.complete();
});

test('a journal that cannot be opened in a reload is tried until it can, and nothing is lost of a deleted file', async (t) => {
  const story = await Story.begin(t);

  const mend = story.breakJournal();
  story.io.hangUp();
  await story.said('The agent cannot start again after SIGHUP, nor with the old configuration; it keeps trying');
  mend();
  await story.said('The configuration was read again');
  t.false(story.io.out().includes('The new configuration cannot be used'));

  await story.complete();
});

test('an agent that is told to stop while it cannot go on after a reload stops, and says what it leaves unread', async (t) => {
  const story = await Story.begin(t);

  story.breakJournal();
  story.io.hangUp();
  await story.said('it keeps trying');
  story.io.interrupt();

  const error = await t.throwsAsync(story.ended);
  t.regex(error?.message ?? '', /journal/);
  t.regex(story.io.out(), /A deleted log file is lost unread.*audit\.log/);
});

test('SIGHUP that comes again and again while it is heeded is heeded once more, and loses and repeats nothing', async (t) => {
  const story = await Story.begin(t);

  story.io.hangUp();
  await new Promise(setImmediate);
  story.io.hangUp();
  story.io.hangUp();
  await story.said('The configuration was read again', 2);

  await story.complete();
});
