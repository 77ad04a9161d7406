/**
 * Control characters (C0, C1, DEL, ESC, CR), format characters (bidirectional overrides, zero-width, soft hyphens,
 * tags), line and paragraph separators, and lone surrogates: what can move a cursor, hide text or reorder it.
 */
const dangerous = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu;

/**
 * Makes text from outside (providers, files, other people's comments) safe to show on one line: nothing that a
 * terminal would act on is left, and what was there is visible as `\x1b` or `\u202e`. A tab becomes two spaces.
 */
export function sanitise(text: string): string {
  return text.replace(dangerous, (character) => {
    if (character === '\t') return '  ';
    const code = character.codePointAt(0) ?? 0;
    if (code <= 0xff) return `\\x${code.toString(16).padStart(2, '0')}`;
    return code <= 0xffff ? `\\u${code.toString(16).padStart(4, '0')}` : `\\u{${code.toString(16)}}`;
  });
}

/** The same for text that may have several lines: line feeds (also after CR) part it, the rest is made visible. */
export function sanitiseLines(text: string): string[] {
  return text.split(/\r?\n/).map(sanitise);
}
