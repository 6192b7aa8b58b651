/**
 * Damages bytes in ways that find faults in readers: the same seed, the same damage. How many
 * mutations a test tries is in OAF_FUZZ; `npm run test:soak` asks for 20,000 of each kind.
 */
import type { ExecutionContext } from 'ava';
import { AgentError } from '../../src/lib/errors.js';

/** A few dozen of each kind in `npm test`. */
const MUTATIONS = Number(process.env.OAF_FUZZ ?? 40);
/** Plays one other series, or one failure again. */
const SEED = Number(process.env.OAF_FUZZ_SEED ?? 1);

export interface Mutation {
  /** Names it in a failure: OAF_FUZZ_SEED=… plays it again as the first one. */
  readonly seed: number;
  readonly bytes: Buffer;
}

/** `read` takes what is whole, and of what is damaged it throws nothing but errors in words: reason and remedy. */
export async function fuzz(t: ExecutionContext, bytes: Buffer, read: (bytes: Buffer) => unknown): Promise<void> {
  await read(bytes);
  let [slowestMs, slowest, refused] = [0, 0, 0];
  for (const { seed, bytes: damaged } of mutationsOf(bytes)) {
    const beganMs = performance.now();
    try {
      await read(damaged);
    } catch (error) {
      refused += 1;
      const worded = error instanceof AgentError && error.hint !== undefined && error.hint !== '';
      t.true(worded, `OAF_FUZZ_SEED=${seed}: ${error instanceof Error ? error.stack : error}`);
    }
    const tookMs = performance.now() - beganMs;
    if (tookMs > slowestMs) [slowestMs, slowest] = [tookMs, seed];
  }
  t.log(`${refused} refused; the slowest took ${Math.round(slowestMs)} ms (OAF_FUZZ_SEED=${slowest})`);
  t.pass();
}

export function* mutationsOf(bytes: Buffer, count = MUTATIONS): Generator<Mutation> {
  for (let seed = SEED; seed < SEED + count; seed += 1) yield { seed, bytes: mutated(bytes, seed) };
}

/** What breaks lengths, tags, numbers and texts. */
const TELLING = [
  0x00, 0x01, 0x7f, 0x80, 0x81, 0x84, 0xff, 0x30, 0x31, 0x06, 0x1f, 0xa0, 0x0a, 0x20, 0x22, 0x2d, 0x7b, 0x5b,
];

function mutated(original: Buffer, seed: number): Buffer {
  const random = randomOf(seed);
  const below = (limit: number) => Math.floor(random() * limit);
  let bytes = Buffer.from(original);
  for (let times = 1 + below(3); times > 0; times -= 1) {
    const at = below(bytes.length + 1);
    const length = 1 + below(below(4) === 0 ? 64 : 4);
    const piece = Buffer.from(
      Array.from({ length }, () => (random() < 0.5 ? TELLING[below(TELLING.length)]! : below(256))),
    );
    const from = below(bytes.length + 1);
    const copy = bytes.subarray(from, from + length);
    switch (below(7)) {
      case 0:
        if (at < bytes.length) bytes[at]! ^= 1 << below(8);
        break;
      case 1:
        piece.copy(bytes, at);
        break;
      case 2:
        bytes = Buffer.concat([bytes.subarray(0, at), piece, bytes.subarray(at)]);
        break;
      case 3:
        bytes = Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + length)]);
        break;
      case 4:
        bytes = Buffer.concat([bytes.subarray(0, at), copy, bytes.subarray(at)]);
        break;
      case 5:
        if (at < bytes.length) bytes[at] = TELLING[below(TELLING.length)]!;
        break;
      default:
        // Seldom: it leaves little to damage further.
        if (below(4) === 0) bytes = bytes.subarray(0, at);
    }
  }
  return bytes;
}

/** mulberry32: small, and the same everywhere. */
function randomOf(seed: number): () => number {
  let state = Math.imul(seed, 0x9e3779b1) >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
