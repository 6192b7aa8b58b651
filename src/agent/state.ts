/**
 * The state of the agent as `status` shows it, one JSON object, and its copy on disk
 * (status.json), from which `status` reads it, also when the agent does not run.
 */
import { join } from 'node:path';
import type { ConnectionCounts, DeliveryState } from '../delivery/state.js';
import type { EncoderCounts } from '../encode/line-writer.js';
import type { Journal } from '../journal/journal.js';
import type { ClockSync } from '../lib/clock.js';
import type { Context } from '../lib/context.js';
import { systemFiles } from '../lib/files.js';
import { JsonFile } from '../lib/json-file.js';
import { ignoredProblems, type ListedProblem, type RaisesProblems } from '../lib/problems.js';
import type { MessageName } from '../model/entry.js';
import type { FileState } from '../source/sources.js';
import type { CertificateStates } from './certificates/expiry.js';
import type { SourceState } from './lag.js';

export interface AgentState extends CertificateStates {
  readonly version: string;
  readonly pid: number;
  readonly run: string;
  readonly startedAtMs: number;
  readonly writtenAtMs: number;
  readonly config: string;
  readonly last: MessageName;
  /** Loops that hang. */
  readonly stuckLoops: readonly string[];
  /** Of this machine. */
  readonly clock: ClockSync;
  /** In the order of the configuration. */
  readonly sources: readonly SourceState[];
  readonly files: readonly FileState[];
  /** Followed files that fill with our own messages. */
  readonly ownTails: readonly string[];
  readonly counts: EncoderCounts;
  readonly journal: ReturnType<Journal['state']>;
  readonly delivery: Omit<DeliveryState, 'failures'> & {
    readonly failures: Readonly<Record<string, number>>;
    readonly connections: ConnectionCounts;
  };
  /** What is wrong now, then what was and is over (`overMs`), each the latest first. */
  readonly problems: readonly ListedProblem[];
}

/** How often it is looked whether something has changed that somebody waits for. */
const LOOK_MS = 2_000;
/** How often mere numbers are written, or, where not even those have changed, a sign of life is left. */
const RENEW_MS = 10_000;

/** As it stands in status.json. While nothing changes, only the file's time of change says that it is still so. */
interface StoredState extends AgentState {
  readonly renewedByMtime?: true;
}

/** Without the clock, and without what other programs write to the same disk all the time: their bytes are no news of ours. */
function ofTheAgent(state: AgentState): string {
  const { freeBytes } = state.journal;
  const roughly = freeBytes === undefined ? undefined : Math.round(freeBytes / ROUGHLY_BYTES);
  return JSON.stringify({ ...state, writtenAtMs: undefined, journal: { ...state.journal, freeBytes: roughly } });
}

const ROUGHLY_BYTES = 64 * 1024 * 1024;

/**
 * Keeps the state in status.json until `stop`, and writes it once more then. A change that somebody may wait for is there
 * within two seconds, numbers within ten; while nothing changes nothing is written but the file's time of change.
 */
export async function keepStateFile(
  directory: string,
  state: () => AgentState,
  context: Pick<Context, 'clock' | 'files' | 'problems'>,
  stop: AbortSignal,
): Promise<void> {
  const { clock } = context;
  const file = stateFile(directory, context);
  let urgent: string | undefined;
  let all: string | undefined;
  let renewedMs = Number.NEGATIVE_INFINITY;
  for (;;) {
    const present = state();
    const presentUrgent = urgentOf(present);
    const due = clock.monotonicMs() - renewedMs >= RENEW_MS;
    if (due || presentUrgent !== urgent || stop.aborted) {
      const presentAll = ofTheAgent(present);
      const same = presentAll === all && !stop.aborted && (await file.touch());
      const stands = same || (await file.write({ ...present, renewedByMtime: true }));
      [urgent, all] = stands ? [presentUrgent, presentAll] : [undefined, undefined];
      renewedMs = clock.monotonicMs();
    }
    if (stop.aborted) return;
    await clock.sleep(LOOK_MS, stop);
  }
}

/** What somebody may wait for: who runs, what is wrong, whether the collector answers. */
function urgentOf({ pid, run, config, stuckLoops, journal, delivery, problems }: AgentState): string {
  const { link, outage, epochs, failures, stuck } = delivery;
  const limits = [journal.full, journal.failed, journal.faults, journal.damages, journal.dropped];
  const wrong = problems.map(({ key, overMs }) => [key, overMs]);
  return JSON.stringify([pid, run, config, stuckLoops, limits, link, outage, epochs, failures, stuck, wrong]);
}

/** `undefined` when no agent has left one here, or one that is damaged: then `problems` hears why. */
export async function readStateFile(
  directory: string,
  problems: RaisesProblems = ignoredProblems,
): Promise<AgentState | undefined> {
  const stored = await stateFile(directory, { files: systemFiles, problems }).read();
  if (stored === undefined) return undefined;
  const { renewedByMtime, ...state } = stored;
  if (renewedByMtime === undefined || state.delivery.link.name === 'stopped') return state;
  const { mtimeMs } = await systemFiles.stat(statePath(directory));
  return { ...state, writtenAtMs: Math.max(state.writtenAtMs, Math.floor(mtimeMs)) };
}

/** Throws SyntaxError for a state that no agent writes, so that its readers may rely on its types. */
export function checkedState(content: unknown): StoredState {
  if (!isOf(content, STATE)) throw new SyntaxError('this is not the state of an agent');
  const state = content as StoredState;
  // 0.1.0 left neither key nor sinceMs.
  const problems = state.problems.map((each) => ({
    ...each,
    key: each.key ?? each.message,
    sinceMs: each.sinceMs ?? each.atMs,
  }));
  return { ...state, problems };
}

/** Not synced: after a power cut an older state, or none, is good enough. */
function stateFile(directory: string, context: Pick<Context, 'files' | 'problems'>): JsonFile<StoredState> {
  return new JsonFile<StoredState>(
    {
      path: statePath(directory),
      parse: checkedState,
      unreadable: 'The state of the agent cannot be read',
      unwritable: 'The state for status cannot be written; status will show an old one',
      durable: false,
      level: 'error',
    },
    context,
  );
}

/* What must be of which type, so that the words of `status` can be made of it; 0.1.0 left less than there is today. */

type Shape =
  | 'text'
  | 'number'
  | 'boolean'
  /** Milliseconds since 1970, within what a Date can hold. */
  | 'time'
  | 'process'
  | RegExp
  | { readonly each: Shape }
  | { readonly values: Shape }
  | { readonly oneOf: readonly Shape[] }
  /** A name that ends in `?` may be missing. */
  | { readonly keys: Readonly<Record<string, Shape>> };

const LATEST_MS = 8.64e15;

const PEER: Shape = {
  keys: { host: 'text', address: 'text', port: 'number', protocol: 'text', subject: 'text', fingerprint: 'text' },
};
const FAILURE: Shape = { keys: { atMs: 'time', message: 'text', hint: 'text', refused: 'boolean' } };
const CERTIFICATE: Shape = {
  keys: { subject: 'text', notAfter: 'text', daysLeft: 'number', chainDaysLeft: 'number' },
};

const COUNTS = 'lines messages unparsed empty parts filtered altered changed faulty headings'.split(' ');

const STATE: Shape = {
  keys: {
    version: 'text',
    pid: 'process',
    run: 'text',
    startedAtMs: 'time',
    writtenAtMs: 'time',
    config: 'text',
    last: { keys: { run: 'text', seq: 'number' } },
    stuckLoops: { each: 'text' },
    clock: /^(?:synchronised|unsynchronised|unknown)$/,
    sources: {
      each: {
        keys: {
          name: 'text',
          files: 'number',
          unreadable: 'number',
          lagBytes: 'number',
          'lagLines?': 'number',
          lagMs: 'number',
        },
      },
    },
    files: {
      each: {
        keys: {
          path: 'text',
          source: 'text',
          'tailId?': 'text',
          'size?': 'number',
          offset: 'number',
          'lagBytes?': 'number',
          'code?': 'text',
        },
      },
    },
    ownTails: { each: 'text' },
    counts: {
      keys: { ...Object.fromEntries(COUNTS.map((name) => [name, 'number'] as const)), 'unverifiable?': 'number' },
    },
    journal: {
      keys: {
        messagesWaiting: 'number',
        'oldestUnacknowledgedAtMs?': 'time',
        bytes: 'number',
        maxBytes: 'number',
        'freeBytes?': 'number',
        full: 'boolean',
        'limit?': /^(?:maxBytes|keepFree|disk)$/,
        'failed?': 'text',
        faults: 'number',
        damages: 'number',
        dropped: 'number',
      },
    },
    delivery: {
      keys: {
        link: {
          oneOf: [
            { keys: { name: /^connected$/, peer: PEER, sinceMs: 'time' } },
            { keys: { name: /^waiting$/, untilMs: 'time', reason: 'text' } },
            { keys: { name: /^(?:connecting|idle|stopped)$/ } },
          ],
        },
        'outage?': { keys: { sinceMs: 'time', 'failure?': FAILURE } },
        'lastPeer?': PEER,
        sent: 'number',
        acknowledged: 'number',
        repeated: 'number',
        epochs: 'number',
        failures: { values: 'number' },
        'lastLevel?': /^(?:close-notify|fin|window)$/,
        'lastAcknowledgedAtMs?': 'time',
        'lastFailure?': FAILURE,
        'stuck?': { keys: { run: 'text', seq: 'number', path: 'text', offset: 'number' } },
        connections: { keys: { made: 'number', lastDay: 'number' } },
      },
    },
    problems: {
      each: {
        keys: {
          'key?': 'text',
          level: /^(?:warning|error)$/,
          message: 'text',
          facts: { keys: {} },
          'remedy?': 'text',
          'sinceMs?': 'time',
          atMs: 'time',
          'overMs?': 'time',
          times: 'number',
        },
      },
    },
    'certificate?': CERTIFICATE,
    'collectorCertificate?': CERTIFICATE,
    'revocationList?': { keys: { ends: 'text', daysLeft: 'number' } },
  },
};

function isOf(value: unknown, shape: Shape): boolean {
  if (shape === 'text') return typeof value === 'string';
  if (shape === 'boolean') return typeof value === 'boolean';
  if (shape === 'number') return typeof value === 'number';
  if (shape === 'time') return typeof value === 'number' && Math.abs(value) <= LATEST_MS;
  if (shape === 'process') return Number.isInteger(value) && Number(value) > 0 && Number(value) < 2 ** 31;
  if (shape instanceof RegExp) return typeof value === 'string' && shape.test(value);
  if ('oneOf' in shape) return shape.oneOf.some((other) => isOf(value, other));
  if (typeof value !== 'object' || value === null) return false;
  if ('each' in shape) return Array.isArray(value) && value.every((part) => isOf(part, shape.each));
  if (Array.isArray(value)) return false;
  if ('values' in shape) return Object.values(value).every((part) => isOf(part, shape.values));
  const given = value as Readonly<Record<string, unknown>>;
  return Object.entries(shape.keys).every(([name, inner]) => {
    if (!name.endsWith('?')) return isOf(given[name], inner);
    const part = given[name.slice(0, -1)];
    return part === undefined || isOf(part, inner);
  });
}

function statePath(directory: string): string {
  return join(directory, 'status.json');
}
