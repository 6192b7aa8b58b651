/**
 * What an exception of our own code may be called in a log: its kind and the
 * place in the program. Its message may quote what was being worked on, as that
 * of JSON.parse does, and is left out.
 */
export function programFault(error: unknown): string {
  if (!(error instanceof Error)) return typeof error;
  const { name, message, stack = '' } = error;
  const place = /[\w.-]+\.[cm]?[jt]s:\d+:\d+/.exec(stack.replace(message, () => ''));
  return place === null ? name : `${name} at ${place[0]}`;
}
