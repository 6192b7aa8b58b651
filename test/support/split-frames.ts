/** RFC 5425 frames as a test reads them: on its own, so that a fault in the product's reader cannot hide one in its writer. */

const SPACE = 0x20;

/** The messages of a stream, and the start of a frame that is not complete. Throws at what is no frame. */
export function splitFrames(stream: Buffer): { messages: Buffer[]; rest: Buffer } {
  const messages: Buffer[] = [];
  let at = 0;
  for (;;) {
    const space = stream.indexOf(SPACE, at);
    const count = stream.toString('latin1', at, space === -1 ? stream.length : space);
    if (count !== '' && !/^[1-9][0-9]*$/.test(count)) throw new Error(`no frame at octet ${at}: ${count.slice(0, 20)}`);
    const end = space + 1 + Number(count);
    if (space === -1 || end > stream.length) return { messages, rest: stream.subarray(at) };
    messages.push(stream.subarray(space + 1, end));
    at = end;
  }
}
