/** Errors that an administrator reads: what happened, where, why, and what to do next. Worded once, where the fault is known. */

export interface ErrorDetail {
  /** What to do next, an imperative sentence without a full stop; commands stand in it as they are typed. */
  readonly hint?: string;
  readonly cause?: unknown;
}

export class AgentError extends Error {
  override readonly name = 'AgentError';
  readonly hint: string | undefined;

  /** `code` is for programs and tests, a few words joined by hyphens: `key-unreadable`. */
  constructor(
    readonly code: string,
    message: string,
    detail: ErrorDetail = {},
  ) {
    super(message, detail.cause === undefined ? undefined : { cause: detail.cause });
    this.hint = detail.hint;
  }
}

/** The operating system's code (`ENOENT` …) or OpenSSL's, or an empty string. */
export function systemCode(error: unknown): string {
  if (typeof error !== 'object' || error === null || !('code' in error)) return '';
  return typeof error.code === 'string' ? error.code : '';
}

/** The message of whatever was thrown, on one line. */
export function reasonOf(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).replaceAll(/\s*\n\s*/g, ' ');
}
