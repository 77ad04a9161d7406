import { type CST, Lexer, Parser } from 'yaml';

/** What keeps a file from being read at all: where in the text, and why. */
export type TextProblem = { offset: number; what: string; remedy: string };

const maxCharacters = 512 * 1024;
const maxLexemes = 50_000;
const maxDepth = 24;
const maxAliases = 16;

/** Why the text must not be parsed: its size or its characters. */
export function findTextProblem(text: string): TextProblem | undefined {
  if (text.length > maxCharacters) {
    return {
      offset: 0,
      what: `the file is larger than ${maxCharacters / 1024} KB`,
      remedy: 'split it, or remove what is not needed',
    };
  }
  return findCharacterProblem(text);
}

function findCharacterProblem(text: string): TextProblem | undefined {
  if (text.startsWith('\uFEFF')) {
    return { offset: 0, what: 'the file begins with a byte order mark', remedy: 'save it as UTF-8 without BOM' };
  }
  const replaced = text.indexOf('\uFFFD');
  if (replaced >= 0) return { offset: replaced, what: 'the file is not UTF-8', remedy: 'save it as UTF-8' };
  const lonelyReturn = text.search(/\r(?!\n)/);
  if (lonelyReturn >= 0) {
    return {
      offset: lonelyReturn,
      what: 'a line ends in a carriage return alone',
      remedy: 'save the file with LF line ends',
    };
  }
  return findHiddenCharacter(text);
}

/**
 * A character that cannot be seen in the text, or that shows the text as another than it is: in a file as it stands,
 * or in a value, where the escapes of YAML (`"\e"`, `"\u202E"`) put it.
 */
export function findHiddenCharacter(text: string): TextProblem | undefined {
  const offset = text.search(hidden);
  if (offset < 0) return undefined;
  const code = `U+${text.charCodeAt(offset).toString(16).toUpperCase().padStart(4, '0')}`;
  if (/[\uD800-\uDFFF]/.test(text.charAt(offset))) {
    return { offset, what: `there is half a character here (${code})`, remedy: 'remove it' };
  }
  return reordering.test(text.charAt(offset))
    ? { offset, what: `there is a mark here that shows text in another order (${code})`, remedy: 'remove it' }
    : { offset, what: `there is a control character here (${code})`, remedy: 'remove it' };
}

/** Unicode's explicit marks of direction (UAX 9, section 2), by which a line can be made to read as another one. */
const reordering = /[\u202A-\u202E\u2066-\u2069]/;

/** These, and what YAML 1.2 does not count as printable (section 5.1): controls but for tab and line ends, lone surrogates. */
const hidden =
  /[\u0000-\u0008\u000B\u000C\u000E-\u001F\u007F-\u0084\u0086-\u009F\u202A-\u202E\u2066-\u2069\uFFFE\uFFFF]|[\uD800-\uDBFF](?![\uDC00-\uDFFF])|(?<![\uD800-\uDBFF])[\uDC00-\uDFFF]/;

/**
 * The text as the parser's tokens, read no further than a file that people write needs: what follows (composing,
 * complaining) takes time by the number of its parts, and a file of nothing but brackets has one a character.
 */
export function tokenise(text: string): { tokens: CST.Token[] } | { problem: TextProblem } {
  const parser = new Parser();
  const tokens: CST.Token[] = [];
  let lexemes = 0;
  for (const lexeme of new Lexer().lex(text)) {
    lexemes += 1;
    if (lexemes > maxLexemes) {
      const what = 'the file has too many parts';
      return { problem: { offset: parser.offset, what, remedy: 'split it, or remove what is not needed' } };
    }
    tokens.push(...parser.next(lexeme));
  }
  tokens.push(...parser.end());
  return { tokens };
}

/**
 * Why parsed text must not be composed into values: its nesting or its aliases. Composing recurses, so that a file of
 * brackets would end the process; the parser itself and this walk do not.
 */
export function findNestingProblem(documents: readonly CST.Token[]): TextProblem | undefined {
  let aliases = 0;
  const open: { token: CST.Token | null | undefined; depth: number }[] = documents.map((token) => ({
    token,
    depth: 0,
  }));
  open.reverse();
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const { token, depth } = next;
    if (!token) continue;
    if (token.type === 'alias') aliases += 1;
    if (aliases > maxAliases) {
      const what = `the file uses more than ${maxAliases} aliases`;
      return { offset: token.offset, what, remedy: 'write the repeated parts out' };
    }
    if (token.type === 'document') open.push({ token: token.value, depth });
    if (!('items' in token)) continue;
    if (depth >= maxDepth) {
      const what = 'the file is nested too deeply';
      return { offset: token.offset, what, remedy: `keep it under ${maxDepth} levels` };
    }
    for (const { key, value } of [...token.items].reverse()) {
      open.push({ token: value, depth: depth + 1 }, { token: key, depth: depth + 1 });
    }
  }
  return undefined;
}
