/** A report and a list of problems that nobody reads, for parts whose messages are not the test's matter. */
import type { RaisesProblems } from '../../src/lib/problems.js';
import type { Report } from '../../src/model/report.js';

const ignore = () => {};

export const silent: Report = { debug: ignore, info: ignore, notice: ignore, warning: ignore, error: ignore };
export const silentProblems: RaisesProblems = { raise: ignore, clear: ignore, happened: ignore };
