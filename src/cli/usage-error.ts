/** The command line or the configuration is wrong: nothing was tried, exit status 2. */
import { AgentError, type ErrorDetail } from '../lib/errors.js';

export class UsageError extends AgentError {
  readonly exitStatus = 2;

  constructor(message: string, detail: ErrorDetail = {}) {
    super('usage', message, detail);
  }
}
