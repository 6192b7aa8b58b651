/**
 * Writes text as XML 1.0 allows it (section 2.2), in octet strings of UTF-8
 * (`lib/octets.ts`). Control characters, the two noncharacters and unpaired
 * surrogates, which XML cannot hold, become U+FFFD; so do TAB, CR and LF, which an
 * attribute would lose and which break a store of one message a line. What must
 * arrive octet for octet travels in a ParticipantObjectDetail, in base64.
 */
import { cutOctets, REPLACEMENT, toOctets } from '../lib/octets.js';

/** For an attribute in double quotes or for content; what takes more than `room` octets is cut and ends in an ellipsis. */
export function xmlText(text: string, room: number): string {
  if (text.length <= room && PLAIN.test(text)) return text;
  // A character takes an octet at least, so what is cut here would not have fitted.
  const shown = text.length > room ? text.slice(0, Math.max(0, room)) : text;
  const octets = toOctets(shown.replaceAll(NOT_XML, REPLACEMENT));
  const whole = escaped(octets);
  return shown === text && whole.length <= room ? whole : shortened(octets, room);
}

/** For an attribute of type xsd:token, which is nothing when it holds nothing but white space. */
export function xmlToken(text: string, room: number): string {
  return xmlText(text.trim() || 'unknown', room);
}

const PLAIN = /^[ !#-%'-;=?-~]*$/;
const NOT_XML = /[\p{Cc}\ufffe\uffff]/gu;
const MARKUP = /[&<>"]/g;
const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };
const LONGEST_ENTITY = 6;
const ELLIPSIS = toOctets('…');

function escaped(octets: string): string {
  return octets.replaceAll(MARKUP, (character) => ENTITIES[character]!);
}

function shortened(octets: string, room: number): string {
  let kept = cutOctets(octets, room - ELLIPSIS.length);
  while (kept !== '') {
    const text = escaped(kept) + ELLIPSIS;
    if (text.length <= room) return text;
    // Each octet taken away saves an entity at most, so this never takes one too many.
    kept = cutOctets(kept, kept.length - Math.ceil((text.length - room) / LONGEST_ENTITY));
  }
  return '';
}
