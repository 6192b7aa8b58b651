/**
 * Examines a store: reads its files once for what is there, and again as often as the
 * memory makes it necessary for what can only be compared when it is found again:
 * repeats, and digests of messages that do not lie in their order.
 */
import { AgentError } from '../lib/errors.js';
import type { Files, OpenFile } from '../lib/files.js';
import type { Run } from '../model/entry.js';
import type { Distrust } from '../seal/trust.js';
import type { Beginning } from './chain.js';
import { Completeness, type Findings, RepeatCheck } from './completeness.js';
import { Digests, type Place } from './digests.js';
import { HashSigns } from './frame-hash.js';
import type { Identified, Identify } from './identity.js';
import { Names } from './names.js';
import {
  type MissingOf,
  type ReadReceipts,
  ReceiptCheck,
  type ReceiptFindings,
  type StoredOf,
} from './receipt-check.js';
import { scanStore } from './scan.js';
import { SealCheck, type SealFindings } from './seal-check.js';
import { type Objection, objections } from './verdict.js';

export interface ExamineOptions {
  readonly paths: readonly string[];
  readonly files: Files;
  readonly identify: Identify;
  readonly beginnings: readonly Beginning[];
  readonly receipts?: ReadReceipts;
  /** At whose word seals are believed; without it they are not looked at. */
  readonly distrust?: Distrust;
  /** About how much the further passes may take at a time. */
  readonly memoryBytes: number;
  readonly signal: AbortSignal;
  /** Octets of the store read from the disk in this pass, which are counted from 1. */
  readonly progress: (bytes: number, pass: number) => void;
}

export interface Examined {
  readonly findings: Findings;
  readonly receipts: ReceiptFindings | undefined;
  readonly seals: SealFindings | undefined;
  readonly objections: readonly Objection[];
}

export async function examine(options: ExamineOptions): Promise<Examined> {
  return new Examination(options).run();
}

/** Called with each message of ours: `bytes` from `start` to `end`, which stands at `at` in its file. */
type OnOurs = (name: { run: Run; seq: number }, bytes: Buffer, start: number, end: number, at: number) => void;

class Examination {
  readonly #completeness = new Completeness();
  readonly #digests = new Digests();
  readonly #hashSigns = new HashSigns();
  readonly #names: Names;
  /** Of all messages of ours, for their average. */
  #octets = 0;
  #messages = 0;
  readonly #compressed: boolean[] = [];
  #pass = 1;

  constructor(private readonly options: ExamineOptions) {
    this.#names = new Names(options.identify);
  }

  async run(): Promise<Examined> {
    const { receipts, beginnings, distrust } = this.options;
    const check = receipts && (await ReceiptCheck.open(receipts, beginnings, this.#digests));
    const seals = distrust && new SealCheck(distrust, this.#digests);
    await this.#first(check !== undefined, seals);
    seals?.expectLater();
    await this.#further();
    const completeness = this.#completeness;
    const findings = completeness.finish(beginnings);
    const storedOf: StoredOf = (run, first, last) => completeness.ledgers.get(run)?.seqs.stored(first, last) ?? [];
    const missingOf: MissingOf = (run, first, last) => completeness.missingOf(run, first, last);
    const found = {
      receipts: await check?.finish(findings.runs, missingOf, storedOf),
      seals: seals?.finish(findings.runs, storedOf),
    };
    const unproven: StoredOf = (run, first, last) => {
      const unacknowledged = check?.uncovered(run, [{ first, last }]) ?? [{ first, last }];
      return seals?.unsealed(run, unacknowledged) ?? unacknowledged;
    };
    return { findings, ...found, objections: objections(findings, found, unproven) };
  }

  async #first(acknowledged: boolean, seals: SealCheck | undefined): Promise<void> {
    const [completeness, names, digests, hashSigns] = [this.#completeness, this.#names, this.#digests, this.#hashSigns];
    for (const path of this.options.paths) {
      completeness.nextFile(path);
      const compressed = await this.#scan(path, {
        message: (bytes, start, end, _at, offset) => {
          const said = names.read(bytes, start, end);
          if (said !== undefined && said.name !== 'ours') {
            completeness.takeOther(said, offset);
            return;
          }
          this.#octets += end - start;
          this.#messages += 1;
          const { run, seq } = names;
          completeness.take(run, seq, said);
          if (!acknowledged && seals === undefined) return;
          const hashSign = hashSigns.within(bytes, start, end);
          if (acknowledged) digests.take(run, seq, bytes, start, end, hashSign);
          seals?.take(run, seq, said?.own, bytes, start, end, hashSign);
        },
        tooLong: (offset) => completeness.takeOther(TOO_LONG, offset),
        unfinished: (reason, offset) => completeness.unfinished(reason, offset),
        broken: (reason, offset) => completeness.broken(reason, offset),
      });
      this.#compressed.push(compressed);
    }
  }

  async #further(): Promise<void> {
    const { memoryBytes } = this.options;
    const { ledgers } = this.#completeness;
    const repeats = new RepeatCheck(ledgers);
    const average = Math.ceil(this.#octets / Math.max(1, this.#messages));
    const passes = (this.#digests.messagesLeft * (average + HELD_OVERHEAD)) / memoryBytes;
    const held = passes <= MAX_HELD_PASSES || this.#compressed.includes(true);
    const heldBytes = held ? average + HELD_OVERHEAD : 0;
    for (;;) {
      const compare = repeats.plan(memoryBytes / 4);
      const compute = this.#digests.plan(
        memoryBytes,
        heldBytes,
        ({ run, first, last }) => this.#completeness.missingOf(run, first, last).length === 0,
      );
      if (!compare && !compute) return;
      this.#pass += 1;
      for (const [file, path] of this.options.paths.entries()) {
        await this.#again(path, ({ run, seq }, bytes, start, end, at) => {
          const message = () => bytes.subarray(start, end);
          if (compare) repeats.note(run, seq, message);
          if (compute) this.#digests.note(run, seq, file, at, message, end - start, held);
        });
      }
      if (compute) await this.#compute();
    }
  }

  async #compute(): Promise<void> {
    const reader = new PlaceReader(this.options.paths, this.options.files);
    try {
      await this.#digests.compute((place) => reader.read(place));
    } finally {
      await reader.close();
    }
  }

  async #again(path: string, onOurs: OnOurs): Promise<void> {
    const names = this.#names;
    await this.#scan(path, {
      message: (bytes, start, end, at) => {
        const said = names.read(bytes, start, end);
        if (said === undefined || said.name === 'ours') onOurs(names, bytes, start, end, at);
      },
      tooLong: () => undefined,
      unfinished: () => undefined,
      broken: () => undefined,
    });
  }

  #before = 0;
  #readOfPass = 0;

  async #scan(path: string, visitor: Omit<Parameters<typeof scanStore>[2], 'read'>): Promise<boolean> {
    const { files, signal, progress } = this.options;
    if (this.#readOfPass !== this.#pass) {
      this.#readOfPass = this.#pass;
      this.#before = 0;
    }
    let last = 0;
    const compressed = await scanStore(path, files, {
      ...visitor,
      read: (bytes) => {
        if (signal.aborted) throw new AgentError('interrupted', 'stopped before everything was read: no verdict');
        this.#hashSigns.reset();
        last = bytes;
        progress(this.#before + bytes, this.#pass);
      },
    });
    this.#before += last;
    return compressed;
  }
}

const TOO_LONG: Extract<Identified, { name: 'unreadable' }> = {
  name: 'unreadable',
  reason: 'too-long',
  claims: undefined,
};
/** Up to here it is faster to keep the messages and read the store so often than to look for each where it stands. */
const MAX_HELD_PASSES = 8;
/** Of a small Buffer in a Map. */
const HELD_OVERHEAD = 200;

/** Reads messages where they stand; those that stand near each other with one call to the system. */
class PlaceReader {
  #window: Buffer = Buffer.alloc(0);
  #windowAt = 0;
  #file = -1;
  #open: OpenFile | undefined;
  readonly #buffer = Buffer.allocUnsafeSlow(WINDOW_BYTES);

  constructor(
    private readonly paths: readonly string[],
    private readonly files: Files,
  ) {}

  async read({ file, at, length, held }: Place): Promise<Buffer> {
    if (held !== undefined) return held;
    if (file !== this.#file) await this.#turnTo(file);
    if (length > WINDOW_BYTES) {
      const message = Buffer.allocUnsafeSlow(length);
      return message.subarray(0, await this.#open!.read(message, at));
    }
    if (at < this.#windowAt || at + length > this.#windowAt + this.#window.length) {
      this.#window = this.#buffer.subarray(0, await this.#open!.read(this.#buffer, at));
      this.#windowAt = at;
    }
    return this.#window.subarray(at - this.#windowAt, at - this.#windowAt + length);
  }

  async close(): Promise<void> {
    await this.#open?.close();
    this.#open = undefined;
  }

  async #turnTo(file: number): Promise<void> {
    await this.close();
    this.#open = await this.files.open(this.paths[file]!, 'read');
    this.#file = file;
    this.#window = Buffer.alloc(0);
    this.#windowAt = 0;
  }
}

const WINDOW_BYTES = 64 * 1024;
