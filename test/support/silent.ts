/** A report that nobody reads, for parts whose log is not the test's matter. */
import type { Report } from '../../src/model/report.js';

const ignore = () => {};

export const silent: Report = { debug: ignore, info: ignore, notice: ignore, warning: ignore, error: ignore };
