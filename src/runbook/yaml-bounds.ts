import { CST, Lexer } from 'yaml';

/** What keeps a file from being read at all: where in the text, and why. Checked before anything recursive runs. */
export type TextProblem = { offset: number; what: string; remedy: string };

const maxCharacters = 512 * 1024;
const maxDepth = 24;
const maxIndent = 120;
const maxAliases = 16;

/** Why the text must not be parsed: its encoding, its size, its nesting or its aliases. Nesting is bounded because the parser recurses. */
export function findTextProblem(text: string): TextProblem | undefined {
  if (text.length > maxCharacters) {
    return {
      offset: 0,
      what: `the file is larger than ${maxCharacters / 1024} KB`,
      remedy: 'split it, or remove what is not needed',
    };
  }
  return findCharacterProblem(text) ?? findNestingProblem(text);
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

function findNestingProblem(text: string): TextProblem | undefined {
  let offset = 0;
  let flowDepth = 0;
  let marksOnLine = 0;
  let aliases = 0;
  let atLineStart = true;
  let isContent = false;
  for (const token of new Lexer().lex(text)) {
    if (isContent) {
      isContent = false;
      offset += token.length;
      atLineStart = token.endsWith('\n');
      continue;
    }
    const type = CST.tokenType(token);
    if (type === 'flow-seq-start' || type === 'flow-map-start') flowDepth += 1;
    if (type === 'flow-seq-end' || type === 'flow-map-end') flowDepth -= 1;
    if (type === 'seq-item-ind' || type === 'explicit-key-ind') marksOnLine += 1;
    if (type === 'alias') aliases += 1;
    const indent = type === 'space' && atLineStart ? token.length : 0;
    if (flowDepth > maxDepth || marksOnLine > maxDepth || indent > maxIndent) {
      return { offset, what: 'the file is nested too deeply', remedy: `keep it under ${maxDepth} levels` };
    }
    if (aliases > maxAliases) {
      return { offset, what: `the file uses more than ${maxAliases} aliases`, remedy: 'write the repeated parts out' };
    }
    atLineStart = type === 'newline';
    if (atLineStart) marksOnLine = 0;
    isContent = type === 'scalar';
    if (token !== CST.DOCUMENT && token !== CST.FLOW_END && token !== CST.SCALAR) offset += token.length;
  }
  return undefined;
}
