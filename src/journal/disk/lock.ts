/**
 * Lets one agent at a time use the journal. Each agent that wants it listens on a
 * Unix socket of its own, `lock/RANDOM`, and then asks every other socket there:
 *
 *    an answer                 another agent holds it, or wants it just now: yield
 *    ECONNREFUSED              its process is dead: remove it
 *    no other socket left      it is ours
 *
 * No name is ever used twice, so a socket found dead stays dead, and removing it
 * cannot hit a living one: that is the race in which a shared name, stale and
 * taken over by two at once, would lose. Of two that start together the one that
 * looks last sees the other, so never both hold it; both may yield, and try again.
 * A socket gets its name only once it listens, or it would look dead for a moment.
 * The kernel ends a socket with its process, whatever killed it. No flock: it is
 * lost across some mounts, and cannot say who holds it. In a directory whose path
 * is too long for a socket, sockets are named by way of its descriptor.
 */
import { open, readdir, rename, rm, stat } from 'node:fs/promises';
import { connect, createServer, type Server } from 'node:net';
import { join } from 'node:path';
import type { Clock } from '../../lib/clock.js';
import { AgentError, systemCode } from '../../lib/errors.js';

/** sun_path of unix(7) holds 108 bytes, the last of them zero. */
const MAX_PATH_BYTES = 107;
const LONGEST_NAME = '0123456789abcdef.new';
const ANSWER_MS = 2000;
const ATTEMPTS = 10;
/** The socket's process is dead, or it has just taken its socket away. */
const NOBODY: ReadonlySet<string> = new Set(['ECONNREFUSED', 'ENOENT']);

export interface Lock {
  release(): Promise<void>;
  /** Whether others can still find it: somebody may have removed its socket. Default: yes. */
  stands?(): Promise<boolean>;
}

/** What the holder of the lock says of itself; nothing where it does not answer. */
export interface Holder {
  readonly pid: number | undefined;
  /** When it took its place, ISO 8601. */
  readonly start: string | undefined;
}

interface Answer extends Holder {
  readonly held: boolean;
}

export interface LockDependencies {
  readonly clock: Clock;
  random(bytes: number): Buffer;
}

/** Throws AgentError `journal-locked` with the holder's pid, and what the disk says. */
export function takeLock(directory: string, given: LockDependencies): Promise<Lock> {
  return withSockets(directory, (place) => takeIn(place, given));
}

async function takeIn(place: Place, { clock, random }: LockDependencies): Promise<Lock> {
  for (let attempt = 1; ; attempt += 1) {
    const candidate = await stand(place, random(8).toString('hex'), clock);
    const others = await livingOthers(place, candidate.name);
    if (others.length === 0) {
      candidate.answer.held = true;
      return candidate;
    }
    await candidate.release();
    const holder = others.find(({ held }) => held);
    if (holder !== undefined || attempt === ATTEMPTS) throw locked(place.directory, holder ?? others[0]);
    await clock.sleep(20 + (random(1)[0] ?? 0));
  }
}

/** Who holds the lock just now, if anybody does. Changes nothing on disk: a socket can be asked where nothing can be written. */
export async function lockHolder(directory: string): Promise<Holder | undefined> {
  const names = socketsAmong(await readdir(directory).catch(() => []));
  if (names.length === 0) return undefined;
  const heard = await withSockets(directory, ({ sockets }) =>
    Promise.all(names.map((name) => conversation(join(sockets, name)))),
  );
  const answers = heard.filter(({ code }) => !NOBODY.has(code)).map(({ said }) => answerIn(said));
  return answers.find(({ held }) => held);
}

function locked(directory: string, holder: Answer | undefined): AgentError {
  const who = holder?.pid === undefined ? 'another process, which does not answer' : `process ${holder.pid}`;
  const since = holder?.start === undefined ? '' : `, started ${holder.start}`;
  return new AgentError('journal-locked', `the journal ${directory} is in use by ${who}${since}`, {
    hint: 'stop that agent first, or give this one a journal.directory of its own',
  });
}

/** The same directory twice: as files are named, and as sockets are. */
interface Place {
  readonly directory: string;
  readonly sockets: string;
}

async function withSockets<T>(directory: string, use: (place: Place) => Promise<T>): Promise<T> {
  if (Buffer.byteLength(join(directory, LONGEST_NAME)) <= MAX_PATH_BYTES) return use({ directory, sockets: directory });
  const opened = await open(directory);
  try {
    return await use({ directory, sockets: `/proc/self/fd/${opened.fd}` });
  } finally {
    await opened.close();
  }
}

interface Candidate extends Lock {
  readonly name: string;
  readonly answer: { pid: number; start: string; held: boolean };
}

async function stand({ directory, sockets }: Place, name: string, clock: Clock): Promise<Candidate> {
  const path = join(directory, name);
  const answer = { pid: process.pid, start: new Date(clock.nowMs()).toISOString(), held: false };
  const server = createServer((asking) => {
    asking.on('error', () => asking.destroy());
    asking.end(`${JSON.stringify(answer)}\n`);
  });
  await listening(server, join(sockets, `${name}.new`));
  // A process that only waits for the lock's socket has nothing left to do.
  server.unref();
  await rename(`${path}.new`, path);
  let released: Promise<void> | undefined;
  const release = async () => {
    // A disk that refuses this keeps nobody out: the next process finds no holder, and removes it.
    await rm(path, { force: true }).catch(() => undefined);
    await new Promise((resolve) => server.close(resolve));
  };
  return {
    name,
    answer,
    release: () => {
      released ??= release();
      return released;
    },
    stands: () =>
      stat(path).then(
        () => true,
        (error: unknown) => systemCode(error) !== 'ENOENT',
      ),
  };
}

function listening(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(path, resolve);
  });
}

async function livingOthers({ directory, sockets }: Place, own: string): Promise<Answer[]> {
  const names = socketsAmong(await readdir(directory)).filter((name) => name !== own);
  const answers = await Promise.all(names.map((name) => ask(join(sockets, name))));
  return answers.filter((answer) => answer !== undefined);
}

function socketsAmong(names: readonly string[]): string[] {
  return names.filter((name) => /^[0-9a-f]{16}$/.test(name));
}

/** Asks who is behind a socket; undefined, and the socket removed, when nobody is. */
async function ask(path: string): Promise<Answer | undefined> {
  const { said, code } = await conversation(path);
  if (!NOBODY.has(code)) return answerIn(said);
  // What cannot be removed, because it never was a socket, holds nothing either.
  await rm(path, { force: true }).catch(() => undefined);
  return undefined;
}

function conversation(path: string): Promise<{ said: string; code: string }> {
  return new Promise((resolve) => {
    let said = '';
    let code = '';
    const socket = connect(path);
    socket.setTimeout(ANSWER_MS, () => socket.destroy());
    socket.on('data', (bytes) => {
      said += bytes;
    });
    socket.on('error', (error) => {
      code = systemCode(error);
    });
    socket.on('close', () => resolve({ said, code }));
  });
}

/** Who is there but says nothing (stopped, or asked by too many) holds it, too. */
function answerIn(said: string): Answer {
  try {
    const { pid, start, held }: { pid?: unknown; start?: unknown; held?: unknown } = JSON.parse(said);
    return {
      pid: typeof pid === 'number' ? pid : undefined,
      start: typeof start === 'string' ? start : undefined,
      held: held !== false,
    };
  } catch {
    return { pid: undefined, start: undefined, held: true };
  }
}
