/**
 * Restores the control characters of a message that rsyslog stored: unless told
 * otherwise it writes `#` and three octal digits (`#012` is LF). So one message is the
 * same in every store. A line that held the four characters `#012` itself cannot be
 * told from one that held LF.
 */
const HASH = 0x23;
const ESCAPED = /#(0[0-3][0-7]|177)/g;

/** The message itself when nothing in it looks escaped. */
export function restored(message: Buffer): Buffer {
  if (!message.includes(HASH)) return message;
  const octets = message.toString('latin1');
  const back = octets.replaceAll(ESCAPED, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)));
  return back.length === octets.length ? message : Buffer.from(back, 'latin1');
}
