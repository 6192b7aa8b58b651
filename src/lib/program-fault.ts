/**
 * Says of an exception of our own code what may stand in a log: its kind and the
 * place in the program. Its message is left out, because it may quote the input,
 * as that of JSON.parse does.
 */
export function programFault(error: unknown): string {
  if (!(error instanceof Error)) return typeof error;
  const { name, message, stack = '' } = error;
  const place = /[\w.-]+\.[cm]?[jt]s:\d+:\d+/.exec(stack.replace(message, () => ''));
  return place === null ? name : `${name} at ${place[0]}`;
}
