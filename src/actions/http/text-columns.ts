/** The widest line of a summary. */
export const lineWidth = 64;

/** Characters of a headline, which may be wrapped. */
export const headlineWidth = 76;

/** Fills or cuts a text to a width. */
export function toWidth(text: string, width: number): string {
  return text.length > width ? `${text.slice(0, width - 1)}…` : text.padEnd(width);
}

/** Breaks a text into lines between words; lines after the first are indented. A word longer than a line is cut. */
export function wrapText(text: string, indent = '  ', width: number = lineWidth): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(/\s+/).filter((part) => part !== '')) {
    const lead = lines.length === 0 ? '' : indent;
    if (line === '') line = lead + word;
    else if (line.length + 1 + word.length <= width) line += ` ${word}`;
    else {
      lines.push(toWidth(line, width).trimEnd());
      line = indent + word;
    }
  }
  return line === '' ? lines : [...lines, toWidth(line, width).trimEnd()];
}

/** Joins as many facts as fit in a line, in order and the first in any case; the others are the rest. */
export function fillLine(facts: readonly string[]): { fitting: string; rest: string } {
  let shown = 1;
  while (shown < facts.length && facts.slice(0, shown + 1).join(', ').length <= headlineWidth) shown += 1;
  return {
    fitting: toWidth(facts.slice(0, shown).join(', '), headlineWidth).trimEnd(),
    rest: facts.slice(shown).join(', '),
  };
}
