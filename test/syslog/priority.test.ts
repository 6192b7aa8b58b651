import test from 'ava';
import {
  FACILITIES,
  NOTICE,
  priorityValue,
  SEVERITIES,
  type Severity,
  splitPriority,
  WARNING,
} from '../../src/syslog/priority.js';

test('facilities and severities stand at their numbers', (t) => {
  t.deepEqual([FACILITIES[0], FACILITIES[10], FACILITIES[13], FACILITIES[23]], ['kern', 'authpriv', 'audit', 'local7']);
  t.deepEqual([FACILITIES.length, SEVERITIES.length], [24, 8]);
  t.deepEqual([SEVERITIES[WARNING], SEVERITIES[NOTICE]], ['warning', 'notice']);
});

test('a priority is eight times the facility plus the severity, and splits again', (t) => {
  t.is(priorityValue(10, 5), 85);
  t.is(priorityValue(23, 7), 191);
  for (const facility of FACILITIES.keys()) {
    for (const severity of SEVERITIES.keys()) {
      t.deepEqual(splitPriority(priorityValue(facility, severity as Severity)), { facility, severity });
    }
  }
});
