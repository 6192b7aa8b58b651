/** Reads the numbers that options take; what is refused is answered with the range that is taken. */
import { InvalidArgumentError } from 'commander';

/** For commander: a whole number from `least` to `most`. */
export function wholeNumber(least: number, most: number): (text: string) => number {
  return (text) => {
    const number = Number(text);
    if (/^\d{1,15}$/.test(text) && number >= least && number <= most) return number;
    throw new InvalidArgumentError(`a whole number from ${least} to ${most} is expected`);
  };
}
