/** Whether a character fits. */
export type Test = (character: string) => boolean;

/** Whether a place between two characters fits. */
export type Assertion = (before: string | undefined, after: string | undefined) => boolean;

/** A regular expression as a tree. */
export type PatternNode =
  | { kind: 'character'; test: Test }
  | { kind: 'assert'; holds: Assertion }
  | { kind: 'sequence'; parts: PatternNode[] }
  | { kind: 'choice'; branches: PatternNode[] }
  | { kind: 'repeat'; node: PatternNode; least: number; most: number };

const isWord = (character: string | undefined): boolean => character !== undefined && /^[0-9A-Za-z_]$/.test(character);
const classes: Readonly<Record<string, Test>> = {
  d: (character) => character >= '0' && character <= '9',
  w: isWord,
  s: (character) => /^[\t\n\f\r ]$/.test(character),
};
const controls: Readonly<Record<string, string>> = { n: '\n', t: '\t', r: '\r', f: '\f', v: '\v' };

/** A pattern as a tree, or what is wrong with it. Recursion is bounded by the pattern’s length, which the caller limits. */
export function parsePattern(pattern: string): { node: PatternNode } | { error: string } {
  const characters = Array.from(pattern);
  let position = 0;
  let error: string | undefined;
  let ignoreCase = false;
  const fail = (message: string): PatternNode => {
    error ??= message;
    position = characters.length;
    return { kind: 'sequence', parts: [] };
  };
  const literal = (wanted: string): Test =>
    ignoreCase ? (character) => character.toLowerCase() === wanted.toLowerCase() : (character) => character === wanted;

  const parseChoice = (): PatternNode => {
    const branches = [parseSequence()];
    while (characters[position] === '|') {
      position += 1;
      branches.push(parseSequence());
    }
    return branches.length === 1 && branches[0] ? branches[0] : { kind: 'choice', branches };
  };

  const parseSequence = (): PatternNode => {
    const parts: PatternNode[] = [];
    while (position < characters.length && characters[position] !== '|' && characters[position] !== ')') {
      parts.push(parseRepeat(parseAtom()));
    }
    return { kind: 'sequence', parts };
  };

  const parseRepeat = (node: PatternNode): PatternNode => {
    const rest = characters.slice(position, position + 12).join('');
    const bounds = /^(?:[*+?]|\{(\d{1,3})(,?)(\d{0,3})\})/.exec(rest);
    if (!bounds)
      return rest.startsWith('{') ? fail('a { here must be a repetition such as {2,3}, or be escaped') : node;
    position += bounds[0].length;
    if (characters[position] === '?') position += 1;
    if (/^[*+?{]/.test(characters[position] ?? '')) return fail('a repetition is repeated');
    const infinite = Number.POSITIVE_INFINITY;
    if (bounds[0] === '*') return { kind: 'repeat', node, least: 0, most: infinite };
    if (bounds[0] === '+') return { kind: 'repeat', node, least: 1, most: infinite };
    if (bounds[0] === '?') return { kind: 'repeat', node, least: 0, most: 1 };
    const least = Number(bounds[1]);
    const most = bounds[2] === '' ? least : bounds[3] === '' ? infinite : Number(bounds[3]);
    return most < least ? fail('a repetition ends before it begins') : { kind: 'repeat', node, least, most };
  };

  const parseAtom = (): PatternNode => {
    const character = characters[position] ?? '';
    position += 1;
    switch (character) {
      case '(':
        return parseGroup();
      case '[':
        return parseClass();
      case '.':
        return { kind: 'character', test: (found) => found !== '\n' };
      case '^':
        return { kind: 'assert', holds: (before) => before === undefined };
      case '$':
        return { kind: 'assert', holds: (_, after) => after === undefined };
      case '*':
      case '+':
      case '?':
      case '{':
        return fail(`nothing stands before the ${character}`);
      case '\\':
        return parseEscape();
      default:
        return { kind: 'character', test: literal(character) };
    }
  };

  const parseGroup = (): PatternNode => {
    if (characters[position] === '?') {
      if (characters[position + 1] !== ':')
        return fail('only (?: … ) groups are understood, and (?i) at the beginning');
      position += 2;
    }
    const node = parseChoice();
    if (characters[position] !== ')') return fail('a ( is not closed');
    position += 1;
    return node;
  };

  const parseEscape = (): PatternNode => {
    const character = characters[position];
    if (character === undefined) return fail('the pattern ends in a backslash');
    position += 1;
    if (character === 'b') return { kind: 'assert', holds: (before, after) => isWord(before) !== isWord(after) };
    if (character === 'B') return { kind: 'assert', holds: (before, after) => isWord(before) === isWord(after) };
    const test = escaped(character);
    return test ? { kind: 'character', test } : fail(`\\${character} is not understood`);
  };

  const escaped = (character: string): Test | undefined => {
    const known = classes[character];
    if (known) return known;
    const opposite = classes[character.toLowerCase()];
    if (opposite && /[DWS]/.test(character)) return (found) => !opposite(found);
    if (/[0-9A-Za-z]/.test(character) && controls[character] === undefined) return undefined;
    return literal(controls[character] ?? character);
  };

  const parseClass = (): PatternNode => {
    const negated = characters[position] === '^';
    if (negated) position += 1;
    const tests: Test[] = [];
    for (let first = true; characters[position] !== ']' || first; first = false) {
      const from = characters[position];
      if (from === undefined) return fail('a [ is not closed');
      position += 1;
      if (from === '\\') {
        const test = escaped(characters[position] ?? '');
        if (!test || characters[position] === undefined)
          return fail(`\\${characters[position] ?? ''} is not understood`);
        position += 1;
        tests.push(test);
        continue;
      }
      const to = characters[position + 1];
      if (characters[position] !== '-' || to === undefined || to === ']') {
        tests.push(literal(from));
        continue;
      }
      if (to === '\\' || to < from) return fail(`the range ${from}-${to} is not understood`);
      position += 2;
      tests.push(inRange(from, to, ignoreCase));
    }
    position += 1;
    return { kind: 'character', test: (found) => tests.some((test) => test(found)) !== negated };
  };

  if (pattern.startsWith('(?i)')) {
    ignoreCase = true;
    position = 4;
  }
  const node = parseChoice();
  if (error === undefined && position < characters.length) error = 'a ) has no ( before it';
  return error === undefined ? { node } : { error };
}

function inRange(from: string, to: string, ignoreCase: boolean): Test {
  const within = (character: string) => character >= from && character <= to;
  return ignoreCase
    ? (character) => within(character) || within(character.toLowerCase()) || within(character.toUpperCase())
    : within;
}
