import { readFileSync } from 'node:fs';
import test from 'ava';
import { eventTable } from '../support/event-table.js';

test('docs/openemr-events.md says what the mapping makes of each event', (t) => {
  const page = readFileSync('docs/openemr-events.md', 'utf8');
  t.is(page.slice(page.indexOf('| event |')).trimEnd(), eventTable());
});
