/**
 * Writes the timestamp of a row that is in the hour of the row before, which nearly
 * every row is: an hour with one offset all through it, so that minutes and seconds
 * are all that changes. `ZoneClock` says of each other hour whether it is such a one.
 */
import { wallTimeOf } from '../../openemr/wall-clock.js';
import { ZoneClock } from '../../openemr/wall-time.js';
import { AT_TIMESTAMP } from './values.js';

export class Hour {
  /** Where the timestamp ends in the buffer that it is written to. */
  end = 0;
  #known = false;
  readonly #hour = Buffer.alloc(HOUR);
  /** Made with the first time: until then nothing needs to know the zones, and a start is over sooner. */
  #zone: ZoneClock | undefined;

  constructor(
    private readonly zone: string,
    private readonly out: Buffer,
  ) {}

  /** `YYYY-MM-DDTHH` and the offset of all of it. */
  get name(): { readonly hour: string; readonly offset: string } {
    const text = this.out.toString('latin1', AT_TIMESTAMP, this.end);
    return { hour: text.slice(0, HOUR), offset: text.slice(SECOND) };
  }

  /** Writes the timestamp of this DATETIME. False: it is none, or of an hour that has to be looked at with care. */
  holds(bytes: Buffer, from: number, to: number): boolean {
    if (to - from !== SECOND || (!this.#isSame(bytes, from) && !this.#isLearnt(bytes, from, to))) return false;
    for (let at = HOUR; at < SECOND; at += 3) {
      const tens = bytes[from + at + 1]!;
      const ones = bytes[from + at + 2]!;
      if (bytes[from + at] !== COLON || tens < ZERO || tens > FIVE || ones < ZERO || ones > NINE) return false;
      this.out[AT_TIMESTAMP + at + 1] = tens;
      this.out[AT_TIMESTAMP + at + 2] = ones;
    }
    return true;
  }

  #isSame(bytes: Buffer, from: number): boolean {
    if (!this.#known) return false;
    for (let at = HOUR - 1; at >= 0; at--) if (bytes[from + at] !== this.#hour[at]) return false;
    return true;
  }

  #isLearnt(bytes: Buffer, from: number, to: number): boolean {
    const wallTime = wallTimeOf(bytes.toString('latin1', from, to));
    this.#zone ??= new ZoneClock(this.zone);
    const offset = wallTime && this.#zone.evenOffset(wallTime.slice(0, HOUR));
    this.#known = offset !== undefined;
    if (offset === undefined) return false;
    bytes.copy(this.#hour, 0, from, from + HOUR);
    this.end = AT_TIMESTAMP + this.out.write(wallTime + offset, AT_TIMESTAMP, 'latin1');
    return true;
  }
}

const ZERO = 0x30;
const NINE = 0x39;
const HOUR = 'YYYY-MM-DDTHH'.length;
const SECOND = 'YYYY-MM-DDTHH:MM:SS'.length;
const COLON = 0x3a;
const FIVE = 0x35;
