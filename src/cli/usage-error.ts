/** The command line is wrong: nothing was tried, exit status 2. */
import { AgentError, type ErrorDetail } from '../lib/errors.js';

export class UsageError extends AgentError {
  constructor(message: string, detail: ErrorDetail = {}) {
    super('usage', message, detail);
  }
}
