const plain: Readonly<Record<string, string>> = {
  '✓': '+',
  '✗': 'x',
  '▶': '>',
  '◆': '*',
  '↶': '<',
  '│': '|',
  '─': '-',
  '→': '->',
  '←': '<-',
  '↑': 'up',
  '↓': 'down',
  '⏎': 'enter',
  '…': '...',
  '·': '-',
  '–': '-',
  '—': '-',
  '▁': '_',
  '▂': '.',
  '▃': '-',
  '▄': '=',
  '▅': '+',
  '▆': 'o',
  '▇': 'O',
  '█': '#',
  '≤': '<=',
  '≥': '>=',
  '×': 'x',
  '‘': "'",
  '’': "'",
  '“': '"',
  '”': '"',
};

/** Whether the terminal's locale says UTF-8 (POSIX: LC_ALL before LC_CTYPE before LANG; none set means plain ASCII). */
export function speaksUnicode(variables: Readonly<Record<string, string | undefined>>): boolean {
  const locale = variables.LC_ALL || variables.LC_CTYPE || variables.LANG || '';
  return /utf-?8/i.test(locale);
}

/** The text in ASCII: known symbols by a likeness, others as `\u{…}`. Keeps control codes such as colours. */
export function toAscii(text: string): string {
  return text.replace(/[^\x00-\x7f]/gu, (character) => {
    return plain[character] ?? `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`;
  });
}
