/** How many of the lines that a clinic's log has does the fast path take? And what does it do with the others? */
import test from 'ava';
import { chunkOf, encoderOf, FORMS, logOf } from '../../support/clinic-lines.js';

for (const [name, profile, format, lineOf, heading] of FORMS) {
  for (const comments of profile === 'atna' ? (['omit', 'encoded'] as const) : (['encoded'] as const)) {
    test(`${name}, ${profile}, comments ${comments}: at least 95 lines in a hundred take the fast path`, (t) => {
      const lines = 600;
      const bytes = logOf(lines, lineOf, heading);
      const [fast, clear] = [true, false].map((isFast) => encoderOf(profile, format, comments, isFast));

      const { frames } = fast!.encode(chunkOf(bytes));

      t.true(frames.equals(clear!.encode(chunkOf(bytes)).frames));
      t.is(fast!.counts.lines, lines);
      t.true(fast!.fastLines >= 0.95 * lines, `${fast!.fastLines} of ${lines}`);
    });
  }
}
