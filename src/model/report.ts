/**
 * How a part says what happened: a constant sentence and facts beside it. Positions,
 * lengths and codes are facts; an audit line, a patient or a user never is.
 */
export type Facts = Readonly<Record<string, string | number | boolean | undefined>>;

export interface Report {
  debug(message: string, facts?: Facts): void;
  info(message: string, facts?: Facts): void;
  notice(message: string, facts?: Facts): void;
  warning(message: string, facts?: Facts): void;
  error(message: string, facts?: Facts): void;
}
