/**
 * What can move a cursor, hide text, reorder it, or break a line: control characters (C0, C1, DEL), format characters
 * (bidirectional controls, zero-width, tags), line and paragraph separators, lone surrogates, and whatever Unicode
 * lets a screen ignore (variation selectors, fillers).
 */
const unseen = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\p{Default_Ignorable_Code_Point}]/gu;

/** The text with every unseen character as `\x1b`, `\u202e` or `\u{e0041}`; those of `keep` stay as they are. */
export function makeVisible(text: string, keep = ''): string {
  return text.replace(unseen, (character) => (keep.includes(character) ? character : spell(character)));
}

function spell(character: string): string {
  const code = character.codePointAt(0) ?? 0;
  if (code <= 0xff) return `\\x${code.toString(16).padStart(2, '0')}`;
  return code <= 0xffff ? `\\u${code.toString(16).padStart(4, '0')}` : `\\u{${code.toString(16)}}`;
}

/** JSON text with every unseen character within its strings escaped: the same values, in lines that nothing breaks. */
export function escapeUnseen(json: string): string {
  return json.replace(unseen, (character) => {
    // Between tokens, where JSON was laid out for people.
    if (character === '\n') return character;
    return character
      .split('')
      .map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
      .join('');
  });
}

/** Whether text is what it looks like: nothing unseen, and no letters of scripts that look alike side by side. */
export function isPlainText(text: string): boolean {
  return makeVisible(text) === text && lookAlike.filter((script) => script.test(text)).length <= 1;
}

/** Scripts whose letters pass for one another (Unicode Technical Standard 39, confusables). */
const lookAlike: readonly RegExp[] = [
  /\p{Script=Latin}/u,
  /\p{Script=Cyrillic}/u,
  /\p{Script=Greek}/u,
  /\p{Script=Armenian}/u,
  /\p{Script=Cherokee}/u,
];
