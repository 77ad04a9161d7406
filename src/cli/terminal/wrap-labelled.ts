import type { OutputPort } from '../../world/world.ts';
import { wrapWords } from './wrap.ts';

/** As on a screen, no line is longer than this. */
const widest = 100;

/**
 * Lines that begin with a label, for people: on a terminal what does not fit goes on below the label's text. Anywhere else
 * (a pipe, a file) each line stays whole. Lines after the first are indented.
 */
export function wrapLabelled(
  { isTTY, columns }: Pick<OutputPort, 'isTTY' | 'columns'>,
  label: string,
  text: string,
): string {
  const [first = '', ...more] = text.split('\n');
  const lines = [`${label} ${first}`, ...more.map((line) => `  ${line}`)];
  if (!isTTY) return lines.join('\n');
  const width = Math.min(widest, columns());
  return lines.flatMap((line, at) => wrapWords(line, width, { hanging: at === 0 ? label.length + 1 : 4 })).join('\n');
}
