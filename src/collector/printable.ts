/**
 * Text from the other side, fit for one line of a terminal or a log: control
 * characters (C0, DEL and C1) become `\x1b`, so that no client can move the
 * cursor, forge a line or colour a lie.
 */
export function printable(text: string): string {
  return text.replaceAll(/\p{Cc}/gu, (control) => `\\x${control.charCodeAt(0).toString(16).padStart(2, '0')}`);
}
