/**
 * Manual pages in the man macros, as man(7) of groff and of mandoc describes
 * them. Words are not hyphenated, nor lines filled to the margin: names of files
 * and keys are copied from here.
 */

const COLUMNS = 78;

/** Running text: nothing in it is taken for a request or an escape. */
export function prose(text: string): string {
  return wrapped(escaped(text))
    .replaceAll('…', '...')
    .replaceAll('’', '\\(cq')
    .replaceAll(/(?<![\w-])-{1,2}(?=\w)/g, (hyphens) => '\\-'.repeat(hyphens.length))
    .replaceAll(/^(?=[.'])/gm, '\\&');
}

/** As it is typed: a hyphen stays what a shell takes for one. */
export function typed(text: string): string {
  return escaped(text)
    .replaceAll('-', '\\-')
    .replaceAll(/^(?=[.'])/gm, '\\&');
}

export function bold(text: string): string {
  return `\\fB${typed(text)}\\fR`;
}

/** `--config <file>`: what is typed bold, what stands for something else slanted. */
export function term(text: string): string {
  return text
    .split(/(<[^>]+>|\[[^\]]+\])/)
    .filter((part) => part !== '')
    .map((part) => (/^[<[]/.test(part) ? placeholder(part) : bold(part)))
    .join('');
}

export function title(page: { name: string; section: number; epoch: number; version: string; manual: string }): string {
  const date = new Date(page.epoch * 1000).toISOString().slice(0, 10);
  const name = typed(page.name.toUpperCase());
  return `.TH ${name} ${page.section} ${date} "${typed(page.name)} ${page.version}" "${page.manual}"\n.nh\n.ad l`;
}

export function section(heading: string, ...blocks: readonly string[]): string {
  return [`.SH ${heading}`, ...blocks].join('\n');
}

export function subsection(heading: string, ...blocks: readonly string[]): string {
  return [`.SS ${heading}`, ...blocks].join('\n');
}

export function paragraph(text: string): string {
  return `.PP\n${text}`;
}

export function verbatim(lines: readonly string[]): string {
  return ['.RS 4', '.EX', ...lines.map(typed), '.EE', '.RE'].join('\n');
}

export function tagged(tag: string, text: string): string {
  return `.TP\n${tag}\n${text}`;
}

function wrapped(text: string): string {
  return text.replaceAll(new RegExp(`(?=.{${COLUMNS}})(.{1,${COLUMNS}}) +`, 'g'), '$1\n');
}

function escaped(text: string): string {
  return text.replaceAll('\\', '\\e');
}

function placeholder(text: string): string {
  const inner = `\\fI${typed(text.slice(1, -1))}\\fR`;
  return text.startsWith('<') ? inner : `[${inner}]`;
}
