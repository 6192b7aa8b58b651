/**
 * Text of others, such as a file's name, as a person, a terminal, a log or the
 * wire may get it: what controls a terminal, reorders or hides text, or is not
 * UTF-8 (file-names.ts) is escaped. Pure.
 */

// C0 and C1 controls, DEL; what reverses or hides text (bidirectional controls, zero-width characters, line and
// paragraph separators, the byte order mark); surrogates without their other half.
export const UNPRINTABLE = /[\p{Cc}\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\p{Cs}]/u;

/** Escaped as in the shell's `$'lat\xfc1.log'`: then a backslash is doubled, too. */
export function printable(text: string): string {
  if (!UNPRINTABLE.test(text)) return text;
  return Array.from(text, printableCharacter).join('');
}

function printableCharacter(character: string): string {
  if (character === '\\') return '\\\\';
  if (!UNPRINTABLE.test(character)) return character;
  const code = character.codePointAt(0)!;
  if (code >= 0xdc80 && code <= 0xdcff) return hex('\\x', code & 0xff, 2);
  return code < 0x80 ? hex('\\x', code, 2) : hex('\\u', code, 4);
}

function hex(prefix: string, value: number, digits: number): string {
  return prefix + value.toString(16).padStart(digits, '0');
}

/** As a shell takes it for one word, whatever stands in it, without anything that a terminal would act on. */
export function shellWord(text: string): string {
  if (/^[\w@%+=:,./-]+$/.test(text)) return text;
  if (!UNPRINTABLE.test(text)) return `'${text.replaceAll("'", "'\\''")}'`;
  const escaped = Array.from(text, (character) => {
    if (character === '\\' || character === "'") return `\\${character}`;
    if (!UNPRINTABLE.test(character)) return character;
    const code = character.codePointAt(0)!;
    const bytes = code >= 0xdc80 && code <= 0xdcff ? [code & 0xff] : [...Buffer.from(character)];
    return bytes.map((byte) => hex('\\x', byte, 2)).join('');
  });
  return `$'${escaped.join('')}'`;
}
