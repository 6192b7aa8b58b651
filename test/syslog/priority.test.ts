import test from 'ava';
import {
  FACILITIES,
  facilityNumber,
  priorityValue,
  SEVERITIES,
  type Severity,
  splitPriority,
} from '../../src/syslog/priority.js';

test('every facility is found by its name and by its number', (t) => {
  t.is(FACILITIES.length, 24);
  for (const [number, name] of FACILITIES.entries()) {
    t.is(facilityNumber(name), number);
    t.is(facilityNumber(name.toUpperCase()), number);
    t.is(facilityNumber(String(number)), number);
  }
});

for (const text of ['', '24', '-1', '01', '1.5', 'authprivate', 'local8', ' 1']) {
  test(`${JSON.stringify(text)} is no facility`, (t) => {
    t.is(facilityNumber(text), undefined);
  });
}

test('a priority is eight times the facility plus the severity, and splits again', (t) => {
  t.is(priorityValue(10, 5), 85);
  t.is(priorityValue(23, 7), 191);
  for (const facility of FACILITIES.keys()) {
    for (const severity of SEVERITIES.keys()) {
      t.deepEqual(splitPriority(priorityValue(facility, severity as Severity)), { facility, severity });
    }
  }
});
