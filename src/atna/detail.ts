/**
 * Writes ParticipantObjectDetail, PS3.15 section A.5.1: `type` and a value in
 * base64, which keeps any octets as they were. Only here is anything of an audit
 * message cut: a value that does not fit ends with a marker that says so.
 */

export type Detail = readonly [type: string, value: string | Buffer];

/** One detail, whole. `type` is a name of ours, in plain ASCII. */
export function detail(type: string, value: string | Buffer): string {
  return OPEN + type + MIDDLE + base64(value) + CLOSE;
}

/** As many as fit into `room` octets, in their order; one that would not is shortened, or left out when nothing of it could be shown. */
export function detailsWithin(details: Iterable<Detail>, room: number): string {
  let written = '';
  for (const [type, value] of details) {
    const space = room - written.length - AROUND - type.length;
    const bytes = value.length <= space / MOST_GROWTH ? value : base64Within(octetsOf(value), space);
    if (bytes !== undefined) written += detail(type, bytes);
  }
  return written;
}

/** The octets of which the base64 form takes `room` at most: all of them, or the first ones and the marker. */
export function base64Within(bytes: Buffer, room: number): Buffer | undefined {
  const most = Math.floor(room / 4) * 3;
  if (bytes.length <= most) return bytes;
  const marker = Buffer.from(`… [cut: ${bytes.length} octets in all]`);
  const kept = most - marker.length;
  if (kept <= 0) return undefined;
  return Buffer.concat([bytes.subarray(0, characterStart(bytes, kept)), marker]);
}

/** Reads details in the order of the text, whatever stands between them. */
export function readDetails(xml: string): [type: string, value: string][] {
  return [...xml.matchAll(DETAIL)].map(([, type, value]) => [type!, Buffer.from(value!, 'base64').toString('utf8')]);
}

function octetsOf(value: string | Buffer): Buffer {
  return typeof value === 'string' ? Buffer.from(value, 'utf8') : value;
}

/** A dozen in each message, nearly all of them ASCII: `btoa` takes a third of the time. */
function base64(value: string | Buffer): string {
  return typeof value === 'string' && ASCII.test(value) ? btoa(value) : octetsOf(value).toString('base64');
}

const ASCII = /^[\0-\x7f]*$/;
/** Octets of base64 that a character becomes at most: it has three in UTF-8, or stands in a group alone. */
const MOST_GROWTH = 4;
const OPEN = '<ParticipantObjectDetail type="';
const MIDDLE = '" value="';
const CLOSE = '"/>';
const AROUND = (OPEN + MIDDLE + CLOSE).length;
const DETAIL = /<ParticipantObjectDetail type="([\w-]+)" value="([A-Za-z\d+/=]*)"\/>/g;

/** The start of the UTF-8 character that `at` lies in; `at` itself for what is no UTF-8. */
function characterStart(bytes: Buffer, at: number): number {
  for (let back = 0; back < 4; back++) if ((bytes[at - back]! & 0xc0) !== 0x80) return at - back;
  return at;
}
