/** How many lines of a clinic's logs take the fast path of `encode/`? The others cost several times as much. */
import { chunkOf, encoderOf, FORMS, logOf } from '../../test/support/clinic-lines.js';
import type { Case } from '../bench.js';
import { percent, whole } from '../parts/table.js';

export const fastPath: Case = {
  name: 'fast-path',
  share: 5,
  measure: async () => {
    const rows = FORMS.map(([name, profile, format, lineOf, heading]) => {
      const encoder = encoderOf(profile, format, 'encoded', true);
      encoder.encode(chunkOf(logOf(LINES, lineOf, heading)));
      return [name, profile, percent(encoder.fastLines / encoder.counts.lines)];
    });
    return {
      head: ['lines', 'profile', 'took the fast path'],
      rows,
      note: `${whole(LINES)} lines of eleven kinds of event. The first lines of each kind teach it, and go the other way.`,
    };
  },
};

const LINES = 5_000;
