/** Colour for a terminal; plain text for everything else, and where NO_COLOR is set (no-color.org). */
import { styleText } from 'node:util';

type Style = Parameters<typeof styleText>[0];
export type Paint = (style: Style, text: string) => string;

export function painter(isTerminal: boolean, env: NodeJS.ProcessEnv): Paint {
  // Whether it is a terminal was decided for this stream; left to itself, styleText would look at another one.
  return isTerminal && !env.NO_COLOR
    ? (style, text) => styleText(style, text, { validateStream: false })
    : (_style, text) => text;
}
