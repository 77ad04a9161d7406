/** A piece of an expression's text: `[start, end)`. */
type Token = { kind: 'word' | 'number' | 'text' | 'mark'; start: number; end: number };

/** Cuts CEL text into tokens; spaces and comments are left out. Unclosed text reaches to the end. */
function* scanExpression(source: string, from = 0): Generator<Token> {
  let position = from;
  let afterDot = false;
  while (position < source.length) {
    const blank = /^(\s+|\/\/[^\n]*)/.exec(source.slice(position));
    if (blank) {
      position += blank[0].length;
      continue;
    }
    const token = readToken(source, position, afterDot);
    yield token;
    afterDot = token.kind === 'mark' && source[token.start] === '.';
    position = token.end;
  }
}

function readToken(source: string, start: number, afterDot: boolean): Token {
  const rest = source.slice(start);
  const quotes = /^[rRbB]?("""|'''|"|')/.exec(rest);
  if (quotes)
    return {
      kind: 'text',
      start,
      end: endOfText(source, start + quotes[0].length, quotes[1] ?? '"', /^[rR]/.test(rest)),
    };
  // Names after a dot may hold dashes, as ids and keys in YAML do: steps.war-room.outputs.
  const word = (afterDot ? /^[A-Za-z_]\w*(-\w+)*/ : /^[A-Za-z_]\w*/).exec(rest);
  if (word) return { kind: 'word', start, end: start + word[0].length };
  const number = /^\d\w*(\.\d\w*)?/.exec(rest);
  if (number) return { kind: 'number', start, end: start + number[0].length };
  return { kind: 'mark', start, end: start + 1 };
}

function endOfText(source: string, start: number, quotes: string, raw: boolean): number {
  for (let position = start; position < source.length; position += 1) {
    if (source.startsWith(quotes, position)) return position + quotes.length;
    if (source[position] === '\\' && !raw) position += 1;
  }
  return source.length;
}

/**
 * The expression as the CEL library reads it, character for character as long as the original, so that places stay
 * right: dashes in names become underscores (the names are put back after parsing), and `has` and `matches` lead to
 * the versions that this program defines.
 */
export function toLibraryText(source: string): string {
  if (!/-|has|matches/.test(source)) return source;
  const characters = source.split('');
  let previous = '';
  for (const token of scanExpression(source)) {
    const word = source.slice(token.start, token.end);
    if (token.kind === 'word') {
      const isMember = previous === '.';
      if ((word === 'has' && !isMember) || (word === 'matches' && isMember)) {
        characters[token.start] = word.charAt(0).toUpperCase();
      }
      for (let index = token.start; index < token.end; index += 1) {
        if (characters[index] === '-') characters[index] = '_';
      }
    }
    previous = word;
  }
  return characters.join('');
}

/** Where the `}}` stands that closes an expression which begins at `from`; undefined when there is none. */
export function findClosing(text: string, from: number): number | undefined {
  let depth = 0;
  for (const { kind, start } of scanExpression(text, from)) {
    if (kind !== 'mark') continue;
    if (text[start] === '{') depth += 1;
    if (text[start] !== '}') continue;
    if (depth > 0) depth -= 1;
    else return text[start + 1] === '}' ? start : undefined;
  }
  return undefined;
}
