import type { CST } from 'yaml';

/** What keeps a file from being read at all: where in the text, and why. */
export type TextProblem = { offset: number; what: string; remedy: string };

const maxCharacters = 512 * 1024;
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
  const control = text.search(/[\u0000-\u0008\u000B\u000C\u000E-\u001F\u007F]/);
  if (control >= 0) {
    const code = text.charCodeAt(control).toString(16).toUpperCase().padStart(4, '0');
    return { offset: control, what: `the file holds a control character (U+${code})`, remedy: 'remove it' };
  }
  return undefined;
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
